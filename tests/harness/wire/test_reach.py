"""What a command may change of a watched stream unread; and what it can't."""

from __future__ import annotations

import pytest

from harness.wire.reach import Watched, changed, reaches

WATCHED = Watched(streams=frozenset({b"jobs", b"dead"}), group=b"workers")


def reached(command: str, *, here: int = 0, scripts: bool = True) -> tuple[str, str | None] | None:
    said = reaches([word.encode() for word in command.split()], WATCHED, here=here, scripts=scripts)
    return None if said is None else (said["command"], said["stream"])


@pytest.mark.parametrize(
    "command",
    [
        "DEL jobs",
        "del other jobs",
        "UNLINK jobs",
        "RENAME jobs other",
        "RENAME other jobs",
        "RENAMENX other jobs",
        "COPY other jobs",
        "RESTORE jobs 0 payload",
        "MOVE jobs 5",
        "XSETID jobs 5-0",
        "EXPIRE jobs 5",
        "PEXPIREAT jobs 5",
        "SET jobs 1",
        "MSET a 1 jobs 2",
        "MIGRATE host 1 jobs 0 5",
        "MIGRATE host 1 KEYS a jobs",
        "SORT other STORE jobs",
        "SUNIONSTORE jobs a b",
        "BRANDNEW option jobs",
        "JSON.SET jobs $ 1",
    ],
)
def test_a_command_that_names_a_stream_and_is_not_read(command: str) -> None:
    assert reached(command) == (command.split(maxsplit=1)[0].upper(), "jobs")


@pytest.mark.parametrize("command", ["DESTROY jobs workers", "SETID jobs workers 0", "DELCONSUMER jobs workers w1"])
def test_what_is_taken_from_the_workers_group(command: str) -> None:
    assert reached(f"XGROUP {command}") == (f"XGROUP {command.split(maxsplit=1)[0]}", "jobs")
    assert reached(f"XGROUP {command.replace('workers', 'audit')}") is None


@pytest.mark.parametrize(
    "command", ["FLUSHDB", "FLUSHALL ASYNC", "SWAPDB 0 1", "EVAL x 0", "EVALSHA x 1 k", "FCALL f 0"]
)
def test_what_works_on_all_streams(command: str) -> None:
    assert reached(command) == (command.split(maxsplit=1)[0], None)


@pytest.mark.parametrize(
    "command",
    [
        "XLEN jobs",
        "XINFO STREAM jobs",
        "XRANGE jobs - +",
        "XREVRANGE jobs + -",
        "XPENDING jobs workers",
        "TYPE jobs",
        "EXISTS jobs",
        "TTL jobs",
        "OBJECT ENCODING jobs",
        "MEMORY USAGE jobs",
        "XGROUP CREATE jobs workers $",
        "XGROUP CREATECONSUMER jobs workers w1",
        "PUBLISH jobs hello",
        "SADD queues jobs",
        "HSET names a jobs",
        "DEL other",
        "DEL JOBS",
        "SWAPDB 2 3",
        "EVAL_RO x 1 jobs",
        "DEBUG SLEEP 0",
        "WATCH jobs",
        "XADD jobs * a b",
        "XTRIM jobs MAXLEN 5",
        "XADD other * stream jobs",
        "",
    ],
)
def test_what_changes_nothing_or_is_read(command: str) -> None:
    assert reached(command) is None


def test_another_database_is_not_ours_unless_it_is_reached_from_there() -> None:
    assert reached("DEL jobs", here=3) is None
    assert reached("FLUSHDB", here=3) is None
    assert reached("EVAL x 0", here=3) is None
    assert reached("FLUSHALL", here=3) == ("FLUSHALL", None)
    assert reached("SWAPDB 3 0", here=3) == ("SWAPDB", None)
    assert reached("MOVE jobs 0", here=3) == ("MOVE", "jobs")
    assert reached("MOVE jobs 4", here=3) is None
    assert reached("COPY x jobs DB 0", here=3) == ("COPY", "jobs")
    assert reached("COPY x jobs", here=3) is None
    assert reached("MOVE", here=3) is None


def test_a_script_whose_own_commands_are_seen_is_no_riddle() -> None:
    assert reached("EVAL x 1 jobs", scripts=False) is None


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("DEL jobs", 0, False),
        ("DEL jobs", 1, True),
        ("EXPIRE jobs 5", 0, False),
        ("COPY a jobs", 0, False),
        ("SORT a STORE jobs", 0, True),
        ("DEL jobs", RuntimeError("NOPERM no"), False),
        ("EVAL x 0", RuntimeError("NOSCRIPT none"), False),
        ("EVAL x 0", RuntimeError("ERR it broke in line 5"), True),
        ("EVAL x 0", None, True),
    ],
)
def test_what_an_answer_leaves_open(command: str, reply: object, *, expected: bool) -> None:
    assert changed([word.encode() for word in command.split()], reply) is expected
