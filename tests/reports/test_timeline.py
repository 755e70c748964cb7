"""The timeline as a page: it needs nothing else, and shows everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from histories import ID, Script, held, right

from harness.checks.verdict import Verdict
from harness.errors import UsageError
from harness.redact import Redactor
from harness.reports.lanes import timeline
from harness.reports.timeline import page, write


def made(script: Script, *, redact: Callable[[str], str] = str) -> str:
    history = script.history
    verdict = Verdict(name="async", outcome="fail", claim="c", reason="<b>because</b>", witnesses=())
    witnesses = history.events("provider.called")
    drawn = timeline(history, script.flow(history), witnesses=witnesses, redact=redact)
    return page(drawn, verdicts=[verdict], redact=redact)


def test_it_loads_nothing_and_runs_nothing() -> None:
    text = made(held())
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|https?:|\bon\w+=", text)


def test_it_shows_every_event_and_marks_witnesses_and_holds() -> None:
    script = held()
    text = made(script)
    for event in script.flow(script.history).events:
        assert f"<em>{event.kind}</em>" in text
    assert text.count('class="mark"') == 1
    assert 'title="hold of worker"' in text
    assert "async: &lt;b&gt;because&lt;/b&gt;" in text


def test_what_a_stack_says_can_not_become_markup() -> None:
    script = right().add("worker.log", at=20, message_id=ID, process="worker-1", text="</pre><img src=x onerror=a()>")
    text = made(script)
    assert "<img" not in text
    assert "&lt;img src=x" in text


def test_details_are_redacted() -> None:
    script = right().add("worker.log", at=20, message_id=ID, process="worker-1", text="redis://u:hushhush@h")
    assert "hushhush" in made(script)
    assert "hushhush" not in made(script, redact=Redactor())


def test_a_long_gap_has_a_row_of_its_own() -> None:
    script = right().add("worker.log", at=2000, message_id=ID, process="worker-1", text="late")
    assert '<tr class="gap"' in made(script)
    assert '<tr class="gap"' not in made(right())


def test_a_place_that_can_not_be_written(tmp_path: Path) -> None:
    history = right().history
    with pytest.raises(UsageError, match=r"can't be written to .*: No such file or directory; name another file"):
        write(tmp_path / "none" / "t.html", timeline(history, right().flow(history)))
