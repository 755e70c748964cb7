"""Whether an output is what a page shows: the same lines in the same order, whatever numbers and ids stand in them."""

from __future__ import annotations

import re
from typing import Final

CHANGING: Final = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"#h[0-9a-z]{10}\b"), "TOKEN"),
    (re.compile(r"\b(AC|SM|MM|MG)[0-9a-f]{32}\b"), "SID"),
    (re.compile(r"[━─]+"), "─"),
    (re.compile(r"[+-]?\d[\d,]*(\.\d+)?"), "0"),
    (re.compile(r"\s+"), " "),
)
"""What differs from run to run, and what stands in its place when two lines are compared."""


def missing(shown: str, said: str) -> str | None:
    """The first line that is shown and wasn't said after those before it; None where all were.

    `…` in a line stands for anything, a line of it alone for any lines.
    """
    left = [plain(line) for line in said.splitlines()]
    for line in shown.splitlines():
        wanted = plain(line)
        if wanted in ("", "…"):
            continue
        pattern = re.compile(".*".join(re.escape(part.strip()) for part in wanted.split("…")))
        place = next((n for n, other in enumerate(left) if pattern.fullmatch(other)), None)
        if place is None:
            return line
        left = left[place + 1 :]
    return None


def plain(line: str) -> str:
    for pattern, stead in CHANGING:
        line = pattern.sub(stead, line)
    return line.strip()
