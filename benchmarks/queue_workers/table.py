"""What the runs gave, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.queue_workers.contenders import ALONE, BARE, OURS
from benchmarks.queue_workers.measuring import Run

WIDTH, ROW, TOP, LEFT, RIGHT = 760, 30, 62, 250, 140
STYLE = """
text { font: 13px sans-serif; fill: #333 } .quiet { fill: #777; font-size: 12px } .title { font-weight: bold }
.peer { fill: #9aa5b1 } .alone { fill: #d5dae0 } .ours { fill: #00897b } .bare { fill: #c9b458 } .page { fill: #fff }
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contender's runs."""

    name: str
    title: str
    runs: Sequence[Run]

    @property
    def rate(self) -> float:
        return median(run.rate for run in self.runs)

    @property
    def best(self) -> float:
        return max(run.rate for run in self.runs)

    @property
    def cost_us(self) -> float:
        return median(run.cost_us for run in self.runs)


def show(console: Console, rows: Sequence[Row], missing: Mapping[str, str], wrong: Mapping[str, str]) -> None:
    """Prints a row for each, fastest first, then who is missing and who went wrong, with the reason."""
    if rows:
        rounds = max(len(row.runs) for row in rows)
        console.print(f"medians of {rounds} rounds in turns; µs are the worker's processor time for a message")
        console.print(table(rows))
    for name, why in missing.items():
        console.print(f"{name}: not measured: {why}", markup=False)
    for name, why in wrong.items():
        console.print(f"{name}: WRONG: {why}", markup=False)


def table(rows: Sequence[Row]) -> Table:
    found = Table(show_edge=False)
    for name in ("one worker process", "messages/s", "best", "of ours", "of bare", "µs", "of ours", "messages"):
        found.add_column(name, justify="right" if found.columns else "left")
    by_name = {row.name: row for row in rows}
    ours, bare = by_name.get(OURS), by_name.get(BARE)
    rates = ours.rate if ours else None, bare.rate if bare else None
    cost = ours.cost_us if ours else None
    for row in sorted(rows, key=lambda row: -row.rate):
        found.add_row(
            row.title,
            f"{row.rate:,.0f}",
            f"{row.best:,.0f}",
            ratio(row.rate, rates[0]),
            ratio(row.rate, rates[1]),
            f"{row.cost_us:,.0f}",
            ratio(row.cost_us, cost),
            f"{row.runs[0].messages:,}",
        )
    return found


def ratio(value: float, base: float | None) -> str:
    return f"{value / base:.2f}" if base else "–"


def picture(rows: Sequence[Row]) -> str:
    """Bars of the median rates as SVG, fastest first, each with its share of ours."""
    ordered = sorted(rows, key=lambda row: -row.rate)
    most = ordered[0].rate
    ours = next((row.rate for row in rows if row.name == OURS), None)
    height = TOP + ROW * len(ordered) + 12
    bars = "".join(bar(row, number, most=most, ours=ours) for number, row in enumerate(ordered))
    title = "Messages a second, one worker process each"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{title}"><style>{STYLE}</style><rect class="page" width="{WIDTH}" height="{height}"/>'
        f'<text class="title" x="12" y="24">{title}</text>'
        f'<text class="quiet" x="12" y="44">medians of rounds in turns; in brackets the ratio to ours, then the '
        f"worker&#8217;s processor time for a message</text>{bars}</svg>\n"
    )


def bar(row: Row, number: int, *, most: float, ours: float | None) -> str:
    top = TOP + number * ROW
    width = row.rate / most * (WIDTH - LEFT - RIGHT)
    kind = {OURS: "ours", BARE: "bare", **dict.fromkeys(ALONE, "alone")}.get(row.name, "peer")
    text = f"{row.rate:,.0f} ({ratio(row.rate, ours)}), {row.cost_us:,.0f} µs"
    return (
        f'<text x="{LEFT - 8}" y="{top + 17}" text-anchor="end">{escape(row.title)}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{top + 3}" width="{width:.1f}" height="{ROW - 8}"/>'
        f'<text x="{LEFT + width + 6:.1f}" y="{top + 17}">{escape(text)}</text>'
    )
