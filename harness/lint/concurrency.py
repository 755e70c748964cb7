"""Rules about things that go on at once: their order, their ends, and what they share."""

from __future__ import annotations

import ast
from typing import Final

from harness.lint.finding import Found, Rule, replacing
from harness.lint.reading import Test, argument, dotted, name_of, number

UNORDERED: Final = ("as_completed", "imap_unordered")
FOREVER: Final = {"xread": "block", "xreadgroup": "block", "blpop": "timeout", "brpop": "timeout", "blmove": "timeout"}
WIPES: Final = ("flushall", "flushdb")


def ordered_results(test: Test) -> Found:
    for claim in test.claims:
        if isinstance(claim, ast.Assert) and isinstance(claim.test, ast.Compare):
            compare = claim.test
            if isinstance(compare.ops[0], ast.Eq) and from_unordered(compare.left) and is_long(compare.comparators[0]):
                message = "the order of things that end as they like"
                if isinstance(compare.left, ast.ListComp) and len(compare.ops) == 1:
                    both = f"sorted({ast.unparse(compare.left)}) == sorted({ast.unparse(compare.comparators[0])})"
                    yield claim, message, replacing(compare, both)
                else:
                    yield claim, message


def from_unordered(node: ast.expr) -> bool:
    made = node.generators[0].iter if isinstance(node, ast.ListComp | ast.GeneratorExp) else node
    if isinstance(made, ast.Call) and name_of(made) == "list" and made.args:
        made = made.args[0]
    return isinstance(made, ast.Call) and name_of(made) in UNORDERED


def is_long(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1


def without_deadline(test: Test) -> Found:
    for call in test.calls:
        name, owner = name_of(call), dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        wait = FOREVER.get(name)
        if wait is not None and number(argument(call, wait)) == 0:
            yield call, f"{name} with {wait}=0 waits for ever: a test that fails so says nothing"
        kind = test.kinds.get(owner, "")
        bare = not call.args and not call.keywords
        if bare and (name, kind) in (
            ("wait", "threading.Event"),
            ("join", "threading.Thread"),
            ("get", "queue.Queue"),
            ("join", "multiprocessing.Process"),
            ("wait", "subprocess.Popen"),
        ):
            yield call, f"{owner}.{name}() waits for ever: a test that fails so says nothing"


def left_running(test: Test) -> Found:
    for node in test.nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if test.full(call) in ("asyncio.create_task", "asyncio.ensure_future") and test.claims:
                yield call, "a task that nobody keeps or awaits: it may be collected, and its error is nobody's"
            made = call.func.value if isinstance(call.func, ast.Attribute) else None
            thread = name_of(call) == "start" and isinstance(made, ast.Call) and test.full(made) == "threading.Thread"
            if thread and isinstance(made, ast.Call) and not is_daemon_by_choice(made):
                yield call, "a thread that nobody joins: it goes on into the next test"


def is_daemon_by_choice(made: ast.Call) -> bool:
    value = argument(made, "daemon")
    return isinstance(value, ast.Constant) and value.value is True


def wipes_all(test: Test) -> Found:
    for call in test.calls:
        if name_of(call) in WIPES and isinstance(call.func, ast.Attribute):
            yield call, f"{name_of(call)} takes away what other tests, and their workers, have there at the moment"
        elif name_of(call) == "execute" and call.args and takes_all(text_of(call.args[0])):
            yield call, "all rows of a table go, also those that other tests wait for"


def takes_all(statement: str) -> bool:
    """Whether a statement takes all rows of a table away: a TRUNCATE, or a DELETE without a condition."""
    words = statement.lower().rstrip("; \n").split()
    return words[:1] == ["truncate"] or (words[:2] == ["delete", "from"] and len(words) == 3)


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and name_of(node) == "text" and node.args:
        return text_of(node.args[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


RULES: Final = (
    Rule(
        code="MH301",
        name="concurrent-order",
        what="An assertion on the order of things that go on at once.",
        remedy="Compare them sorted, or as sets; an order that matters is made by a gate: `stack.gates.close(…)`.",
        find=ordered_results,
    ),
    Rule(
        code="MH302",
        name="no-deadline",
        what="A wait without a deadline.",
        remedy="Give it one; the harness's own waits have `[waits] within`, and say what was missing when it passes.",
        find=without_deadline,
    ),
    Rule(
        code="MH303",
        name="left-running",
        what="A task or thread that outlives its test.",
        remedy="Keep it, and await or join it; or a task group.",
        find=left_running,
    ),
    Rule(
        code="MH304",
        name="wipes-all",
        what="A test that empties what others share.",
        remedy="Send with a token of your own, and ask for that; leave what others have where it is.",
        find=wipes_all,
    ),
)
