"""Where a test failed, and what it compared there: its statement, the words and numbers of both sides, and when."""

from __future__ import annotations

import ast
import builtins
import linecache
import re
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

NEGATIVE: Final = frozenset({"!=", "not in", "is not"})
QUOTED: Final = re.compile(r"'([^'\n]{1,80})'|\"([^\"\n]{1,80})\"")
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MOST_TEXT: Final = 10_000
"""Characters of an error's message that are read for words."""
MOST_PARTS: Final = 200
"""Parts of a compared value that are looked at."""
LONGEST: Final = 100
"""Characters of a statement that are told."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The two sides of a comparison that was false, and when: Unix seconds, and the events recorded by then."""

    at: float
    known: int
    op: str
    left: object
    right: object


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How a test failed: in which frame and line, with what message, at which time and place of the record."""

    test: str
    frame: FrameType
    line: int
    message: str
    at: float
    known: int
    compared: Compared | None = None

    @property
    def where(self) -> str:
        return f"{Path(self.frame.f_code.co_filename).name}:{self.line}"

    @property
    def local(self) -> Mapping[str, Any]:
        """What the names meant in the frame that failed."""
        return {**self.frame.f_locals}

    @cached_property
    def tree(self) -> ast.stmt | None:
        """The statement that failed; of one that holds others, as much of it as stands before them."""
        return statement_at(self.frame.f_code.co_filename, self.line)

    @cached_property
    def statement(self) -> str:
        """The statement's text, on one line and not too long."""
        source = "".join(linecache.getlines(self._place[0]))
        text = (self.tree and ast.get_source_segment(source, self.tree)) or linecache.getline(*self._place)
        text = " ".join(text.split())
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    @property
    def _place(self) -> tuple[str, int]:
        return self.frame.f_code.co_filename, self.line

    @cached_property
    def names(self) -> frozenset[str]:
        """The words in the statement's identifiers and keys, in small letters: `openCalls` and `open_calls` are two."""
        found = identifiers(self.tree) if self.tree is not None else ()
        return frozenset(word.lower() for name in found for word in WORD.findall(name))

    @cached_property
    def wanted(self) -> list[object]:
        """The words and numbers of the side that says what should be; none where nothing was compared."""
        return parts(self._sides[1])

    @cached_property
    def seen(self) -> list[object]:
        """The words and numbers of the side that was looked at."""
        return parts(self._sides[0])

    @cached_property
    def _sides(self) -> tuple[object, object]:
        """What was seen, and what was wanted."""
        if self.compared is None:
            return (), ()
        left, right = self.compared.left, self.compared.right
        one = self.comparison
        turned = one is not None and written(one.left) and not written(one.comparators[0])
        return (right, left) if turned else (left, right)

    @cached_property
    def comparison(self) -> ast.Compare | None:
        """The comparison of the statement, where it has only one."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Compare)] if self.tree else []
        return found[0] if len(found) == 1 else None

    @property
    def may_be_turned(self) -> bool:
        """Whether what was wanted may stand on the left, behind a name."""
        one = self.comparison
        return one is not None and isinstance(one.left, ast.Name) and not written(one.comparators[0])

    @property
    def of_two_looks(self) -> bool:
        """Whether both sides were looked at, so that neither says what should be."""
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, ast.Compare)] if self.tree else []
        return self.compared is not None and any(looks(one.left) and looks(one.comparators[0]) for one in nodes)

    @property
    def negative(self) -> bool:
        """Whether it should not have been: `!=`, `not in`, `assert not …`, or none of them; `is not None` is none."""
        if self.compared is not None:
            nothing = empty(self._sides[1])
            if self.compared.op in NEGATIVE:
                return not nothing
            return self.compared.op in {"==", "is"} and nothing
        test = self.tree.test if isinstance(self.tree, ast.Assert) else None
        return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)

    @cached_property
    def mentioned(self) -> list[str]:
        """Words in the statement, the message and, last, the function: what was wanted, where nothing was compared."""
        said = [a or b for a, b in QUOTED.findall(self.message[:MOST_TEXT])]
        bare = re.findall(r"[A-Za-z_]{3,40}", self.message[:MOST_TEXT])
        inside = (
            [str(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Constant)] if self.tree else []
        )
        constants = [value for value in constants_of(self.frame.f_code) if isinstance(value, str | tuple)]
        return [*inside, *said, *bare, *(word for word in parts(constants) if isinstance(word, str))]


def compares(filename: str, line: int) -> bool:
    """Whether a line of a file compares anything: one that doesn't has failed by no comparison."""
    found = statement_at(filename, line)
    return found is not None and any(isinstance(node, ast.Compare) for node in ast.walk(found))


def statement_at(filename: str, line: int) -> ast.stmt | None:
    """The innermost statement on a line of a file; None where the file can't be read as Python."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError, RecursionError):
        return None
    on_line = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    # of several that stand on that one line: the innermost, the last
    found = max(
        on_line, key=lambda node: (node.lineno, -(node.end_lineno or node.lineno), node.col_offset), default=None
    )
    if found is None or not isinstance(found, ast.While | ast.If | ast.For | ast.With | ast.AsyncWith | ast.AsyncFor):
        return found
    head = found.test if isinstance(found, ast.While | ast.If) else None
    if isinstance(found, ast.For | ast.AsyncFor):
        head = found.iter
    return ast.copy_location(ast.Expr(head), found) if head is not None else None


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Names, attributes and the texts that a statement uses as keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if not hasattr(builtins, node.id):
                yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            yield str(node.slice.value)
        elif isinstance(node, ast.Call):
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def constants_of(code: CodeType) -> Iterator[object]:
    """What a function and those inside of it write down."""
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from constants_of(value)
        else:
            yield value


def looks(node: ast.expr) -> bool:
    """Whether an expression asks something of anything: it calls what it takes no constant alone for."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            plain = isinstance(one.func, ast.Name) and (hasattr(builtins, one.func.id) or all(map(written, one.args)))
            if not plain:
                return True
    return False


def empty(value: object) -> bool:
    """Whether a value says that there is nothing."""
    return value is None or (isinstance(value, int | float | Sized) and not value)


def written(node: ast.expr) -> bool:
    """Whether an expression is a value that the test itself writes down: a constant, several, or an enum's member."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(map(written, node.elts))
    if isinstance(node, ast.Dict):
        return all(map(written, node.values))
    if isinstance(node, ast.Attribute):
        names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        return bool(names) and names[0][:1].isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def parts(value: object) -> list[object]:
    """The words and numbers that a value consists of, as far as `MOST_PARTS` reaches; of bytes, their text."""
    found: list[object] = []
    left = [value]
    while left and len(found) < MOST_PARTS:
        one = left.pop(0)
        if isinstance(one, Enum):
            left[:0] = [one.value, one.name]
        elif isinstance(one, bytes):
            found.append(one[:LONGEST].decode("utf-8", "replace"))
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            found.append(one)
        elif isinstance(one, Mapping):
            left[:0] = list(flat(one.items()))[:MOST_PARTS]
        elif isinstance(one, list | tuple | set | frozenset):
            left[:0] = list(one)[:MOST_PARTS]
    return found


def flat(pairs: Iterable[tuple[object, object]]) -> Iterator[object]:
    for pair in pairs:
        yield from pair
