"""One message's timeline as a page of its own: no script, no other file, nothing to load.

Reports show attachments in a sandbox that runs no script, so hover, focus and colours are plain CSS.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from math import log10
from pathlib import Path

from harness.content import content
from harness.errors import UsageError
from harness.reports.finding import Answer
from harness.reports.lanes import LANES, Row, Timeline
from harness.visible import visible

LONGEST = 2400
HEAD, FOOT, ROW, MOST = 80, 50, 24, 320
"""About how tall, in pixels, the page's parts are: a row opens its details where there is more room in the frame."""


def page(timeline: Timeline, *, verdicts: Sequence[Answer] = (), redact: Callable[[str], str] = str) -> str:
    """The page; `redact` takes secrets out of the events' details."""
    rows = timeline.rows
    body = [f"<h1>{escape(timeline.title)}</h1>"]
    body += [verdict_line(verdict, redact) for verdict in verdicts]
    body.append(f'<p class="dim">{escape(legend(timeline))}</p>')
    lanes = "".join(f'<th class="lane {lane}" scope="col">{lane}</th>' for lane in LANES)
    body.append("<table>")
    body.append(f'<thead><tr><th class="n">ms</th><th class="n">+ms</th>{lanes}<th>event</th></tr></thead><tbody>')
    for number, row in enumerate(rows):
        if row.long_gap and number:
            body.append(gap_row(rows[number - 1], row))
        before = rows[number - 1].open if number else frozenset()
        room = HEAD + number * ROW, FOOT + (len(rows) - number - 1) * ROW
        body.append(event_row(row, before, room=room, redact=redact))
    body.append("</tbody></table>")
    if timeline.left_out:
        body.append(f'<p class="dim">{timeline.left_out} more events are in history.jsonl.</p>')
    head = f'<meta charset="utf-8"><title>{escape(timeline.title)}</title><style>{style()}</style>'
    return visible(f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n')


def write(path: Path, timeline: Timeline, *, verdicts: Sequence[Answer] = ()) -> None:
    """Writes the page to a file; raises UsageError where it can't."""
    try:
        path.write_text(page(timeline, verdicts=verdicts), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the timeline can't be written to {path}: {error.strerror}; name another file") from error


@cache
def style() -> str:
    return content("reports", "timeline.css").read_text(encoding="utf-8")


def legend(timeline: Timeline) -> str:
    """What the marks mean, and what was disturbed."""
    parts = ["● happened", "○ who did it", "thick line: under way"]
    if any(row.witness for row in timeline.rows):
        parts.append("» witness of a verdict")
    if timeline.disturbed:
        parts.append(f"hatched: {', '.join(timeline.disturbed)}")
    return " · ".join([*parts, "point at an event, or tab to it, for all that it says"])


def verdict_line(verdict: Answer, redact: Callable[[str], str]) -> str:
    text = redact(f"{verdict.name}: {verdict.reason}")
    return f'<p class="{verdict.outcome}"><b>{verdict.outcome.upper()}</b> {escape(text)}</p>'


def event_row(row: Row, before: frozenset[str], *, room: tuple[int, int], redact: Callable[[str], str]) -> str:
    """One event; `room` says how many pixels are above and below it."""
    upwards = room[0] > room[1]
    classes = [name for name, on in (("w", row.witness), ("other", not row.ours), ("up", upwards)) if on]
    mark = '<span class="mark" title="witness">» </span>' if row.witness else ""
    said = {name: unfolded(value) for name, value in row.event.data.items()}
    details = json.dumps({"source": row.event.source, **said}, indent=1, ensure_ascii=False, default=str)
    return (
        f'<tr class="{" ".join(classes)}"><td class="n">{row.since_ms:.1f}</td>'
        f'<td class="n dim">{short(row.gap_ms)}</td>{"".join(cells(row, before))}'
        f'<td class="said {row.lane}" tabindex="0">{mark}<em>{escape(row.event.kind)}</em>{escape(row.said)}'
        f'<pre style="--room:{min(max(room), MOST)}px">{escape(redact(details)[:LONGEST])}</pre></td></tr>'
    )


def unfolded(value: object) -> object:
    """A field as it reads best: JSON in a text is shown as what it says."""
    if isinstance(value, str) and value[:1] in "{[":
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    if isinstance(value, Mapping):
        return {name: unfolded(one) for name, one in value.items()}
    return value


def cells(row: Row, before: frozenset[str]) -> list[str]:
    """The lanes of one row: what is open (and was `before`), what is disturbed, who did it, and what happened."""
    here = LANES.index(row.lane)
    there = LANES.index(row.actor) if row.actor else here
    low, high = sorted((here, there))
    found = []
    for number, lane in enumerate(LANES):
        inner = ""
        if low <= number <= high and low != high:
            inner += f'<i class="x{" xr" if number == low else " xl" if number == high else ""}"></i>'
        if number == here:
            inner += f'<b class="m{"" if row.ours else " k"}"></b>'
        elif number == there:
            inner += '<b class="a"></b>'
        found.append(cell(lane, row, inner, before))
    return found


def cell(lane: str, row: Row, inner: str, before: frozenset[str]) -> str:
    under_way = {(False, True): ["o from"], (True, True): ["o"], (True, False): ["to"]}
    classes = ["c", lane, *under_way.get((lane in before, lane in row.open), ())]
    classes += ["s"] if lane in row.shaded else []
    title = f' title="{escape(row.shaded[lane])}"' if lane in row.shaded else ""
    return f'<td class="{" ".join(classes)}"{title}>{inner}</td>'


def gap_row(before: Row, after: Row) -> str:
    """Time in which nothing happened, as tall as its logarithm; what was open and disturbed goes on."""
    height = round(8 + 14 * log10(after.gap_ms / 10))
    lasting = {lane: words for lane, words in before.shaded.items() if lane in after.shaded}
    still = Row(
        event=before.event,
        lane=before.lane,
        actor=None,
        since_ms=0,
        gap_ms=0,
        said="",
        open=before.open,
        shaded=lasting,
    )
    lanes = "".join(cell(lane, still, "", before.open) for lane in LANES)
    return f'<tr class="gap" style="--h:{height}px"><td></td><td></td>{lanes}<td>{short(after.gap_ms)} ms</td></tr>'


def short(milliseconds: float) -> str:
    """A gap: two digits where it is below a millisecond."""
    return f"{milliseconds:.2f}" if abs(milliseconds) < 1 else f"{milliseconds:.1f}"
