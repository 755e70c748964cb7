"""The load report: a page that stands alone, says the verdict, names what was lost, and draws what it is given."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.errors import UsageError
from harness.reports.chart import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Chart, Line, even
from harness.reports.load import page, write
from harness.reports.load_table import summary

SUMMARY = {"count": 10.0, "p50": 1.0, "p90": 2.0, "p99": 3.0, "p99.9": 4.0, "max": 5000.0}
COUNTS = {"attempted": 10, "accepted": 10, "sent": 9, "failed": 0, "dead": 0, "stored": 0, "lost": 1}
SAMPLE = {
    "at": 0.5,
    "lag": 3,
    "pending": None,
    "oldest_s": 0.2,
    "outstanding": 3,
    "costs": {"api-1": {"cpu": 9.0, "memory": 80.0}},
}


def result(**more: Any) -> dict[str, Any]:
    plan = {"rate": 5.0, "duration": 2.0, "shape": "constant", "gaps": "poisson", "seed": 1, "mix": {"api": 1.0}}
    stages = {"api: accepted": [[0, 1.0, 2.0, 3.0], [1, 1.0, 2.0, 3.0]], "api: sent": [[0, 10.0, 20.0, 5000.0]]}
    series = {"intended": [5, 5], "started": [5, 5], "sent": [4, 5], "stages": stages}
    return {
        "verdict": "fail",
        "verdicts": [{"name": "accounting", "verdict": "fail", "reason": "1 lost: <one>"}],
        "profile": "a <stack>",
        "observe": "full",
        "began": "2026-01-01T00:00:00+00:00",
        "plan": plan,
        "rates": {"intended": 5.0, "started": 5.0, "sustained": 4.5, "peak": 5.0},
        "stages": {"api: accepted": SUMMARY, "api: sent": SUMMARY},
        "account": COUNTS,
        "lost": ["lost-one"],
        "unexpected": [],
        "unfinished": [],
        "duplicated": {},
        "not_accepted": {"api: 503": 4},
        "not_accepted_such_as": {"api: 503": "<busy>"},
        "put_off": {"api": 3},
        "unknown": [{"what": "backlog", "why": "Redis can't be asked", "remedy": "[queue] url"}],
        "drained_s": 0.1,
        "thresholds": [{"text": "p99 of sent <= 1 s", "kind": "latency", "seen": "5000.0 ms", "holds": False}],
        "named": [{"party": "provider", "why": "a call of it took <4> s"}],
        "where": {"provider": {"p50": 9.0, "p99": 5000.0, "share": 90.0}, "api": {"p50": 1.0, "p99": 2.0, "share": 0}},
        "limits": {
            "processes": {"api-1": 9.0},
            "cores": 2,
            "machine": 20.0,
            "others": 1.0,
            "postgres_waits": {"Lock": 0.5},
            "lag": 3,
        },
        "generator": {"dropped": 0, "late": 2, "late_after_ms": 100.0, "lateness": SUMMARY, "held_up": 0},
        "series": {**series, "samples": [SAMPLE, {**SAMPLE, "at": 1.0}], "holds": [[0.4, 0.9]]},
        **more,
    }


class Parts(HTMLParser):
    """Counts the tags, and takes note of what a browser would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]


def test_the_page_stands_alone_and_says_it_all() -> None:
    text = page(result())
    parts = Parts(text)
    assert (parts.fetched, parts.tags.get("script")) == ([], None)
    assert parts.tags["svg"] == parts.tags["figure"] == 7
    for words in (
        "FAIL",
        "1 lost: &lt;one&gt;",
        "<code>lost-one</code>",
        "a &lt;stack&gt;",
        "5000.0",
        "workers held",
        "api: 503: 4, such as: &lt;busy&gt;",
        "3 answered 429, by a rate limiter",
        "Not known for sure, backlog",
    ):
        assert words in text, words


def test_a_run_without_anything_is_a_page_too() -> None:
    empty: dict[str, Any] = {"intended": [], "started": [], "sent": [], "stages": {}, "samples": [], "holds": []}
    assert "FAIL" in page(result(series=empty, stages={}, lost=[]))


def test_the_table_names_what_was_lost() -> None:
    console = Console(width=140, file=io.StringIO())
    for part in summary(result(lost=[f"id-{number}" for number in range(25)])):
        console.print(part)
    said = console.file.getvalue()  # type: ignore[attr-defined]  # reason: made above
    assert "id-19" in said
    assert "and 5 more in result.json" in said
    assert "sustained 4.5 messages/s" in said


def test_a_report_that_cannot_be_written_is_our_own_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        write(tmp_path / "nowhere" / "report.html", result())


def test_a_chart_keeps_every_point_inside() -> None:
    line = Line("a", [(0.0, 0.0), (5.0, 1e6), (20.0, 0.5)])
    for log in (False, True):
        svg = Chart("t", [line, Line("one", [(1.0, 1.0)])], log=log, holds=[[1, 30]], end=10).svg()
        pairs = [pair.split(",") for pair in svg.split('points="')[1].split('"')[0].split()]
        assert all(64 <= float(x) <= 948 and 10 <= float(y) <= 214 for x, y in pairs)
        assert "<circle" in svg


@pytest.mark.parametrize(("most", "ticks"), [(1, [0, 0.25, 0.5, 0.75, 1]), (161, [0, 50, 100, 150, 200]), (0, [0, 0])])
def test_ticks_are_round_and_cover_the_greatest(most: float, ticks: list[float]) -> None:
    found = even(most)
    assert found[-1] >= most
    assert len(found) <= 6
    assert most == 0 or found == pytest.approx(ticks)


def test_a_line_that_lies_at_nought_is_drawn_at_the_foot() -> None:
    picture = Chart("backlog", [Line("length", [(0.0, 0.0), (1.0, 0.0)])]).svg()
    foot = f"{HEIGHT - BOTTOM:.1f}"
    assert f'points="{LEFT:.1f},{foot} {WIDTH - RIGHT:.1f},{foot}"' in picture
