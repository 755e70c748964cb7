"""Rules about time that is let pass, measured or polled."""

from __future__ import annotations

import ast
from typing import Final

from harness.lint.finding import Found, Rule
from harness.lint.reading import Test, argument, dotted, line_of, name_of, number

CLOCKS: Final = ("time.time", "datetime.now", "datetime.utcnow", "datetime.datetime.now", "datetime.datetime.utcnow")
STOPWATCHES: Final = ("time.monotonic", "time.perf_counter", "time.process_time", *CLOCKS)


def sleeps_then_asserts(test: Test) -> Found:
    for call in test.sleeps:
        if not in_loop(test, call) and any(line_of(claim) > call.lineno for claim in test.claims):
            yield call, "a fixed sleep, and then an assertion: too short on a slow machine, too long on every other"


def in_loop(test: Test, node: ast.AST) -> bool:
    return loop_around(test, node) is not None


def loop_around(test: Test, node: ast.AST) -> ast.While | ast.For | ast.AsyncFor | None:
    """The innermost loop of a test that a node is in."""
    found = None
    for one in test.nodes:
        if isinstance(one, ast.While | ast.For | ast.AsyncFor) and any(node is part for part in ast.walk(one)):
            found = one
    return found


def polls(test: Test) -> Found:
    for call in test.sleeps:
        loop = loop_around(test, call)
        if loop is not None and (isinstance(loop, ast.While) or ends_early(loop)):
            yield loop, "a polling loop of its own: it looks at moments, and sees nothing of what was in between"


def ends_early(loop: ast.AST) -> bool:
    return any(isinstance(node, ast.Break | ast.Return) for node in ast.walk(loop))


def blocks_its_loop(test: Test) -> Found:
    if isinstance(test.function, ast.AsyncFunctionDef):
        for call in test.sleeps:
            if test.full(call) == "time.sleep":
                yield call, "time.sleep in a coroutine stops the loop: nothing that it waits for can happen meanwhile"


def wall_clock(test: Test) -> Found:
    for node in test.nodes:
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub) or not isinstance(node.left, ast.Call):
            continue
        if test.full(node.left) in CLOCKS and not node.left.args and came_from(test, node.right, CLOCKS):
            yield node, "a duration by the wall clock, which is set back and forth: time.monotonic()"


def came_from(test: Test, node: ast.expr, makers: tuple[str, ...]) -> bool:
    """Whether a value was made by one of these calls in this test."""
    if isinstance(node, ast.Call):
        return test.full(node) in makers
    return isinstance(node, ast.Name) and test.kinds.get(node.id) in makers


def asserts_speed(test: Test) -> Found:
    for claim in test.claims:
        if not isinstance(claim, ast.Assert) or not isinstance(claim.test, ast.Compare):
            continue
        compare = claim.test
        bounded = (
            any(isinstance(op, ast.Lt | ast.LtE) for op in compare.ops) and number(compare.comparators[-1]) is not None
        )
        if bounded and is_duration(test, compare.left):
            yield claim, "how fast it was is asserted: that says as much of the machine as of the code"


def is_duration(test: Test, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        return isinstance(node.left, ast.Call) and test.full(node.left) in STOPWATCHES
    if isinstance(node, ast.Name):
        return any(
            isinstance(made, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == node.id for target in made.targets)
            and isinstance(made.value, ast.BinOp)
            and is_duration(test, made.value)
            for made in test.nodes
        )
    return False


def tight_deadline(test: Test) -> Found:
    for call in test.calls:
        found = deadline_of(test, call)
        if found is not None and 0 < found < 1 and must_come(test, call):
            yield call, f"a deadline of {found:g} s for something that has to come: a busy machine takes longer"


def deadline_of(test: Test, call: ast.Call) -> float | None:
    full, name = test.full(call), name_of(call)
    if full in ("asyncio.wait_for", "anyio.fail_after", "asyncio.timeout"):
        return number(argument(call, "timeout", 1 if full == "asyncio.wait_for" else 0))
    owner = dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    kind = test.kinds.get(owner, "").rpartition(".")[2]
    if (name, kind) in (("wait", "Event"), ("get", "Queue"), ("join", "Thread"), ("result", "submit")):
        return number(argument(call, "timeout", 0))
    return None


def must_come(test: Test, call: ast.Call) -> bool:
    """Whether its coming is asserted, and not that it doesn't come."""
    for claim in test.claims:
        if isinstance(claim, ast.Assert) and any(call is node for node in ast.walk(claim)):
            return not isinstance(claim.test, ast.UnaryOp)
    return test.full(call) == "asyncio.wait_for" and not in_raises(test, call)


def in_raises(test: Test, call: ast.Call) -> bool:
    """Whether it is expected to run out of time, or to fail."""
    around = [node for node in test.nodes if any(call is part for part in ast.walk(node))]
    items = [
        dotted(item.context_expr)
        for node in around
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
    ]
    tried = [one for node in around if isinstance(node, ast.Try) for one in node.body]
    return any("raises" in name.lower() or "suppress" in name for name in items) or any(
        call is part for one in tried for part in ast.walk(one)
    )


RULES: Final = (
    Rule(
        code="MH101",
        name="sleep-then-assert",
        what="A fixed sleep before an assertion.",
        remedy='Wait for what is asserted: `flow.expect(status("sent"))` ends when the row says so.',
        find=sleeps_then_asserts,
    ),
    Rule(
        code="MH102",
        name="own-polling",
        what="A polling loop of the test's own.",
        remedy="`flow.expect(…)`: it wakes with each event, misses none, and ends when it can't come any more.",
        find=polls,
    ),
    Rule(
        code="MH103",
        name="blocking-sleep",
        what="`time.sleep` in a coroutine.",
        remedy="Await what is to happen: an `asyncio.Event`, a task, `flow.expect` in a thread of its own.",
        find=blocks_its_loop,
    ),
    Rule(
        code="MH104",
        name="wall-clock",
        what="A duration by the wall clock.",
        remedy="`time.monotonic()`, which only goes forward; the harness gives each event its `seen`.",
        find=wall_clock,
    ),
    Rule(
        code="MH105",
        name="asserted-speed",
        what="An upper bound for how long something took.",
        remedy="Measure in a benchmark, as a ratio within one run; in a test assert the order of events.",
        find=asserts_speed,
    ),
    Rule(
        code="MH106",
        name="tight-deadline",
        what="A deadline below one second for what has to come, without a scale.",
        remedy="`within=` in seconds that hurt nobody: the wait ends with the event; `--time-scale` for slow machines.",
        find=tight_deadline,
    ),
)
