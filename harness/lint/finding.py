"""What a rule is, and what it finds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.lint.reading import Test


@dataclass(frozen=True, order=True)
class Finding:
    """One place in a test that hangs on timing; `fix` is what may stand there instead, where that is safe."""

    line: int
    column: int
    code: str
    message: str
    fix: Fix | None = None


@dataclass(frozen=True, order=True)
class Fix:
    """Text that replaces what stands between two places of a file; lines from 1, columns from 0, in characters."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


Found = Iterator[tuple[ast.AST, str] | tuple[ast.AST, str, Fix]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One mistake: `what` is wrong, `remedy` what to write instead; examples of both stand in `docs/lint.md`.

    `find` yields the nodes of one test that are wrong, each with what is said of it.
    """

    code: str
    name: str
    what: str
    remedy: str
    find: Callable[[Test], Found]


def replacing(node: ast.expr, text: str) -> Fix:
    """The fix that puts `text` where an expression stands."""
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Fix(node.lineno, node.col_offset, end_line, end_column, text)
