"""What a client or a stack has said acts on no terminal and no page: every character of it can be seen there."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.commands.guard import guarded
from harness.errors import ExpectationFailed, UsageError
from harness.history import Event, Flow, History
from harness.reports import junit, trace
from harness.reports.console import render, terminal
from harness.reports.lanes import timeline
from harness.reports.timeline import page
from harness.results import Result, Results
from harness.visible import visible
from messaging_stack.logs import _dumps

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\u2066\u200b\x08\x00\ud800\U000e0041\ufeffz"
ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ud800-\udfff\ufeff\U000e0000-\U000e007f]"
)


def history() -> tuple[History, Flow]:
    data = {"process": "worker", "text": HOSTILE, "path": HOSTILE, "method": "POST", "reason": HOSTILE}
    shared = {"at": 1.0, "seen": 1.0, "keys": ["message:m"], "data": data}
    kinds = (("api.requested", "api"), ("worker.log", "log"), ("provider.called", "mocks"))
    made = History.of(
        [
            Event.from_json({"seq": seq, "source": source, "kind": kind, **shared})
            for seq, (kind, source) in enumerate(kinds)
        ]
    )
    return made, Flow(made.flow("message:m"), name=HOSTILE)


@pytest.mark.parametrize("text", ["Zoë — 東京 👩‍👩‍👧 می‌خواهم\n\ttab", "plain", ""])  # reason: letters
def test_ordinary_text_stays(text: str) -> None:
    assert visible(text) == text


def test_what_acts_is_shown() -> None:
    assert visible("\x1b[31m\u202e\r\ud800\U000e0041") == "\\x1b[31m\\u202e\\x0d\\ud800\\U000e0041"
    assert not ACTING.search(visible(HOSTILE))


def test_a_console_shows_it_wherever_it_stands() -> None:
    console = terminal(file=io.StringIO(), width=100, force_terminal=True)
    grid = Table(title=HOSTILE)
    grid.add_column(HOSTILE)
    grid.add_row(Text(HOSTILE, style="red"))
    for thing in (HOSTILE, Text(HOSTILE), Panel(Text(HOSTILE), title=HOSTILE), grid):
        console.print(thing)
    said = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())  # type: ignore[attr-defined]  # reason: as made above
    assert not ACTING.search(said)
    assert said.count("\\x1b") >= 6
    said.encode()


def test_stories_and_tables() -> None:
    results = Results()
    results.add(Result(scenario=HOSTILE, check="c", outcome="fail", reason=HOSTILE, elapsed_s=0.1, story=HOSTILE))
    said = render(results, build=Path("build"), width=100, color=False)
    assert "\\x1b" in said
    assert not ACTING.search(said)


def test_trace_and_timeline() -> None:
    made, flow = history()
    drawn = timeline(made, flow)
    console = terminal(file=io.StringIO(), width=120)
    trace.show(trace.Found(timeline=drawn), console=console)
    for said in (console.file.getvalue(), page(drawn)):  # type: ignore[attr-defined]  # reason: as made above
        assert "\\x1b" in said
        assert not ACTING.search(said)
        said.encode()


@pytest.mark.parametrize("kind", [UsageError, ExpectationFailed])
def test_errors(kind: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise kind(f"saw {HOSTILE}")

    assert guarded(fails)
    assert not ACTING.search(capsys.readouterr().err)


def test_junit_can_be_written(tmp_path: Path) -> None:
    results = Results()
    results.add(Result(scenario=HOSTILE, check="c", outcome="fail", reason=HOSTILE, elapsed_s=0.1, story=HOSTILE))
    junit.write(tmp_path / "junit.xml", results, stack={})
    assert not ACTING.search((tmp_path / "junit.xml").read_text(encoding="utf-8"))


def test_both_packages_show_the_same() -> None:
    assert Path("harness/visible.py").read_text() == Path("mock_providers/visible.py").read_text()


def test_logs_of_the_reference_stack() -> None:
    said = _dumps({"text": HOSTILE}).decode()
    assert json.loads(said) == {"text": HOSTILE}
    assert not ACTING.search(said.replace("\U000e0041", ""))  # a tag turns nothing around
