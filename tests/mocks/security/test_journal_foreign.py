"""A journal is never written over what isn't surely one: it is refused in one line, and nothing of it is changed."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journals import as_they_are, read, serve, write

from mock_providers.errors import JournalError
from mock_providers.journal import Journal
from mock_providers.journal.lines import header, seal
from mock_providers.memory import Memory

ENTRY = {"seq": 1, "at": 1.0, "type": "called", "provider": "twilio", "account": "AC", "call": 1}
OURS = header(0) + seal(json.dumps(ENTRY).encode())
LATER = b'{"journal":"mock-providers","version":2,"after":0}'

FOREIGN = {
    "text": b"Dear diary,\nnothing happened today.\n",
    "text without a line's end": b"a list of things to do",
    "one byte": b"{",
    "CSV": b"to,from,body\n+1555,+1666,hello\n",
    "JSON": b'{"a": 1}\n',
    "JSON lines of something else": b'{"seq":1,"at":1.0,"type":"called"}\n{"seq":2}\n',
    "an export of ours": json.dumps(ENTRY).encode() + b"\n",
    "lines with checksums of something else": b'{"id":7,"crc":"00000000"}\n{"id":8,"crc":"11111111"}\n',
    "sealed, but no entry": seal(b'{"seq":"one"}'),
    "binary": bytes(range(256)) * 40,
    "zeros": bytes(5000),
    "empty lines": b"\n\n\n",
    "an empty line before ours": b"\n" + OURS,
    "ours behind something else": b"notes on a journal:\n" + OURS,
    "ours behind zeros and a line": b"\0\0\0notes\n" + OURS,
    "a database": b"SQLite format 3\0" + bytes(4000),
    "a later version": seal(LATER) + seal(json.dumps(ENTRY).encode()),
    "a later version with another seal": LATER + b"\n" + OURS,
    "a later version, torn": LATER[:-1],
    "UTF-16": "\ufeffnotes\n".encode("utf-16"),
}


@pytest.mark.parametrize("held", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_others_is_refused(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "mine"
    path.write_bytes(held)
    path.chmod(0o644)
    os.utime(path, (1e9, 1e9))
    before = as_they_are(tmp_path)
    with pytest.raises(JournalError, match="--journal"):
        Journal(path)
    assert as_they_are(tmp_path) == before


def a_symbolic_link(path: Path) -> None:
    write(path.with_name("journal"), ["one"])
    path.symlink_to(path.with_name("journal"))


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.mkdir()


def read_only(path: Path) -> None:
    write(path, ["one"])
    path.chmod(0o444)


def anothers(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of another user")
    write(path, ["one"])
    os.chown(path, 12345, -1)


def a_device(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a device")
    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))


@pytest.mark.parametrize("make", [a_symbolic_link, a_pipe, a_folder, read_only, anothers, a_device])
def test_a_path_that_is_no_plain_file_of_ours_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "mine"
    make(path)
    before = as_they_are(tmp_path)
    done = serve(path)
    assert done.returncode == 3, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("mock-providers: ")
    assert "--journal" in line
    assert as_they_are(tmp_path) == before


def test_a_server_refuses_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "no\nte\x1b[31ms.txt"
    path.write_bytes(FOREIGN["text"])
    before = as_they_are(tmp_path)
    done = serve(path)
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert "isn't a journal of mock-providers, and is left as it is" in line
    assert "\x1b" not in line
    assert as_they_are(tmp_path) == before


def test_an_empty_file_and_an_earlier_journal_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.touch(mode=0o640)
    write(path, ["one"])
    assert path.read_bytes().startswith(header(0))
    assert path.stat().st_mode & 0o777 == 0o640
    assert read(path)[0] == [(1, "one")]
    earlier = tmp_path / "earlier"
    earlier.write_bytes(seal(json.dumps(ENTRY | {"text": "old"}).encode()))
    write(earlier, ["new"])
    shown, condition = read(earlier)
    assert shown == [(1, "old"), (2, "new")]
    assert (condition["damaged"], condition["missing"], condition["notes"]) == (0, 0, [])


def test_what_lies_beside_a_journal_stays(tmp_path: Path) -> None:
    """Names like our segments', bodies', accounts' and temporary files', with something else in them."""
    path = tmp_path / "calls"
    bodies = tmp_path / "calls.bodies"
    bodies.mkdir()
    theirs = {
        "calls.2024": b"a year's calls",
        "calls.1": b"rotated by another",
        "calls.000000000000001": b"notes",
        "calls.000000000000002": seal(LATER),
        "calls.torn-1": b"paper",
        "calls.accounts.new": b"people",
        "calls.bodies/1": b"a poem",
        "calls.bodies/1-5-00000000.body": b"12345",
        "calls.bodies/notes": b"",
        "calls.000000000000003-copy": OURS,
    }
    for name, held in theirs.items():
        (tmp_path / name).write_bytes(held)
    before = {name: one for name, one in as_they_are(tmp_path).items() if name in theirs}

    async def run() -> None:
        from mock_providers.bodies import Bodies

        kept = Bodies(path)
        journal = Journal(path, segment_bytes=200)
        kept.find(journal.seq)
        for _ in range(5):
            journal.append("called", "twilio", "AC", None, {"text": "x" * 200})
            await journal.committed()
        kept.keep(5, b"b" * 70_000)
        Memory(path).keep("twilio", "AC", {"lifecycle": "manual"})
        journal._file.drop_before(10**14)  # type: ignore[union-attr]
        kept.forget(10**14)
        journal.close()
        with path.open("ab") as file:
            file.write(b'{"seq":6,"at":')
        Journal(path, segment_bytes=200).close()
        assert (tmp_path / "calls.torn-2").read_bytes() == b'{"seq":6,"at":'

    asyncio.run(run())
    assert {name: one for name, one in as_they_are(tmp_path).items() if name in theirs} == before


@pytest.mark.parametrize(
    "held",
    [
        b"[]",
        b"not JSON",
        b'{"twilio/AC": 1}',
        b'{"name": {"age": 7}}',
        b'{"accounts": "mock-providers", "version": 2, "kept": {}}',
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
    ],
    ids=["list", "text", "no settings", "others' names", "later", "bytes", "empty", "deep"],
)
def test_a_list_of_accounts_that_isnt_ours_is_refused_and_nothing_is_made(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "calls"
    (tmp_path / "calls.accounts").write_bytes(held)
    before = as_they_are(tmp_path)
    done = serve(path)
    assert done.returncode == 3, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert as_they_are(tmp_path) == before


def test_accounts_that_were_changed_by_others_meanwhile_are_not_written_over(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "calls")
    memory.keep("twilio", "AC", {"lifecycle": "manual"})
    kept = tmp_path / "calls.accounts"
    kept.unlink()
    kept.write_bytes(b"their own")
    with pytest.raises(JournalError, match="changed by others"):
        memory.keep("twilio", "AC", {"seed": 1})
    assert kept.read_bytes() == b"their own"


def test_accounts_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    held: dict[str, Any] = {"twilio/AC": {"lifecycle": "manual"}}
    (tmp_path / "calls.accounts").write_text(json.dumps(held))
    assert list(Memory(tmp_path / "calls")) == [("twilio", "AC", {"lifecycle": "manual"})]


def test_a_folder_of_bodies_that_is_a_file_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "calls.bodies").write_text("my bodies")
    before = as_they_are(tmp_path)
    done = serve(tmp_path / "calls")
    assert (done.returncode, "isn't a folder" in done.stderr) == (3, True)
    assert as_they_are(tmp_path) == before
