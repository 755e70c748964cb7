"""One message's whole story in the terminal: the timeline's lanes as columns, with times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.errors import UsageError
from harness.history import Flow, History, key, read_runs
from harness.reports.console import STYLES, terminal
from harness.reports.finding import Found
from harness.reports.lanes import LANES, Row, timeline
from harness.reports.rows import shortened

COLOURS = dict(zip(LANES, ("cyan", "magenta", "blue", "green", "yellow", "bright_magenta"), strict=True))
SHORT = dict(zip(LANES, ("api", "que", "db", "wrk", "prv", "cb"), strict=True))


def show(found: Found, *, console: Console | None = None) -> None:
    """Prints a timeline, a line an event, what the marks mean, and the verdicts that rest on it."""
    console = console or terminal()
    drawn = found.timeline
    console.print(Text(f"message {drawn.title}", style="bold"))
    for verdict in found.verdicts:
        words = Text(f"{verdict.outcome.upper()} ", style=STYLES[verdict.outcome])
        console.print(words.append(f"{verdict.name}: {shortened(verdict.reason)}", style="default not bold"))
    console.print(header(lane_width(console)))
    for row in drawn.rows:
        console.print(line(row, lane_width(console)))
    notes = [f"░ {words}" for words in drawn.disturbed]
    notes += [f"{drawn.left_out} more events are in the history"] if drawn.left_out else []
    notes = ["» witness of a verdict", *notes] if found.verdicts else notes
    console.print(Text(" · ".join(["● happened  ○ who did it  ┃ under way", *notes]), style="dim"))


def look_up(history: History, name: str) -> Flow | None:
    """The flow that a name means in a history; None where it means none, or several."""
    for space in ("message", "token", "provider"):
        events = history.flow(key(space, name))
        if events:
            return Flow(events, name=name)
    matches = [known for known in history.flow_ids() if known.startswith(name)]
    return Flow(history.flow(key("message", matches[0])), name=matches[0]) if len(matches) == 1 else None


def lane_width(console: Console) -> int:
    """Characters of a lane, an odd number so that its mark is in the middle."""
    return 9 if console.width >= 110 else 5


def header(width: int) -> Text:
    text = Text(f"{'ms':>9}{'+ms':>9} ")
    for lane in LANES:
        text.append(f"{lane if width > len(lane) else SHORT[lane]:^{width}}", style=f"bold {COLOURS[lane]}")
    return text.append(" event", style="dim")


def line(row: Row, width: int) -> Table:
    """One row: times, the lanes, and words that wrap beside them."""
    gap = f"{row.gap_ms:.2f}" if abs(row.gap_ms) < 1 else f"{row.gap_ms:.1f}"
    picture = Text(f"{row.since_ms:>9.1f}")
    picture.append(f"{gap:>9} ", style="bold" if row.long_gap else "dim")
    picture.append_text(drawing(row, width))
    words = Text("» " if row.witness else "", style="bold yellow")
    words.append(f"{row.event.kind} ", style=COLOURS[row.lane])
    words.append(row.said, style="" if row.ours else "italic dim")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(picture, words)
    return grid


def drawing(row: Row, width: int) -> Text:
    """The lanes of one row, as wide as the header's."""
    here = LANES.index(row.lane)
    there = LANES.index(row.actor) if row.actor else here
    low, high = sorted((here, there))
    text = Text()
    half = width // 2
    for number, lane in enumerate(LANES):
        blank = "░" if lane in row.shaded else " "
        left = "─" if low < number <= high else blank
        right = "─" if low <= number < high else blank
        resting = "┃" if lane in row.open else "│"
        crossing = "╂" if lane in row.open else "┼"
        middle = crossing if low < number < high else resting
        mark = ("●" if row.ours else "◆") if number == here else "○" if number == there else middle
        for part, count in ((left, half), (mark, 1), (right, half)):
            style = COLOURS[lane] if part in "●◆○┃╂" else "red" if part == "░" else "dim"
            text.append(part * count, style=style)
    return text


def follow(path: Path, name: str, *, wait: Iterator[None], console: Console | None = None) -> None:
    """Prints a message's events as they are written to a history, for as long as `wait` says that more may come."""
    console = console or terminal()
    console.print(Text(f"following {name}; stop with Ctrl-C", style="dim"))
    console.print(header(lane_width(console)))
    printed: set[int] = set()
    began = time.monotonic()
    for _ in wait:
        for history in read_runs(path):
            flow = look_up(history, name)
            rows = timeline(history, flow).rows if flow else ()
            fresh = [row for row in rows if row.event.seq not in printed]
            for row in fresh:
                console.print(line(row, lane_width(console)))
            printed |= {row.event.seq for row in fresh}
    if not printed:
        seconds = time.monotonic() - began
        raise UsageError(f"no message {name!r} was seen in {seconds:.0f} s; its id is what `harness send` prints")
