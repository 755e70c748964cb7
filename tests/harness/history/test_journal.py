"""A history on disk: what was appended is read again, a torn last line costs nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.history import KINDS, History, Journal, merge, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(sorted(KINDS)),
            "source": st.text(min_size=1, max_size=8),
            "at": st.floats(0, 2e9).map(lambda at: round(at, 6)),
            "message_id": st.none() | st.text(min_size=1, max_size=8),
            "data": st.dictionaries(st.text(max_size=6), VALUES, max_size=4),
            "keys": st.lists(st.text(min_size=1, max_size=6), max_size=3),
        }
    ),
    max_size=8,
)


@given(rows=EVENTS)
def test_what_was_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "history.jsonl"
    history = History()
    journal = Journal(history, path)
    for row in rows:
        history.append(**row)  # type: ignore[arg-type]  # reason: drawn rows are of the right types
    journal.close()
    again = read(path)
    assert [event.to_json() for event in again.events()] == [event.to_json() for event in history.events()]


def written(path: Path, count: int) -> bytes:
    history = History()
    journal = Journal(history, path)
    for number in range(count):
        history.append("worker.log", source="log worker-1", data={"text": f"line {number} ü"})
    journal.close()
    return path.read_bytes()


def test_each_line_is_out_before_the_next_event(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History()
    journal = Journal(history, path)
    for number in range(3):
        history.append("worker.log", source="s")
        assert len(path.read_text().splitlines()) == number + 1
    journal.close()
    history.append("worker.log", source="s")
    assert len(path.read_text().splitlines()) == 3


def test_a_writer_killed_at_any_byte_costs_one_line_at_most(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    whole = written(path, 3)
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        complete = whole[:size].count(b"\n")
        assert len(read(path)) in (complete, complete + 1), size


def test_a_broken_line_in_the_middle_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    lines = written(path, 3).splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{broken\n" + lines[2])
    with pytest.raises(UsageError, match=r"line 2 is no event .* is it a history\.jsonl\?"):
        read(path)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no history can be read from .*; run `harness verify` first"):
        read(tmp_path / "none.jsonl")


def test_a_path_that_is_taken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"can't be written to .*; free the path or name another with --build"):
        Journal(History(), tmp_path / "file" / "history.jsonl")


def test_a_full_disk_does_not_stop_the_run() -> None:
    history = History()
    journal = Journal(history, Path("/dev/full"))
    history.append("worker.log", source="s")
    history.append("worker.log", source="s")
    journal.close()
    assert journal.error is not None
    assert len(history) == 2


def test_histories_of_parallel_runs_are_joined_by_time(tmp_path: Path) -> None:
    for run, times in (("gw0", (1.0, 4.0)), ("gw1", (2.0, 3.0))):
        history = History()
        journal = Journal(history, tmp_path / f"{run}.jsonl")
        for at in times:
            history.append("worker.log", source="s", at=at)
        journal.close()
    target = tmp_path / "history.jsonl"
    assert merge([(run, tmp_path / f"{run}.jsonl") for run in ("gw0", "gw1")], target) == 4
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(row["seq"], row["at"], row["run"]) for row in rows] == [
        (0, 1.0, "gw0"),
        (1, 2.0, "gw1"),
        (2, 3.0, "gw1"),
        (3, 4.0, "gw0"),
    ]
