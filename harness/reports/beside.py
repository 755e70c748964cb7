"""Two messages side by side in the terminal, from the send to the first difference."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reports.comparing import Comparison, Pair
from harness.reports.console import terminal
from harness.reports.lanes import Row
from harness.reports.trace import COLOURS

AFTER: Final = 4
"""Stages that are shown after the first difference."""
MARKS: Final = {"": " ", "only one": "≠", "other": "≠", "order": "↕"}


def show(found: Comparison, *, console: Console | None = None) -> None:
    """Prints both messages, a line a stage, the first difference marked; what comes long after it is counted."""
    console = console or terminal()
    end = len(found.pairs) if found.first is None else found.first + AFTER + 1
    grid = Table(show_edge=False, pad_edge=False, header_style="bold", box=None, padding=(0, 1, 0, 0))
    grid.add_column("", no_wrap=True, width=1)
    for name in (found.left, found.right):
        grid.add_column("ms", justify="right", no_wrap=True, width=9)
        grid.add_column(Text(name), overflow="fold", ratio=1)
    grid.expand = True
    for place, pair in enumerate(found.pairs[:end]):
        grid.add_row(*cells(pair, first=place == found.first))
    console.print(grid)
    console.print(Text(found.said, style="bold green" if found.first is None else "bold yellow"), soft_wrap=True)
    notes = ["ms: after the send", "≠ differs", "↕ comes in another order"]
    left_out = len(found.pairs) - end
    notes += [f"{left_out} stages after it aren't shown"] if left_out > 0 else []
    console.print(Text(" · ".join(notes), style="dim"))


def cells(pair: Pair, *, first: bool) -> list[Text]:
    style = "bold yellow" if first else "yellow" if pair.difference else ""
    left = [Text(clock(pair.left_ms), style=style or "dim"), told(pair.left, style)]
    right = [Text(clock(pair.right_ms), style=style or "dim"), told(pair.right, style)]
    return [Text("»" if first else MARKS[pair.difference], style="bold yellow" if first else "yellow"), *left, *right]


def clock(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else f"{milliseconds:.1f}"


def told(row: Row | None, style: str) -> Text:
    if row is None:
        return Text("–", style="dim")
    text = Text(f"{row.event.kind} ", style=COLOURS[row.lane])
    return text.append(row.said, style=style or "default")
