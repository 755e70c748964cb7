"""The tree of a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Path:
    """A name that is looked up: `a.b`, `../a`, `this`, `@index`."""

    text: str
    parts: tuple[str, ...]
    up: int = 0
    data: bool = False
    plain: bool = False
    """One name and nothing else, which may be a helper's."""


@dataclass(slots=True)
class Literal:
    """A string, number, boolean or nothing, as it stands in the template."""

    value: Any
    text: str


@dataclass(slots=True)
class Call:
    """A name with what is given to it; without anything given, a value or a helper."""

    name: Path
    given: tuple[Expression, ...]
    options: dict[str, Expression]
    line: int

    @property
    def bare(self) -> bool:
        return not self.given and not self.options


Expression = Path | Literal | Call


@dataclass(slots=True)
class Text:
    """What stands between tags; `shown` is what is left of it after the tags took their white space."""

    original: str
    shown: str = ""
    cut_left: bool = False
    cut_right: bool = False

    def __post_init__(self) -> None:
        self.shown = self.original


@dataclass(slots=True)
class Comment:
    """Shows nothing, and takes its line with it where it stands alone."""

    trims: tuple[bool, bool]


@dataclass(slots=True)
class Value:
    """`{{a}}`, or unescaped `{{{a}}}`."""

    call: Call
    escaped: bool
    trims: tuple[bool, bool]


@dataclass(slots=True)
class Block:
    """`{{#a}}…{{else}}…{{/a}}`; an `{{else b}}` is a block of its own, in `following`.

    Each tag has a pair of flags: whether a `~` takes the white space before and after it.
    """

    call: Call
    names: tuple[str, ...]
    opens: tuple[bool, bool]
    inverted: bool = False
    main: list[Node] = field(default_factory=list)
    other: list[Node] | None = None
    following: Block | None = None
    divides: tuple[bool, bool] = (False, False)
    closes: tuple[bool, bool] = (False, False)


Node = Text | Comment | Value | Block
