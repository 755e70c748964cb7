"""What `harness capacity` found: a table, a page with the curve of latency against rate, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from harness.errors import UsageError
from harness.reports.chart import Chart, Line
from harness.reports.load import style
from harness.visible import visible

STYLES = {"held": "green", "broken": "bold red", "unknown": "yellow"}
COLUMNS = ("workers", "rate", "sent a second", "p50 ms", "p99 ms", "outcome", "in the way")
WORDS = COLUMNS[-2:]


def as_data(found: Sequence[tuple[int | None, Any]], *, profile: str, asked: Sequence[str]) -> dict[str, Any]:
    """What was found, for each number of workers, as it is written to capacity.json."""
    return {
        "profile": profile,
        "thresholds": list(asked),
        "found": [
            {
                "workers": workers,
                "capacity": one.proven.rate if one.proven else None,
                "proven": asdict(one.proven) if one.proven else None,
                "above": asdict(one.above) if one.above else None,
                "lost": one.lost,
                "steps": [asdict(step) for step in one.steps],
            }
            for workers, one in found
        ],
    }


def row(workers: int | None, step: dict[str, Any]) -> list[str]:
    """A step as cells."""
    return [
        "" if workers is None else str(workers),
        f"{step['rate']:.0f}",
        f"{step['sent']:.1f}",
        *("" if step[name] is None else f"{step[name]:.1f}" for name in ("p50", "p99")),
        step["outcome"] + (" (proof)" if step["purpose"] == "proof" else ""),
        ", ".join(step["in_the_way"]),
    ]


def table(data: dict[str, Any]) -> Table:
    shown = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        shown.add_column(name, justify="left" if name in WORDS else "right", no_wrap=name != "in the way")
    for one in data["found"]:
        for step in one["steps"]:
            cells = row(one["workers"], step)
            shown.add_row(*cells[:5], Text(cells[5], style=STYLES[step["outcome"]]), cells[6])
    return shown


def summary(data: dict[str, Any]) -> Iterator[RenderableType]:
    """The table and what it comes to, a line for each number of workers."""
    yield ""
    yield table(data)
    yield ""
    yield from (Text(line) for line in told(data))


def told(data: dict[str, Any]) -> Iterator[str]:
    first = next((one["capacity"] for one in data["found"] if one["capacity"]), None)
    for one in data["found"]:
        who = "" if one["workers"] is None else f" with {one['workers']} worker{'' if one['workers'] == 1 else 's'}"
        if one["lost"]:
            yield f"capacity{who}: none, since {one['lost']} messages were lost"
            continue
        if one["proven"] is None:
            yield f"capacity{who}: none was found: {one['above']['why'] if one['above'] else 'nothing was tried'}"
            continue
        times = f", {one['capacity'] / first:.2f} times the first" if first and one["workers"] is not None else ""
        p99 = "" if one["proven"]["p99"] is None else f", p99 of sent {one['proven']['p99']:.0f} ms"
        line = f"capacity{who}: {one['capacity']:.0f} messages a second{p99}{times}"
        above = one["above"]
        yield line + (
            f"; at {above['rate']:.0f} {above['outcome']}: {above['why']}" if above else "; no more was tried"
        )


def page(data: dict[str, Any]) -> str:
    title = f"Capacity: {data['profile']}"
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=words' if name in WORDS else ''}>{escape(cell)}</td>"
            for name, cell in zip(COLUMNS, row(one["workers"], step), strict=True)
        )
        + "</tr>"
        for one in data["found"]
        for step in one["steps"]
    )
    head = "".join(f"<th{' class=words' if name in WORDS else ''}>{name}</th>" for name in COLUMNS)
    parts = [
        f"<header><h1>{escape(title)}</h1></header>",
        *(f"<p class='verdict'>{escape(line)}</p>" for line in told(data)),
        f'<p class="dim">asked: {escape("; ".join(data["thresholds"]))}</p>',
        *(chart.svg() for chart in charts(data)),
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>',
    ]
    meta = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    head = f"<head>{meta}<style>{style()}</style></head>"
    return f'<!doctype html><html lang="en">{head}<body>{"".join(parts)}</body></html>\n'


def charts(data: dict[str, Any]) -> Iterator[Chart]:
    """Latency against rate for each number of workers, and what was sent against what was asked."""
    latencies, rates, scaling = [], [], []
    for colour, one in enumerate(data["found"]):
        who = "" if one["workers"] is None else f", {one['workers']} workers"
        # a rate that was proven, or wasn't, shows what it did for longer
        steps = sorted({step["rate"]: step for step in one["steps"]}.values(), key=lambda step: step["rate"])
        for name, quiet in (("p99", False), ("p50", True)):
            points = [(step["rate"], step[name]) for step in steps if step[name] is not None]
            latencies.append(Line(f"{name}{who}", points, colour, quiet=quiet))
        rates.append(Line(f"sent{who}", [(step["rate"], step["sent"]) for step in steps], colour))
        if one["workers"] is not None and one["capacity"]:
            scaling.append((float(one["workers"]), one["capacity"]))
    yield Chart(
        "Latency of sent against the rate, ms: 99th percentile (dashed: median)", latencies, log=True, unit="/s"
    )
    yield Chart("Sent a second against the rate", rates, unit="/s")
    if len(scaling) > 1:
        yield Chart("Capacity against the number of workers", [Line("capacity", scaling)], unit="")


def write(build: Path, data: dict[str, Any]) -> Path:
    """Writes capacity.json and capacity.html; returns the page. Raises UsageError where it can't."""
    try:
        build.mkdir(parents=True, exist_ok=True)
        (build / "capacity.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        (build / "capacity.html").write_text(visible(page(data)), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the report can't be written to {build}: {error.strerror}; name another --build") from error
    return build / "capacity.html"
