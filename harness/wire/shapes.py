"""What a statement is when its values are left out: the same work on another message has the same shape."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 2000
"""Letters of a statement of which its shape is made."""
# values and comments, whichever begins first; no alternative is tried twice at a place: linear
BESIDE = re.compile(r"(?P<comment>/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|--[^\n]*)|'[^']*(?:'|\Z)|(?<![\w$])\$?\d[\w.]*")
SEVERAL = re.compile(r"\?(?:\s*,\s*\?)+")
TUPLES = re.compile(r"\(\?\)(?:\s*,\s*\(\?\))+")
WORD = re.compile(r"[a-z]+")
CHANGES: Final = ("insert", "update", "delete", "merge")
ENDS: Final = frozenset({"commit", "end", "rollback", "abort"})
BOOKKEEPING: Final = frozenset(
    {"begin", "start", "savepoint", "release", "set", "show", "reset", "discard", "deallocate"}
)
"""What frames other statements, and does nothing by itself."""


def bare(text: str) -> str:
    """A statement without comments, and with `?` for each value."""
    return BESIDE.sub(lambda found: " " if found["comment"] else "?", text[:LONGEST])


def shape_of(text: str) -> str:
    """A statement in one line, without comments, with one `?` for a value, or for several of them."""
    short = " ".join(bare(text).split())
    while "??" in short:
        short = short.replace("??", "?")  # a literal with quotes in it is two that touch
    return TUPLES.sub("(?)", SEVERAL.sub("?", short)).rstrip("; ")


def kind_of(text: str) -> str:
    """What a statement does, in one small word: the first that it says, of a `WITH` the first change in it."""
    words = WORD.findall(bare(text).lower())
    if not words:
        return ""
    return next((word for word in words if word in CHANGES), "select") if words[0] == "with" else str(words[0])
