"""The timeline as data: order, lanes, who did it, what was open, what was disturbed."""

from __future__ import annotations

from histories import ID, Script, gated, held, made, right

from harness.history import Event
from harness.reports.lanes import MOST_ROWS, Row, Timeline, timeline


def drawn(script: Script, *, witnesses: list[Event] | None = None) -> Timeline:
    history = script.history
    return timeline(history, script.flow(history), witnesses=witnesses or [])


def row(found: Timeline, kind: str) -> Row:
    return next(row for row in found.rows if row.event.kind == kind)


def test_rows_are_in_order_of_time_with_their_gaps() -> None:
    rows = drawn(right()).rows
    assert [round(one.since_ms) for one in rows] == sorted(round(one.since_ms) for one in rows)
    assert rows[0].since_ms == rows[0].gap_ms == 0
    assert round(sum(one.gap_ms for one in rows), 3) == round(rows[-1].since_ms, 3)


def test_each_event_has_its_lane_and_the_process_that_did_it() -> None:
    found = drawn(right())
    assert (row(found, "queue.appended").lane, row(found, "queue.appended").actor) == ("queue", "api")
    assert (row(found, "queue.acked").lane, row(found, "queue.acked").actor) == ("queue", "worker")
    assert (row(found, "provider.called").lane, row(found, "provider.called").actor) == ("provider", None)
    assert {one.lane for one in found.rows} == {"api", "queue", "database", "provider"}


def test_what_is_under_way_ends_with_what_ends_it() -> None:
    found = drawn(right())
    assert row(found, "api.requested").open == {"api"}
    assert "queue" in row(found, "queue.appended").open
    assert "api" not in row(found, "api.answered").open
    assert {"worker", "queue", "provider"} <= row(found, "provider.called").open
    assert "provider" not in row(found, "provider.answered").open
    assert row(found, "queue.acked").open == {"database"}


def test_a_hold_shades_the_worker_for_as_long_as_it_lasts() -> None:
    found = drawn(held())
    assert row(found, "api.answered").shaded == {"worker": "hold of worker"}
    assert row(found, "queue.claimed").shaded == {}
    assert found.disturbed == ["hold of worker"]
    assert not row(found, "fault.began").ours


def test_a_gate_shades_the_api_and_shows_when_it_was_reached() -> None:
    found = drawn(gated())
    assert row(found, "fault.hit").lane == "api"
    assert "api" in row(found, "fault.hit").shaded
    assert "api" not in row(found, "api.answered").shaded


def test_a_hold_of_another_time_is_not_shown() -> None:
    script = Script([*held().events])
    later = [made("fault.began", at=500, fault="hold", target="worker", number=7)]
    assert drawn(Script([*script.events, *later])).disturbed == ["hold of worker"]
    assert drawn(Script([*right().events, *later])).disturbed == []


def test_witnesses_are_marked_also_where_they_are_no_events_of_the_message() -> None:
    script = right().add("queue.counted", at=11, source="counters", stream="message_queue:sms", length=0)
    history = script.history
    counted, called = history.events("queue.counted")[0], history.events("provider.called")[0]
    found = drawn(script, witnesses=[counted, called])
    assert [one.event.kind for one in found.rows if one.witness] == ["provider.called", "queue.counted"]
    assert row(found, "queue.counted").lane == "queue"
    assert not row(found, "queue.counted").ours


def test_a_worker_that_died_is_at_work_no_more() -> None:
    script = right().drop("queue.acked", "queue.deleted")
    died = made("process.exited", at=9, source="deploy", process="worker-1", role="worker", code=-9)
    script = Script([*script.events, died]).add("worker.log", at=12, message_id=ID, process="worker-2", text="again")
    found = drawn(script)
    assert "worker" in row(found, "provider.called").open
    assert "worker" not in row(found, "process.exited").open
    assert row(found, "process.exited").said == "worker-1 exited with -9"


def test_too_many_rows_are_counted() -> None:
    script = right()
    for number in range(MOST_ROWS):
        script = script.add("worker.log", at=20 + number, message_id=ID, process="worker-1", text=str(number))
    found = drawn(script)
    assert len(found.rows) == MOST_ROWS
    assert found.left_out == len(right().drop("process.started", "probe.started").events)


def test_nothing_recorded_is_an_empty_timeline() -> None:
    assert drawn(Script()).rows == ()
