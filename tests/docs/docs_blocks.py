"""The fenced blocks of a page, and what the comment above each says of how it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FENCE: Final = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
TITLE: Final = re.compile(r'\btitle="([^"]+)"')
COMMENT: Final = re.compile(r"^ *<!-- (.+) -->$")
REASONS: Final = (
    "runs this test itself",
    "a drawing",
    "needs a container engine",
    "needs a package registry",
    "figures of one machine",
    "somebody else's host",
)
"""Why a block may stand there that no test runs; the rest of the comment says more."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block; `line` is where its text begins, `notes` what the comments directly above it say."""

    page: Path
    line: int
    language: str
    text: str
    title: str | None = None
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line} ({self.language or 'no language'})"

    def note(self, begin: str) -> str | None:
        """What a comment says after `begin`; None where there is no such comment."""
        return next((one.removeprefix(begin).strip() for one in self.notes if one.startswith(begin)), None)


def pages() -> list[Path]:
    """README.md and every page of the site."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, from top to bottom; raises ValueError for a fence that isn't closed."""
    return list(fenced(page))


def fenced(page: Path) -> Iterator[Block]:
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opened = FENCE.match(lines[number])
        if opened is None:
            number += 1
            continue
        begin = number + 1
        end = next((n for n in range(begin, len(lines)) if lines[n].strip() == opened["marks"]), None)
        if end is None:
            raise ValueError(f"{page}:{number + 1}: this fence isn't closed")
        indent = len(opened["indent"])
        info = opened["info"].strip()
        title = TITLE.search(info)
        yield Block(
            page=page,
            line=begin + 1,
            language=info.split(" ")[0],
            text="".join(line[indent:] + "\n" for line in lines[begin:end]),
            title=title[1] if title else None,
            notes=tuple(notes(lines[:number])),
        )
        number = end + 1


def notes(above: list[str]) -> Iterator[str]:
    for line in reversed(above):
        found = COMMENT.match(line)
        if found is None:
            return
        yield found[1]


def indented(page: Path) -> list[int]:
    """The lines at which a block of code begins that is only indented: no test sees what kind it is."""
    found, inside, listed = [], False, False
    lines = ["", *page.read_text(encoding="utf-8").splitlines()]
    for number, (before, line) in enumerate(pairwise(lines), start=1):
        if FENCE.match(line):
            inside = not inside
        if line.strip() and not line.startswith(" "):
            listed = bool(re.match(r"[-*] |\d+\. ", line))
        if not inside and not listed and not before.strip() and line.startswith("    "):
            found.append(number)
    return found
