"""What a user gets wrong with `harness trace` and the page is one line that says what to do, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from histories import ID, held

from harness.commands.cli import main
from harness.history.journal import encode
from tests.in_process import call

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from made_record import id_of
from made_record import write as made

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record, and things that are none."""
    root = tmp_path_factory.mktemp("records")
    made(root / "good")
    (root / "empty.jsonl").write_bytes(b"")
    (root / "noise.jsonl").write_bytes(b"\x00\xff{]\n" * 50)
    (root / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(root / "torn.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(root / "good" / "history.jsonl", "v/history.jsonl")
    content = bytearray((root / "torn.zip").read_bytes())
    content[300:340] = bytes(40)
    (root / "torn.zip").write_bytes(content)
    with zipfile.ZipFile(root / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    (root / "nothing").mkdir()
    return root


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trace", "x", "--from", "absent"], "no record can be read from"),
        (["trace", "x", "--from", "empty.jsonl"], "holds no message, and so not 'x'"),
        (["trace", "x", "--from", "noise.jsonl"], "holds no message, and so not 'x'"),
        (["trace", "x", "--from", "cut.zip"], "its end, where an archive says what is in it, is damaged"),
        (["trace", "x", "--from", "torn.zip"], "can't be unpacked"),
        (["trace", "x", "--from", "other.zip"], "no history.jsonl is in"),
        (["trace", "x", "--from", "nothing"], "no history.jsonl is in"),
        (["trace", "x", "--from", "good"], f"its ids: …, {id_of(39)}, {id_of(40)}, {id_of(41)} (42 in all)"),
        (["trace", "", "--from", "good"], "'' names no message"),
        (["trace", "--from", "good"], "Missing argument 'MESSAGE'; or --last-failed, or --scenario NAME"),
        (["trace", "x", "--last-failed", "--from", "good"], "name messages in two ways; keep one"),
        (["trace", "--scenario", "none", "--from", "good"], "no scenario holds 'none'"),
        (["trace", "--scenario", "test", "--from", "good"], "3 scenarios hold 'test'"),
        (["trace", "--last-failed", "--from", "empty.jsonl"], "no verdicts lie beside the history"),
        (["trace", "--last-failed", "--compare", "x", "--from", "good"], "--compare goes with a MESSAGE"),
        (["trace", "--last-failed", "--html", "x.html", "--from", "good"], "--html writes the timeline of one MESSAGE"),
        (["trace", "--follow"], "Missing argument 'MESSAGE'"),
        (["trace", "x", "--follow", "--from", "good"], "goes with a MESSAGE alone"),
        (["report", "--page", "--from", "absent"], "no record can be read from"),
        (["report", "--page", "--from", "noise.jsonl"], "holds no event that can be read (50 lines can't)"),
        (["report", "--page", "--from", "torn.zip"], "can't be unpacked"),
        (["report", "--from", "good"], "--from: only of the page; add --page"),
    ],
)
def test_a_mistake_is_one_line(place: Path, words: list[str], said: str) -> None:
    known = {path.name for path in place.iterdir()} | {"absent"}
    done = call(main, *(place / word if word in known else word for word in words))
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_what_failed_last_is_shown(place: Path) -> None:
    done = call(main, "trace", "--last-failed", "--from", place / "good")
    assert done.returncode == 0, done.stderr
    assert "FAIL test_that_fails[<b>sms</b>]" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("message ")] == [
        f"message {id_of(number)}" for number in (30, 31, 32)
    ]


def test_two_messages_stand_beside_each_other(place: Path, tmp_path: Path) -> None:
    done = call(main, "trace", id_of(1), "--compare", id_of(30), "--from", place / "good")
    assert "the first difference: provider.called twilio, messages.create: on the left alone" in done.stdout
    same = call(main, "trace", id_of(1), "--compare", id_of(2), "--from", place / "good")
    assert "no difference" in same.stdout
    made(tmp_path / "again")
    pair = call(main, "trace", "--scenario", "that_fails", "--from", place / "good", "--with", tmp_path / "again")
    assert pair.stdout.count("no difference") == 3


def test_a_record_that_grows_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    lines = [encode(one) for one in held().history.events()]
    path.write_text("\n".join([*lines, lines[-1][:30]]), encoding="utf-8")
    done = call(main, "trace", ID, "--from", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hold of worker" in done.stdout
