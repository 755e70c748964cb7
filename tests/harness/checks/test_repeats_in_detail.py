"""What explains a second entry or a second call: whom a disturbance met, and when, to the edges."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT, ID, TOKEN, made

from harness.checks.lacking import permanent
from harness.checks.lifecycle import backward_moves, moved_back
from harness.checks.repeats import NOTED_S, first_generation, insisted, queued_again, retry_count, sent_again
from harness.history import Event, Flow, History, key
from harness.history.facts import Facts
from harness.history.flow import GIVE_UP_S

TEXT = [key("token", TOKEN)]
DECLARED = replace(made("probe.started", at=0, source="queue", kinds=["queue.appended", "queue.acked"]), seen=0.0)


def at(kind: str, seconds: float, **data: Any) -> Event:
    return replace(made(kind, at=seconds * 1000, keys=TEXT, **data), seen=seconds)


def entry(seconds: float, name: str, **data: Any) -> Event:
    return at("queue.appended", seconds, entry=name, **data)


def call(number: int, begin: float, end: float, **answer: Any) -> list[Event]:
    said = {"status": 201, "accepted": True, **answer}
    return [at("provider.called", begin, call=number), at("provider.answered", end, call=number, **said)]


def disturbed(fault: str, target: str, begin: float, end: float | None, **data: Any) -> list[Event]:
    what = {"source": "harness", "fault": fault, "target": target, "number": f"{fault}{begin}", **data}
    begun = replace(made("fault.began", at=begin * 1000, **what), seen=begin)
    return [begun] if end is None else [begun, replace(made("fault.ended", at=end * 1000, **what), seen=end)]


def record(*events: Event, seen: bool = True) -> tuple[Flow, Facts]:
    history = History.of(sorted([*([DECLARED] if seen else []), *events], key=lambda event: event.seen), until=1000.0)
    return Flow(history.flow(TEXT[0])), Facts(history)


SENT_ONCE = [
    at("api.requested", 0.0, operation="send", request=1),
    at("api.answered", 3.0, operation="send", request=1),
]


def why_queued(*more: Event, entries: tuple[Event, ...] = (entry(1.0, "a"), entry(2.0, "b"))) -> str | None:
    found = queued_again(*record(*SENT_ONCE, *entries, *more))
    return found and found[0]


@pytest.mark.parametrize(
    ("target", "begin", "end", "explained"),
    [
        ("api", 1.2, 1.3, True),
        ("api", 1.0 + NOTED_S, 1.6, True),
        ("api", 1.01 + NOTED_S, 1.6, False),  # it had noted by then that it had queued it
        ("worker", 1.9, 1.95, True),  # who has it in hand may put it back
        ("worker", 2.0, 2.1, True),
        ("worker", 2.1, 2.2, False),
        ("api", 0.0, 0.0, True),
        ("api", -2.0, -1.0, False),
        ("api", 1.2, None, True),
    ],
)
def test_whose_end_explains_a_second_entry(target: str, begin: float, end: float | None, explained: bool) -> None:
    assert (why_queued(*disturbed("kill", target, begin, end)) is not None) is explained
    if explained:
        assert why_queued(*disturbed("kill", target, begin, end)) == f"kill of the {target}"


def test_who_had_acknowledged_an_entry_does_not_put_it_back() -> None:
    acked = at("queue.acked", 1.7, entry="a")
    assert why_queued(acked, *disturbed("kill", "worker", 1.8, 1.9)) is None
    assert why_queued(acked, *disturbed("kill", "worker", 1.65, 1.9)) == "kill of the worker"


@pytest.mark.parametrize(
    ("target", "begin", "end", "second", "explained"),
    [
        ("worker", 0.5, 9.0, 1.0 + GIVE_UP_S, True),
        ("worker", 0.5, 9.0, 0.9 + GIVE_UP_S, False),
        ("worker", 1.5, 9.0, 1.0 + GIVE_UP_S, False),
        ("worker", 0.5, 0.9 + GIVE_UP_S, 9.0, False),
        ("worker", 0.5, None, 1.0 + GIVE_UP_S, True),
        ("api", 0.5, 9.0, 1.0 + GIVE_UP_S, False),
    ],
)
def test_an_entry_that_nobody_took_for_long_may_be_put_again(
    target: str, begin: float, end: float | None, second: float, explained: bool
) -> None:
    entries = entry(1.0, "a"), entry(second, "b")
    found = why_queued(*disturbed("hold", target, begin, end), entries=entries)
    assert found == ("hold of the worker" if explained else None)
    taken = at("queue.acked", 1.5, entry="a")
    assert why_queued(taken, *disturbed("hold", target, begin, end), entries=entries) is None


def test_there_are_as_many_reasons_as_entries_too_many() -> None:
    three = entry(1.0, "a"), entry(2.0, "b"), entry(3.0, "c")
    kill, second = disturbed("kill", "api", 1.1, 1.2), disturbed("restart", "api", 2.1, 2.2)
    assert why_queued(*kill, entries=three) is None
    assert why_queued(*kill, *second, entries=three) == "kill of the api"
    assert why_queued(entries=three[:1]) is None


def test_a_call_that_was_not_heard_explains_an_entry_behind_it() -> None:
    failed = call(1, 1.2, 1.3, status=503, accepted=False)
    assert why_queued(*failed) == "a call whose caller wasn't told that it was accepted (503)"
    assert why_queued(*call(1, 2.2, 2.3, status=503, accepted=False)) is None
    assert (
        why_queued(*call(1, 1.2, 1.3, outcome="reset"))
        == "a call whose caller wasn't told that it was accepted (reset)"
    )


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"data": json.dumps({"retry_count": 2})}, 2),
        ({"data": "no json"}, 0),
        ({"kind": "sms", "data": json.dumps({"retry_count": 3})}, 3),
        ({"data": json.dumps({"retry_count": "2"})}, 0),
        ({"data": json.dumps([1])}, 0),
        ({"data": "[" * 100_000}, 0),
        (None, 0),
    ],
)
def test_how_often_an_entry_says_that_it_was_tried(fields: dict[str, str] | None, count: int) -> None:
    assert retry_count(entry(0, "a", fields=fields)) == count


def own(*events: Event) -> list[str]:
    flow, _ = record(*events)
    return [event.data["entry"] for event in first_generation(flow)]


def test_which_entries_are_a_messages_own() -> None:
    first, retry = entry(1.0, "a"), entry(2.0, "b", fields={"data": json.dumps({"retry_count": 1})})
    assert own(first, retry) == ["a"], "nothing says that it wasn't tried"
    assert own(first, *call(1, 1.2, 1.3), retry) == ["a", "b"], "it was sent, so there was nothing to try again"
    assert own(first, *call(1, 1.2, 1.3, status=503, accepted=False), retry) == ["a"]
    assert own(first, call(1, 1.2, 1.3)[0], retry) == ["a"]
    assert own(first, entry(2.0, "b", dead=True)) == ["a"]
    assert own(first, entry(2.0, "b", again=True)) == ["a"]
    assert own(entry(1.0, "a", later=True), entry(2.0, "b")) == ["b"]
    assert own(entry(1.0, "a", later=True)) == ["a"]


def why_sent(*events: Event, seen: bool = True) -> str | None:
    found = sent_again(*record(*events, seen=seen))
    return found and found[0]


TWO_CALLS = [*call(1, 1.0, 1.1), *call(2, 5.0, 5.1)]


@pytest.mark.parametrize(
    ("fault", "target", "begin", "explained"),
    [
        ("kill", "worker", 0.8, False),  # before the call
        ("kill", "worker", 1.05, True),
        ("kill", "worker", 2.0, True),  # before its entry was acknowledged
        ("kill", "worker", 3.1, False),
        ("kill", "api", 2.0, True),  # nobody says that workers are others
        ("hold", "worker", 2.0, False),
    ],
)
def test_whose_end_explains_a_second_call(fault: str, target: str, begin: float, explained: bool) -> None:
    written = [at("database.status", 1.2, new="sent", message_id=ID), at("queue.acked", 3.0, entry="a")]
    found = why_sent(*TWO_CALLS, *written, *disturbed(fault, target, begin, begin + 0.05))
    assert found == (f"{fault} of the {target}" if explained else None)


def test_where_nobody_shows_acknowledgements_a_row_is_all_that_is_written() -> None:
    row = at("database.status", 1.2, new="sent", message_id=ID)
    kill = disturbed("kill", "worker", 2.0, 2.1)
    assert why_sent(entry(0.5, "a"), *TWO_CALLS, row, *kill) == "kill of the worker"
    assert why_sent(entry(0.5, "a"), *TWO_CALLS, row, *kill, seen=False) is None


def test_two_calls_of_which_one_was_not_heard() -> None:
    told = "a call whose caller wasn't told that it was accepted (truncated)"
    assert why_sent(*call(1, 1.0, 1.1, outcome="truncated"), *call(2, 2.0, 2.1)) == told
    assert why_sent(*call(1, 1.0, 1.1), *call(2, 2.0, 2.1, outcome="truncated")) is None, "it came last"
    assert why_sent(*TWO_CALLS) is None


def test_where_no_call_is_seen_a_row_that_arrives_twice_was_sent_twice() -> None:
    moves = [("pending", "sent", 1.0), ("sent", "sending", 2.0), ("sending", "sent", 3.0)]
    rows = [
        at("database.status", when, old=old, new=new, sequence=n, message_id=ID)
        for n, (old, new, when) in enumerate(moves)
    ]
    for begin, explained in ((1.5, True), (1.0 + GIVE_UP_S + 0.1, False)):
        found = why_sent(*rows, *disturbed("kill", "worker", begin, begin + 0.05), seen=False)
        assert found == ("kill of the worker" if explained else None)


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        ({"status": 400}, True),
        ({"status": 400, "elapsed_ms": GIVE_UP_S * 1000 - 1}, True),
        ({"status": 400, "elapsed_ms": GIVE_UP_S * 1000}, False),
        ({"status": 400, "outcome": "truncated"}, False),
        ({"status": 503}, False),
    ],
)
def test_who_calls_again_after_a_refusal_for_good(answer: dict[str, Any], again: bool) -> None:
    refused = call(1, 1.0, 1.1, accepted=False, **answer)
    found = insisted(*record(*SENT_ONCE, *refused, *call(2, 2.0, 2.1)))
    assert [event.data["call"] for event in found] == ([1, 2] if again else [])
    kill = disturbed("kill", "worker", 1.5, 1.6)
    assert insisted(*record(*SENT_ONCE, *refused, *call(2, 2.0, 2.1), *kill)) == []


def test_each_entry_of_a_message_that_was_queued_again_may_be_refused() -> None:
    refused = [*call(1, 3.0, 3.1, status=400, accepted=False), *call(2, 4.0, 4.1, status=400, accepted=False)]
    entries, kill = [entry(1.0, "a"), entry(2.0, "b")], disturbed("kill", "api", 1.1, 1.2)
    assert insisted(*record(*SENT_ONCE, *entries, *kill, *refused)) == []
    assert len(insisted(*record(*SENT_ONCE, *entries, *refused))) == 2


def test_which_refusals_are_for_good() -> None:
    asked = (None, 399, 400, 407, 408, 409, 428, 429, 430, 499, 500)
    found = [status for status in asked if permanent(made("provider.answered", at=0, status=status))]
    assert found == [400, 407, 409, 428, 430, 499]


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["pending", "sending", "sent", "delivered"], []),
        (["pending", "sent", "sending"], ["sending"]),
        (["pending", "pending", "sent", "pending"], ["pending"]),  # the first of them says nothing
        (["pending", "archived", "sending"], []),
        (["pending", "failed", "sent"], ["sent"]),
        (["sent", "failed"], []),
        (["delivered", "failed"], []),
        (["sending", "pending", "sent", "sending"], ["pending", "sending"]),
    ],
)
def test_moves_that_go_back(words: list[str], wrong: list[str]) -> None:
    events = [at("database.status", n, new=word, sequence=n, message_id=ID) for n, word in enumerate(words)]
    assert [event.data["new"] for event in backward_moves(Flow(events), CONTRACT.statuses)] == wrong


def test_moves_within_a_cycle_go_nowhere() -> None:
    cycles = CONTRACT.statuses.model_copy(update={"cycles": [["sending", "pending"]]})
    events = [
        at("database.status", n, new=word, sequence=n, message_id=ID)
        for n, word in enumerate(["sending", "pending", "sending", "sent", "pending"])
    ]
    assert [event.seen for event in backward_moves(Flow(events), cycles)] == [4.0]


def test_a_row_may_move_back_for_a_second_call_that_is_explained() -> None:
    moves = [
        at("database.status", 1.2 + n, new=new, sequence=n, message_id=ID) for n, new in enumerate(["sent", "sending"])
    ]
    kill = disturbed("kill", "worker", 1.05, 1.06)
    assert moved_back(*record(*TWO_CALLS, *moves, *kill), CONTRACT) == []
    assert len(moved_back(*record(*TWO_CALLS, *moves), CONTRACT)) == 1
    assert len(moved_back(*record(*call(1, 1.0, 1.1), *moves, *kill), CONTRACT)) == 1, "it wasn't called again"
