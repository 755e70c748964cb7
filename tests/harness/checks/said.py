"""What the checks say, in full: every verdict of a test with its reason and the events that witness it, as a page.

`said/NAME.txt` holds the verdicts of `test_NAME.py`. A test asserts of its verdict what it is about; the page beside it
holds all the words, so that a witness that is exchanged for another, or half a reason that is lost, is noticed too.
A page is meant to be read when it changes: SAID=renew pytest tests/harness/checks writes what is said now.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from histories import START

from harness.checks import Verdict
from harness.history import Event

PAGES = Path(__file__).parent / "said"
RENEWED = os.environ.get("SAID") == "renew"


def told(verdict: Verdict) -> str:
    """A verdict in full, as it stands on a page."""
    lines = [f"{verdict.outcome}: {verdict.reason}"]
    if verdict.witnesses:
        lines.append(f"  witnesses: {', '.join(map(dated, verdict.witnesses))}")
    lines += [f"  also: {reason}" for reason in verdict.also]
    if verdict.absent:
        lines.append(f"  rests on the absence of: {', '.join(verdict.absent)}")
    if verdict.remedy:
        lines.append(f"  to know: {verdict.remedy}")
    return "\n".join(line.replace("\n", " ") for line in lines)


def dated(event: Event) -> str:
    """An event as a witness: its kind, with its milliseconds after the start."""
    return f"{event.kind} {round((event.at - START) * 1000, 3):g}"


class Page:
    """The verdicts of the tests of one file, by test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        blocks = (block.partition("\n") for block in text.split("\n\n## ")[1:])
        self.known = {name.strip(): said.strip() for name, _, said in blocks}

    def renew(self, now: dict[str, str], tests: Iterable[str]) -> None:
        """Writes what is said now; what tests said that are no longer there is dropped."""
        kept = {name: said for name, said in {**self.known, **now}.items() if name in set(tests)}
        head = f"What each check says in {self.path.stem}.py; `said.py` tells how to renew it."
        blocks = (f"\n\n## {name}\n{said}" for name, said in kept.items())
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(head + "".join(blocks) + "\n", encoding="utf-8")
