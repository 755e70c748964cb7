"""What a load run says on the terminal while it lasts and at its end, and where the rest is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.load.histogram import Histogram
from harness.load.meter import Meter
from harness.load.plan import Plan
from harness.load.result import Result
from harness.load.searching import Step
from harness.reports.console import terminal
from harness.reports.load import write
from harness.reports.load_table import summary

EVERY = 5.0
"""Seconds between lines where the output is no terminal."""
RECENT = 500


class Watching:
    """Progress while a run lasts: a live table on a terminal, else a line every few seconds."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._console = console()
        self._live: Live | None = None
        self._next = EVERY
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def say(self, text: str) -> None:
        self._console.print(text)

    def sample(self, row: dict[str, Any], meter: Meter) -> None:
        """Shows a sample; called by the sampler's thread."""
        fresh = self._before if self._before.get("at", 0) < row["at"] else {}
        passed = row["at"] - fresh.get("at", 0)
        rates = {n: (row[n] - fresh.get(n, 0)) / passed if passed > 0 else 0.0 for n in ("started", "sent")}
        self._before = row
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, auto_refresh=False, transient=True)
                self._live.start()
            self._live.update(self._picture(row, meter, rates), refresh=True)
        elif row["at"] >= self._next:
            self._next = row["at"] + EVERY
            self.say(
                f"{row['at']:5.0f} s  started {row['started']}, sent {row['sent']}, outstanding {row['outstanding']}, "
                f"backlog {backlog(row)}"
            )

    def step(self, step: Step) -> None:
        """Says what one load of a search came to."""
        p99 = "" if step.p99 is None else f", p99 {step.p99:.0f} ms"
        way = f"; in the way: {', '.join(step.in_the_way)}" if step.in_the_way else ""
        proof = ", longer" if step.purpose == "proof" else ""
        self.say(f"{step.rate:7.0f}/s{proof}: {step.outcome}, sent {step.sent:.0f}/s{p99}{way}")

    def _picture(self, row: dict[str, Any], meter: Meter, rates: dict[str, float]) -> Table:
        table = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=self._plan.duration, completed=min(row["at"], self._plan.duration), width=40)
        table.add_row(f"{min(row['at'], self._plan.duration):.0f} of {self._plan.duration:g} s", bar)
        table.add_row("started", f"{row['started']} ({rates['started']:.0f}/s)")
        table.add_row("sent", f"{row['sent']} ({rates['sent']:.0f}/s), outstanding {row['outstanding']}")
        table.add_row("backlog", backlog(row, digits=2))
        recent = list(meter.reached["sent"].items())[-RECENT:]
        latencies = Histogram(at - meter.start - meter.arrivals[number].at for number, at in recent)
        if latencies.count:
            low, high = latencies.quantile(50) * 1000, latencies.quantile(99) * 1000
            table.add_row("sent after", f"p50 {low:.0f} ms, p99 {high:.0f} ms (the last {latencies.count})")
        costs = sorted(row["costs"].items(), key=lambda item: -item[1]["cpu"])[:4]
        table.add_row("busiest", ", ".join(f"{name} {cost['cpu']:.0f} %" for name, cost in costs))
        return table

    def pause(self) -> None:
        """Clears the live table, so that something lasting can be printed."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        self._next, self._before = EVERY, {}


def backlog(row: dict[str, Any], *, digits: int = 1) -> str:
    """What waits, in words; what nobody could count is unknown."""
    lag, pending, oldest = row["lag"], row["pending"], row["oldest_s"]
    if lag is None and pending is None and oldest is None:
        return "unknown"
    age = "unknown" if oldest is None else f"{oldest:.{digits}f} s"
    return f"{lag} + {pending} pending, oldest {age}"


def console() -> Console:
    """The terminal, or plain text wide enough for the table."""
    return terminal(width=None if Console().is_terminal else 140)


def show(result: Result, *, build: Path) -> None:
    """Writes JSON, CSV and the page, and prints the table."""
    found = result.write(build)
    write(build / "report.html", found)
    shown = console()
    for part in summary(found):
        shown.print(part)
    shown.print(Text(f"report: {build / 'report.html'}; beside it result.json and three CSV files"))
