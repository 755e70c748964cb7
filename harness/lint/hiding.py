"""Rules about what hides that a test hangs on timing."""

from __future__ import annotations

import ast
from typing import Final

from harness.lint.finding import Found, Rule
from harness.lint.reading import Test, dotted, name_of

RETRIES: Final = ("flaky", "retry", "repeat_until_pass", "rerun")


def retried(test: Test) -> Found:
    for decorator in test.function.decorator_list:
        name = dotted(decorator)
        if name.rpartition(".")[2] in RETRIES and not expects_none(decorator):
            yield decorator, "tried again until it passes: what it found the first time is never told"


def expects_none(decorator: ast.expr) -> bool:
    """Whether it is told to try just once."""
    return isinstance(decorator, ast.Call) and any(
        keyword.arg in ("reruns", "max_runs")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value in (0, 1)
        for keyword in decorator.keywords
    )


def tries_again(test: Test) -> Found:
    for node in test.nodes:
        if isinstance(node, ast.For | ast.While):
            for one in ast.walk(node):
                if (
                    isinstance(one, ast.Try)
                    and swallows(one)
                    and any(isinstance(part, ast.Assert) for part in inside(one))
                ):
                    yield one, "an assertion that is tried until it holds: it passes whatever was seen before"


def swallows(node: ast.Try) -> bool:
    return any(
        catches(handler) and not any(isinstance(part, ast.Raise) for part in ast.walk(handler))
        for handler in node.handlers
    )


def catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(name_of(one) in ("AssertionError", "Exception", "BaseException") for one in named)


def inside(node: ast.Try) -> list[ast.AST]:
    return [part for one in node.body for part in ast.walk(one)]


def swallowed(test: Test) -> Found:
    loops = [node for node in test.nodes if isinstance(node, ast.For | ast.While)]
    for node in test.nodes:
        if not isinstance(node, ast.Try) or any(node is part for loop in loops for part in ast.walk(loop)):
            continue
        for handler in node.handlers:
            only = all(isinstance(one, ast.Pass) for one in handler.body)
            claimed = any(isinstance(part, ast.Assert) for part in inside(node))
            if only and claimed and handler.type is not None and name_of(handler.type) == "AssertionError":
                yield handler, "a failed assertion that counts as none"


RULES: Final = (
    Rule(
        code="MH401",
        name="retried-test",
        what="A test that is run again until it passes.",
        remedy="`harness trace` shows what it hangs on; then wait for that.",
        find=retried,
    ),
    Rule(
        code="MH402",
        name="retried-assertion",
        what="An assertion in a loop that swallows its failures.",
        remedy="`flow.expect(…)`: it waits, and tells what was seen meanwhile.",
        find=tries_again,
    ),
    Rule(
        code="MH403",
        name="swallowed-assertion",
        what="A failed assertion that is passed over.",
        remedy="Let it fail; what may be so or so is no claim.",
        find=swallowed,
    ),
)
