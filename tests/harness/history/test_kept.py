"""What a history keeps of what was worked out, and what it knows of its end; an event as its line has it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from histories import made, right

from harness.errors import UsageError
from harness.history import Event, History
from harness.history.event import EMPTY, Known
from harness.history.history import DIGITS
from harness.history.journal import Journal, merge
from harness.history.reading import AT_ONCE, read, read_events, together
from harness.history.story import brief, last_words, shorten, tell

WORKED: list[int] = []


def counting(events: list[Event]) -> int:
    WORKED.append(len(events))
    return len(events)


def length(history: History) -> int:
    WORKED.append(len(history))
    return len(history)


def test_what_is_drawn_is_drawn_anew_only_when_another_of_its_kinds_has_come() -> None:
    WORKED.clear()
    history = History()
    assert [history.drawn(counting, "queue.acked", "queue.deleted") for _ in range(2)] == [0, 0]
    history.append("queue.acked", source="s")
    assert [history.drawn(counting, "queue.acked", "queue.deleted") for _ in range(2)] == [1, 1]
    history.append("worker.log", source="s")
    assert [history.drawn(counting, "queue.acked", "queue.deleted") for _ in range(2)] == [1, 1]
    history.append("queue.deleted", source="s")
    assert history.drawn(counting, "queue.acked", "queue.deleted") == 2
    assert history.drawn(counting, "worker.log") == 1, "other kinds are another question"
    assert WORKED == [0, 1, 2, 1]


def test_what_is_kept_is_worked_out_anew_with_every_event() -> None:
    WORKED.clear()
    history = History()
    assert [history.kept(length), history.kept(length)] == [0, 0]
    history.append("worker.log", source="s")
    assert [history.kept(length), history.kept(length)] == [1, 1]
    assert WORKED == [0, 1]


def test_until_when_a_record_was_read() -> None:
    empty = History()
    assert empty.until == 0.0
    empty.read_to_end(5.12345678)
    assert empty.until == 5.123457
    empty.read_to_end(3.0)
    assert empty.until == 5.123457, "what was read is never unread"
    event = History.of([made("queue.acked", at=0)], until=0.0).append("worker.log", source="s")
    assert History.of([event], until=event.seen - 1).until == event.seen


def test_times_are_kept_as_a_file_keeps_them() -> None:
    event = History().append("worker.log", source="s", at=1.23456789)
    assert (event.at, event.seen) == (1.234568, round(event.seen, DIGITS))
    now = History().append("worker.log", source="s")
    assert abs(now.at - time.time()) < 60
    assert abs(now.seen - time.monotonic()) < 60


def test_events_that_join_a_record_are_numbered_on_and_told_to_nobody() -> None:
    history, heard = History.of(right().events[:3]), []
    history.listen(heard.append)
    history.extend(right().events[3:5])
    assert [event.seq for event in history.events()] == [0, 1, 2, 3, 4]
    assert heard == []
    assert heard == [] != [history.append("worker.log", source="s")]
    assert [event.seq for event in heard] == [5]


def test_the_first_end_counts_and_ends_every_wait() -> None:
    history = History()
    assert history.over is None
    history.end(RuntimeError("first"))
    history.end(RuntimeError("second"))
    assert str(history.over) == "first"
    with pytest.raises(RuntimeError, match="first"):
        history.wait_for(lambda _: False, within=60)


def test_a_wait_looks_again_when_it_is_woken() -> None:
    history, told = History(), []
    waker = threading.Timer(0.01, lambda: (told.append("yes"), history.wake()))
    waker.start()
    assert history.wait_until(lambda: told[:1], deadline=0.0) == []
    assert history.wait_until(lambda: told[:1] or None, deadline=time.monotonic() + 60) == ["yes"]
    waker.join()


def test_a_line_is_the_event_again() -> None:
    event = made("queue.acked", at=1, source="queue", keys=["a", "b"], message_id="m", n=1, deep={"x": "y"})
    line = json.loads(json.dumps(event.to_json()))
    assert Event.from_json(line) == event
    assert line["at"] == 1000.001
    assert Event.from_json({**line, "data": {}}).data is EMPTY
    assert Event.from_json({**line, "keys": None}).keys == ()


def test_what_repeats_from_line_to_line_is_one_object() -> None:
    texts = "".join(["a ", "text"]), "".join(["a ", "text"])
    line = {"seq": 0, "at": 0, "seen": 0, "source": "s", "kind": "worker.log"}
    known = Known()
    lines = [{**line, "data": {"t": text, "deep": {"t": text}, "n": 1}} for text in texts]
    first, second = (Event.from_json(one, known).data for one in lines)
    assert first["t"] is second["t"] is second["deep"]["t"]
    assert first["n"] == 1


def lines_of(number: int) -> list[str]:
    return [
        json.dumps({"seq": n, "at": n, "seen": n, "source": "s", "kind": "worker.log"}) + "\n" for n in range(number)
    ]


@pytest.mark.parametrize("bad", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1])
def test_a_line_that_is_no_event_is_named_wherever_it_stands(tmp_path: Path, bad: int) -> None:
    lines = lines_of(AT_ONCE + 3)
    lines[bad] = "[]\n"
    path = tmp_path / "history.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"history\.jsonl, line {bad + 1} is no event"):
        read(path)


@pytest.mark.parametrize("number", [1, 2, AT_ONCE, AT_ONCE + 1])
def test_a_torn_last_line_is_dropped(tmp_path: Path, number: int) -> None:
    lines = lines_of(number)
    path = tmp_path / "history.jsonl"
    path.write_text("".join(lines)[:-5], encoding="utf-8")
    assert len(read_events(path)) == number - 1


def test_lines_that_hold_another_number_of_events_are_not_read_together() -> None:
    row = lines_of(1)[0].strip()
    assert together([f"{row},{row}\n"]) is None
    assert together(["[]\n"]) is None
    assert len(together([row, row]) or ()) == 2


def test_runs_are_joined_by_time_then_run_then_place(tmp_path: Path) -> None:
    for run, times in (("b", [1, 3, 3]), ("a", [3, 4])):
        history = History()
        journal = Journal(history, tmp_path / run)
        for at in times:
            history.append("worker.log", source=run, at=at)
        journal.close()
        history.append("worker.log", source=run, at=9)  # after its end: ignored
        assert journal.error is None
    assert merge([("b", tmp_path / "b"), ("a", tmp_path / "a")], tmp_path / "all") == 5
    rows = [json.loads(line) for line in (tmp_path / "all").read_text(encoding="utf-8").splitlines()]
    told = [(row["seq"], row["run"], row["place"]) for row in rows]
    assert told == [(0, "b", 0), (1, "a", 0), (2, "b", 1), (3, "b", 2), (4, "a", 1)]


def test_a_line_of_a_story_is_never_wider_than_a_terminal() -> None:
    event = made("provider.called", at=0, provider="x" * 48, endpoint="y" * 60, to="z" * 48)
    assert [len(line) for line in tell([event]).splitlines()] == [96]
    assert [len(line) for line in last_words([event]).splitlines()] == [96]


def test_what_is_just_short_enough_is_told_whole() -> None:
    assert (shorten("x" * 48), shorten("x" * 49)) == ("x" * 48, "x" * 47 + "…")
    assert (shorten("abc", 3), shorten("abcd", 3)) == ("abc", "ab…")
    assert brief(made("queue.counted", at=0, stream="s", length=0, pending=None, lag=[])) == "stream=s length=0"
