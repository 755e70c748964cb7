"""Rules about one look at something that goes on elsewhere."""

from __future__ import annotations

import ast
from typing import Final

from harness.lint.finding import Found, Rule
from harness.lint.reading import Test, dotted, line_of, name_of, number

MOVING: Final = frozenset(
    {
        *("pending", "queued", "accepted", "scheduled", "sending", "sent", "delivered", "undelivered", "failed"),
        *("processing", "processed", "in_progress", "running", "started", "done", "completed", "finished", "success"),
    }
)
"""Words for states that something goes through by itself."""
STATES: Final = ("status", "state")
COUNTS: Final = ("xlen", "llen", "zcard", "scard", "qsize", "xpending")
HANDED_OVER: Final = ("delay", "apply_async", "send_task", "kiq", "post")
"""Sends after which a worker that isn't the test's own takes the work."""
CALLED: Final = (
    "assert_called",
    "assert_called_once",
    "assert_called_with",
    "assert_called_once_with",
    "assert_any_call",
)
NOT_CALLED: Final = ("assert_not_called",)


def one_look(test: Test) -> Found:
    for claim in test.claims:
        if isinstance(claim, ast.Assert) and isinstance(claim.test, ast.Compare) and is_state(claim.test):
            before = [call for call in test.sends if call.lineno < claim.lineno]
            look = made_by(test, claim.test.left)
            answer = look is not None and look in before  # what the send itself answered doesn't move
            if before and not answer and not test.waits_between(before[-1].lineno, claim.lineno):
                yield claim, "one look at a state that moves by itself: whoever is faster decides"


def is_state(compare: ast.Compare) -> bool:
    """Whether a status is compared with a word for one."""
    right = compare.comparators[0]
    words = [right] if isinstance(right, ast.Constant) else [*getattr(right, "elts", ())]
    said = [word.value for word in words if isinstance(word, ast.Constant)]
    known = bool(said) and all(isinstance(one, str) and one.lower() in MOVING for one in said)
    return known and isinstance(compare.ops[0], ast.Eq | ast.NotEq | ast.In) and last_name(compare.left) in STATES


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def made_by(test: Test, node: ast.expr) -> ast.Call | None:
    """The call that made the value which a look is at: of `answer.json()["status"]` the one that gave `answer`."""
    inner: ast.AST = node
    while isinstance(inner, ast.Subscript | ast.Attribute | ast.Call):
        if isinstance(inner, ast.Call) and inner in test.sends:
            return inner
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    if not isinstance(inner, ast.Name):
        return None
    for made in reversed(test.nodes):
        if isinstance(made, ast.Assign) and line_of(made) < line_of(node) and assigns(made, inner.id):
            value = made.value.value if isinstance(made.value, ast.Await) else made.value
            if isinstance(value, ast.Call) and value in test.sends:
                return value
            return made_by(test, value) if not same_name(value, inner.id) else None
    return None


def assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def same_name(value: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(value))


def counts(test: Test) -> Found:
    for claim in test.claims:
        if not isinstance(claim, ast.Assert) or not isinstance(claim.test, ast.Compare):
            continue
        for node in ast.walk(claim.test.left):
            if isinstance(node, ast.Call) and name_of(node) in COUNTS and number(claim.test.comparators[0]) is not None:
                before = [call for call in test.sends if call.lineno < claim.lineno]
                if any(name_of(call) in HANDED_OVER for call in before) and not eager(test):
                    yield claim, f"{name_of(node)} counts what others put there, and take away, at any moment"


def mock_too_early(test: Test) -> Found:
    for call, before in mocks(test, CALLED):
        yield call, f"asked right after {name_of(before)}: whoever calls it may not have come to that yet"


def negative_too_early(test: Test) -> Found:
    for call, before in mocks(test, NOT_CALLED):
        yield call, f"right after {name_of(before)} nothing can have come yet: it passes whatever comes later"


def mocks(test: Test, names: tuple[str, ...]) -> list[tuple[ast.Call, ast.Call]]:
    """Questions of these names to mocks, each with the send just before it, and no wait in between."""
    found = []
    for call in test.calls:
        if name_of(call) not in names or not isinstance(call.func, ast.Attribute):
            continue
        about = dotted(call.func.value).rpartition(".")[2]
        if about in ("delay", "apply_async", "send_task", "enqueue", "publish", "xadd", "kiq"):
            continue  # the hand-over itself, which is done when its call returns
        before = [send for send in test.sends if send.lineno < call.lineno]
        if before and truly_sent(before[-1]) and at_once(test, before[-1], call) and not eager(test):
            found.append((call, before[-1]))
    return found


def at_once(test: Test, send: ast.Call, question: ast.Call) -> bool:
    """Whether nothing but other questions comes between the two: whatever else is called may be who does the work."""
    own = {*ast.walk(send), *ast.walk(question)}
    between = [call for call in test.calls if send.lineno < call.lineno <= question.lineno and call not in own]
    return all(name_of(call).startswith("assert") for call in between)


def eager(test: Test) -> bool:
    """Whether what is sent is done at once, in this very process, as the test says itself."""
    said = [keyword for call in test.calls for keyword in call.keywords]
    return any(
        isinstance(one.value, ast.Constant)
        and (one.arg, one.value.value) in (("is_async", False), ("task_always_eager", True))
        for one in said
    )


def truly_sent(send: ast.Call) -> bool:
    """Whether it hands over to another process: a test client answers when all is done, a mock hands over nothing."""
    owner = dotted(send.func.value) if isinstance(send.func, ast.Attribute) else ""
    return name_of(send) != "post" and "mock" not in owner.lower()


RULES: Final = (
    Rule(
        code="MH201",
        name="one-look",
        what="One look at a state that moves by itself, after a send.",
        remedy='`flow.expect(status("sent"))` waits; `with stack.worker.held():` lets an earlier state last.',
        find=one_look,
    ),
    Rule(
        code="MH202",
        name="shared-count",
        what="A count of a queue that others share.",
        remedy="Ask for your own: `flow.expect(queued())`, by a token that nobody else has.",
        find=counts,
    ),
    Rule(
        code="MH203",
        name="mock-too-early",
        what="A mock that is asked right after an asynchronous send whether it was called.",
        remedy="`flow.expect(provider_called())`: the mock providers tell when the call comes.",
        find=mock_too_early,
    ),
    Rule(
        code="MH204",
        name="negative-too-early",
        what="`assert_not_called` right after an asynchronous send.",
        remedy="`flow.expect_none(provider_called())`: it is judged at rest, when nothing more can come.",
        find=negative_too_early,
    ),
)
