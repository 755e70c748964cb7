"""The page of a record as a file: it holds all, bounded, and what it holds can't end the element that it stands in."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from histories import ID, held, right

from harness.commands.cli import app
from harness.errors import UsageError
from harness.history.journal import encode
from harness.reports.run_page import write
from tests.in_process import call

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from made_record import HOSTILE
from made_record import write as made

BLOCK = re.compile(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', re.DOTALL)


def page_of(source: Path, *, most: int = 1000) -> tuple[str, dict[str, Any], list[str]]:
    file = source.parent / "page.html"
    write(file, source, most=most)
    text = file.read_text(encoding="utf-8")
    blocks = {name: json.loads(inner) for name, inner in BLOCK.findall(text)}
    return text, blocks.pop("data"), [one for name in sorted(blocks) for one in blocks[name]]


def test_it_needs_nothing_else_and_runs_its_own_script_alone(tmp_path: Path) -> None:
    text, _, _ = page_of(made(tmp_path / "record"))
    assert text.count("<script>") == 1
    assert "default-src &#x27;none&#x27;" in text
    assert not re.search(r"unsafe|https?:|\bsrc=|@import|url\(", text.partition("<script type=")[0])
    code = text.rpartition("<script>")[2]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\(|XMLHttp", code
    )


def test_every_event_is_there_with_its_details(tmp_path: Path) -> None:
    source = made(tmp_path / "record")
    lines = [json.loads(line) for line in (source / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    _, data, details = page_of(source)
    assert len(data["events"]["at"]) == len(lines) == len(details)
    assert data["flows"]["first"][-1] == len(lines)
    kinds = sorted(data["kinds"][kind] for kind in data["events"]["kind"])
    assert kinds == sorted(line["kind"] for line in lines)
    assert sum(data["events"]["witness"]) == 3
    assert data["leftOut"] == ""


def test_hostile_words_are_kept_and_end_nothing(tmp_path: Path) -> None:
    text, data, details = page_of(made(tmp_path / "record"))
    for name, inner in BLOCK.findall(text):
        assert not set("<>&\u2028\u202e\x00") & set(inner), name
    assert any(HOSTILE[0] in one for one in data["strings"])
    assert any("onerror" in one for one in details)
    assert max(map(len, details)) < 2600
    assert "<title>Run of made &lt;/title&gt; {script}</title>" in text


def test_a_large_record_is_bounded_and_what_failed_comes_first(tmp_path: Path) -> None:
    _, data, _ = page_of(made(tmp_path / "record"), most=60)
    assert len(data["events"]["at"]) <= 60
    assert "messages" in data["leftOut"]
    assert "--most" in data["leftOut"]
    failed = [
        name for name, verdict in zip(data["flows"]["name"], data["flows"]["verdict"], strict=True) if verdict == 2
    ]
    assert len(failed) == 3


def test_a_message_has_the_verdict_that_rests_on_it_or_else_its_tests(tmp_path: Path) -> None:
    _, data, _ = page_of(made(tmp_path / "record"))
    flows = data["flows"]
    by_test: dict[int, set[int]] = {}
    for scenario, verdict in zip(flows["scenario"], flows["verdict"], strict=True):
        by_test.setdefault(scenario, set()).add(verdict)
    assert by_test == {-1: {-1}, 0: {0}, 1: {2}, 2: {0}}


def test_without_verdicts_and_with_damage_it_shows_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "record" / "history.jsonl"
    path.parent.mkdir()
    path.write_text("".join(encode(one) + "\n" for one in held().history.events()) + "{torn\n", encoding="utf-8")
    _, data, _ = page_of(path.parent)
    assert data["leftOut"] == "1 line of the history can't be read"
    assert ID in data["flows"]["name"]
    assert [window[3] for window in data["windows"]] == ["hold of worker"]
    assert data["segments"]["of"]


def test_torn_verdicts_are_told_and_the_messages_shown(tmp_path: Path) -> None:
    source = made(tmp_path / "record")
    (source / "verdicts.json").write_text('{"checks": [', encoding="utf-8")
    _, data, _ = page_of(source)
    assert data["leftOut"].startswith("Nothing is shown as judged: verdicts.json can't be read")
    assert set(data["flows"]["verdict"]) == {-1}
    assert len(data["flows"]["name"]) == 43


@pytest.mark.parametrize("content", ["", "{}\nnone\n"])
def test_an_empty_record_is_told_in_a_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "history.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no event that can be read"):
        write(tmp_path / "page.html", tmp_path, most=10)
    assert not (tmp_path / "page.html").exists()


def test_the_command_writes_it_and_says_what_is_in_it(tmp_path: Path) -> None:
    source = made(tmp_path / "record")
    done = call(app, "report", "--page", "--from", source, "--output", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"wrote {tmp_path / 'page.html'}: 3 tests, 42 messages, 418 events\n"


def test_a_secret_of_a_redacted_record_isnt_there(tmp_path: Path) -> None:
    from harness.redact import Redactor

    script = right().add("worker.log", at=20, message_id=ID, process="worker-1", text="redis://u:hushhush@h")
    path = tmp_path / "history.jsonl"
    redact = Redactor()
    path.write_text("".join(redact(encode(one)) + "\n" for one in script.history.events()), encoding="utf-8")
    write(tmp_path / "page.html", path, most=100)
    assert "hushhush" not in (tmp_path / "page.html").read_text(encoding="utf-8")
