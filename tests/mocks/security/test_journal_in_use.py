"""What befalls a journal while it is written: a full disk, files that others move, cut or write to."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from journals import as_they_are, read, texts_in
from tenants import ServerProcess, entries, make_sendgrid, make_twilio, start_server

from mock_providers.errors import JournalError
from mock_providers.journal import Filter, Journal
from mock_providers.journal.lines import header

Write = Callable[[str], Awaitable[None]]


def in_use(
    path: Path, run: Callable[[Journal, Write], Awaitable[None]], *, segment_bytes: int = 10**9
) -> tuple[list[str], list[str]]:
    """Runs a test with a journal that looks at its file before each entry; gives its texts in memory, and notes."""

    async def main() -> tuple[list[str], list[str]]:
        journal = Journal(path, segment_bytes=segment_bytes)

        async def write(text: str) -> None:
            journal.append("called", "twilio", "AC", None, {"text": text})
            await journal.committed()

        await run(journal, write)
        shown = [entry["text"] for _, entry in journal.read(Filter()) if entry is not None]
        journal.close()
        return shown, journal.condition.notes

    return asyncio.run(main())


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_providers.journal.file.LOOK_EVERY_S", -1.0)


@pytest.mark.parametrize("moved", [False, True], ids=["deleted", "moved"])
def test_a_file_that_is_gone_is_begun_anew_with_what_came_since_it_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    path = tmp_path / "journal"

    async def run(journal: Journal, write: Write) -> None:
        await write("before")
        await write("seen no more")
        monkeypatch.setattr("mock_providers.journal.file.LOOK_EVERY_S", 3600.0)
        await write("the last that looked")
        if moved:
            path.rename(tmp_path / "elsewhere")
        else:
            path.unlink()
        await write("written where nobody sees it")
        journal._file._look_at = 0.0  # type: ignore[union-attr]
        await write("after")

    shown, notes = in_use(path, run)
    assert shown == ["before", "seen no more", "the last that looked", "written where nobody sees it", "after"]
    assert texts_in(path) == [(3, "the last that looked"), (4, "written where nobody sees it"), (5, "after")]
    assert ("moved or deleted by others" in notes[0], len(notes)) == (True, 1)
    found, condition = read(path)
    assert ([seq for seq, _ in found], condition["missing"], condition["damaged"]) == ([3, 4, 5], 0, 0)


def test_a_file_of_others_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "journal"

    async def run(journal: Journal, write: Write) -> None:
        await write("before")
        path.rename(tmp_path / "elsewhere")
        path.write_text("notes of somebody")
        held = as_they_are(tmp_path)
        for _ in range(2):
            with pytest.raises(JournalError, match="isn't a journal of mock-providers"):
                await write("no place for it")
        assert as_they_are(tmp_path) == held
        path.unlink()
        await write("after")

    shown, _ = in_use(path, run)
    assert shown == ["before", "after"]
    assert [text for _, text in texts_in(path)] == ["before", "after"]


def test_a_folder_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "journal"

    async def run(journal: Journal, write: Write) -> None:
        await write("before")
        path.unlink()
        path.parent.rmdir()
        with pytest.raises(JournalError, match="No such file"):
            await write("no place for it")

    in_use(path, run)
    assert not path.parent.exists()


@pytest.mark.parametrize("to", [0, 100, 300])
def test_a_file_that_is_cut_by_others_goes_on(tmp_path: Path, to: int) -> None:
    path = tmp_path / "journal"

    async def run(journal: Journal, write: Write) -> None:
        for text in ("one", "two", "three"):
            await write(text)
        os.truncate(path, to)
        await write("after")
        await write("more")

    shown, notes = in_use(path, run)
    assert shown == ["one", "two", "three", "after", "more"]
    assert ("cut by others" in notes[0], len(notes)) == (True, 1)
    assert [text for _, text in read(path)[0]][-3:] == ["three", "after", "more"]


def test_what_others_write_into_it_stays_and_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"

    async def run(journal: Journal, write: Write) -> None:
        await write("before")
        with path.open("ab") as file:
            file.write(b"an echo of somebody")
        await write("after")

    _, notes = in_use(path, run)
    assert ("written to by others" in notes[0], len(notes)) == (True, 1)
    assert b"an echo of somebody\n" in path.read_bytes()
    assert [text for _, text in read(path)[0]] == ["before", "after"]


def test_a_full_file_is_never_put_over_another(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    theirs = [tmp_path / f"journal.{n:015d}" for n in (2, 3)]

    async def run(journal: Journal, write: Write) -> None:
        for one in theirs:
            one.write_text("somebody's")
        for n in range(1, 7):
            await write(f"{n} {'x' * 150}")

    in_use(path, run, segment_bytes=500)
    assert [one.read_text() for one in theirs] == ["somebody's"] * 2
    assert (tmp_path / "journal.000000000000004").exists()
    found, condition = read(path)
    assert ([seq for seq, _ in found], condition["missing"]) == ([1, 2, 3, 4, 5, 6], 0)


def limit(server: ServerProcess, size: int) -> None:
    """As if the disk were full once a file has so many bytes."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_is_told_and_nothing_is_torn_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        sms, mail = make_twilio(http), make_sendgrid(http)
        sms.send(Body="before")
        limit(server, journal.stat().st_size + 200)
        for _ in range(3):
            refused = sms.create(Body="lost")
            assert (refused.status_code, "File too large" in refused.text) == (500, True)
        refused = mail.create(content=[{"type": "text/plain", "value": "x" * 100_000}])
        assert refused.status_code == 500
        health = http.get("/_mock/health").json()
        assert (health["status"], "can't be written" in health["journal"]["failure"]) == ("failing", True)
        limit(server, resource.RLIM_INFINITY)
        sms.send(Body="after")
        health = http.get("/_mock/health").json()
        assert (health["status"], health["journal"]["failure"]) == ("ok", None)
        texts = [entry["text"] for entry in entries(http, type="called")]
        assert (texts[0], texts[-1], texts.count("lost")) == ("before", "after", 0)
    server.kill()
    assert journal.read_bytes().startswith(header(0))
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        assert [entry["text"] for entry in entries(http, type="called")] == texts
        record = http.get("/_mock/health").json()["journal"]
        assert not any(record[name] for name in ("damaged", "missing", "notes"))
        assert "journal" not in http.get("/_mock/calls").json()
    assert server.stop() == 0


def test_damage_is_told_at_the_start_on_health_and_with_the_calls(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        sms = make_twilio(http)
        for n in range(3):
            sms.send(Body=f"text {n}")
    server.kill()
    journal.write_bytes(journal.read_bytes().replace(b"text 1", b"test 1") + b"torn")
    said = tmp_path / "said"
    with said.open("w") as stderr:
        server = start_server(journal=journal, stderr=stderr)
    with httpx.Client(base_url=server.url) as http:
        record = http.get("/_mock/health").json()["journal"]
        assert (record["file"], record["damaged"], record["missing"]) == ("journal.jsonl", 1, 1)
        assert record["places"][0]["file"] == "journal.jsonl"
        assert "its 4 bytes were cut off, and are kept in journal.jsonl.torn-1" in record["notes"][0]
        assert record == http.get("/_mock/calls").json()["journal"] | {"failure": None}
        assert [entry["text"] for entry in entries(http, type="called")] == ["text 0", "text 2"]
    assert server.stop() == 0
    lines = said.read_text().splitlines()
    assert ("1 damaged and can't be read, 1 missing from the numbering" in lines[0], "torn" in lines[1]) == (True, True)


def test_a_body_that_is_damaged_is_told_and_not_shown(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        mail = make_sendgrid(http)
        for _ in range(2):
            mail.send(content=[{"type": "text/plain", "value": "x" * 100_000}])
        calls = [entry["call"] for entry in entries(http, type="called")]
    server.kill()
    first, second = sorted((tmp_path / "journal.jsonl.bodies").iterdir())
    first.write_bytes(first.read_bytes().replace(b"xxx", b"xyx", 1))
    os.truncate(second, 10)
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        answer = http.get(f"/_mock/calls/{calls[0]}/body")
        assert (answer.status_code, "is damaged" in answer.json()["error"]) == (503, True)
        assert http.get("/_mock/health").json()["journal"]["bodies"] == 1
    assert server.stop() == 0
