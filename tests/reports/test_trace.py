"""`harness trace`: messages of joined histories stay apart, and verdicts beside a history name their witnesses."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from histories import ID, Script, held, right
from rich.console import Console

from harness.checks.verdict import failed
from harness.history import merge, read_runs
from harness.history.journal import encode
from harness.reports.finding import find
from harness.reports.trace import show
from harness.results import Result, Results

OTHER = ID.replace("1111", "2222")


def kept(path: Path, script: Script) -> Path:
    path.write_text("".join(encode(event) + "\n" for event in script.history.events()), encoding="utf-8")
    return path


def shown(path: Path, *, width: int = 140) -> str:
    out = io.StringIO()
    show(find(path, ID), console=Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_runs_that_number_alike_are_kept_apart(tmp_path: Path) -> None:
    one = kept(tmp_path / "history-gw0.jsonl", held())
    other = kept(tmp_path / "history-gw1.jsonl", right())
    other.write_text(other.read_text(encoding="utf-8").replace(ID, OTHER), encoding="utf-8")
    joined = tmp_path / "history.jsonl"
    merge([("gw0", one), ("gw1", other)], joined)
    assert len(read_runs(joined)) == 2
    first, second = find(joined, ID).timeline, find(joined, OTHER).timeline
    assert {row.event.message_id for row in first.rows} == {None, ID}
    assert {row.event.message_id for row in second.rows} == {None, OTHER}
    assert (first.disturbed, second.disturbed) == (["hold of worker"], [])


def test_verdicts_beside_a_history_mark_their_witnesses(tmp_path: Path) -> None:
    path = kept(tmp_path / "history.jsonl", held())
    calls = [event for event in read_runs(path)[0].events() if event.kind == "provider.called"]
    verdict = failed("asynchronous", "claim", "it was called", calls)
    results = Results()
    results.add(Result(scenario="s", check="c", outcome="fail", reason="r", elapsed_s=0, verdicts=(verdict.to_json(),)))
    results.write(tmp_path / "verdicts.json", stack={})
    text = shown(path)
    assert "FAIL asynchronous: it was called" in text
    marked = [line for line in text.splitlines() if "» " in line and "ms" not in line.split("»")[0]]
    assert sum("» provider.called" in line for line in marked) == 1
    assert not any("» provider.answered" in line for line in marked)


@pytest.mark.parametrize("content", ["", "{", json.dumps({"checks": []})])
def test_no_verdicts_are_no_obstacle(tmp_path: Path, content: str) -> None:
    path = kept(tmp_path / "history.jsonl", right())
    (tmp_path / "verdicts.json").write_text(content, encoding="utf-8")
    assert "»" not in shown(path)


@pytest.mark.parametrize(("width", "names"), [(140, ("queue", "callback")), (80, ("que", "cb"))])
def test_lanes_fit_the_terminal(tmp_path: Path, width: int, names: tuple[str, str]) -> None:
    text = shown(kept(tmp_path / "history.jsonl", held()), width=width)
    header = next(line for line in text.splitlines() if "+ms" in line)
    assert all(f" {name} " in header for name in names)
    assert all(len(line) <= width for line in text.splitlines())
    assert "░◆░" in text
