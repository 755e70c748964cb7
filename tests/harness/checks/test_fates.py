"""Where a message ends, at the edges: which answers refuse, who may still go on, when nothing moves any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT, ENTRY, ID, Script, is_new, made, right, send, started, watched, window

from harness.checks import account
from harness.checks.fates import (
    IDLE_S,
    any_in_flight,
    at_rest,
    dead_for_nothing,
    fate_in,
    fate_out,
    groundless,
    idle,
    may_go_on,
    newest,
    waits,
)
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile

UNCOUNTED = CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update={"group": None})})
POPS = CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update={"kind": "list", "finish": None})})


def came(*statuses: int | None, rows: int = 0) -> tuple[Flow, History]:
    events = [made("callback.answered", at=n, status=status) for n, status in enumerate(statuses)]
    events += [made("database.inserted", at=9, new="received") for _ in range(rows)]
    history = History.of([*watched().events, *events], until=1000.0)
    return Flow(events), history


@pytest.mark.parametrize(
    ("statuses", "rows", "fate"),
    [
        ((200,), 1, "stored"),
        ((399,), 1, "stored"),
        ((400,), 1, "unexpected"),
        ((499,), 1, "unexpected"),
        ((500,), 1, "stored"),
        ((404, None), 1, "stored"),
        ((404, 200), 1, "stored"),
        ((), 1, "stored"),
        ((404,), 0, "refused"),
        ((400,), 0, "refused"),
        ((499, 503), 0, "refused"),
        ((399,), 0, "indeterminate"),
        ((500,), 0, "indeterminate"),
        ((None,), 0, "indeterminate"),
        ((404, 200), 0, "lost"),
    ],
)
def test_where_what_came_in_ended(statuses: tuple[int | None, ...], rows: int, fate: str) -> None:
    flow, history = came(*statuses, rows=rows)
    assert fate_in(flow, history, CONTRACT) == fate


def test_what_came_in_is_lost_only_when_the_last_answer_is_old() -> None:
    flow, _ = came(200, 200)
    events = [replace(event, seen=float(at)) for event, at in zip(flow.events, (0, 100), strict=True)]
    within = CONTRACT.policy.finished_within
    for until, fate in ((100 + within - 0.1, "unfinished"), (100 + within, "lost")):
        assert fate_in(Flow(events), History.of(events, until=until), CONTRACT) == fate
    assert fate_in(flow, History.of(flow.events, until=1000.0), Profile()) == "indeterminate"


@pytest.mark.parametrize(
    ("status", "fate"), [(399, "sent"), (400, "unexpected"), (499, "unexpected"), (500, "sent"), (None, "sent")]
)
def test_what_was_refused_and_sent_all_the_same(status: int | None, fate: str) -> None:
    script = right().change("api.answered", status=status)
    history = script.history
    assert fate_out(script.flow(history), Facts(history), CONTRACT, rest=True) == fate


@pytest.mark.parametrize(("status", "fate"), [(399, "indeterminate"), (400, "refused"), (499, "refused"), (500, None)])
def test_what_was_refused_and_left_no_trace(status: int, fate: str | None) -> None:
    script = send(started("api")).change("api.answered", status=status, message_id=None)
    script = script.drop("database.inserted", "queue.appended")
    history = script.history
    assert fate_out(script.flow(history), Facts(history), CONTRACT, rest=True) == (fate or "indeterminate")


# who may still go on


def at_work(*kinds: str, until: float, **data: Any) -> History:
    events = [replace(made(kind, at=0, call=1, **data), seen=1.0) for kind in kinds]
    return History.of(events, until=until)


@pytest.mark.parametrize(
    ("kinds", "until", "is_idle"),
    [
        ((), 0.0, True),
        (("queue.claimed",), 1.0 + IDLE_S - 0.1, False),
        (("queue.claimed",), 1.0 + IDLE_S, True),
        (("database.status",), 1.5, False),
        (("api.answered",), 1.0, True),
        (("provider.called",), 100.0, False),
        (("provider.called", "provider.answered"), 100.0, True),
        (("provider.called", "provider.answered"), 1.5, False),
    ],
)
def test_when_no_worker_shows_anything(kinds: tuple[str, ...], until: float, is_idle: bool) -> None:
    assert idle(at_work(*kinds, until=until)) is is_idle


def test_a_call_is_in_flight_until_its_own_answer() -> None:
    first, second = made("provider.called", at=0, call=1), made("provider.called", at=1, call=2)
    assert any_in_flight([first, second, made("provider.answered", at=2, call=2)])
    assert not any_in_flight([first, made("provider.answered", at=2, call=1)])
    assert not any_in_flight([made("provider.answered", at=2, call=1)]), "its call was before the record"
    assert (newest([first, second]), newest([])) == (second, None)


def goes_on(script: Script, profile: Profile = CONTRACT, *, rest: bool = False) -> bool:
    history = script.history
    return may_go_on(script.flow(history), Facts(history), profile, rest=rest)


STUCK = right().drop("database.status", where=is_new("sent"))
WITHOUT_ENTRY = send(started("api", "worker")).drop("queue.appended")


def test_who_may_bring_a_message_on() -> None:
    open_entry = send(started("api", "worker"))
    assert goes_on(open_entry)
    assert not goes_on(open_entry, rest=True)
    assert not goes_on(STUCK), "its entry is done, long ago"
    assert goes_on(STUCK.soon()), "its row may not be written yet"
    assert not goes_on(STUCK.soon(), rest=True)
    assert not goes_on(WITHOUT_ENTRY), "it was never queued, and is overdue"
    assert goes_on(WITHOUT_ENTRY.soon())


def test_who_popped_an_entry_may_have_popped_more() -> None:
    assert POPS.queue.pops
    busy = STUCK.add("provider.called", at=12, call="another")
    assert goes_on(busy, POPS)
    assert not goes_on(STUCK, POPS)
    assert not goes_on(busy), "of a stream each entry is known"


@pytest.mark.parametrize(
    ("status", "answers", "waiting"),
    [
        ("sending", [True], False),
        ("sending", [False], True),
        ("sending", [False, True], False),
        ("sending", [True, False], True),
        ("sending", [], False),
        ("archived", [], True),  # a word that the profile doesn't know
    ],
)
def test_a_message_waits_for_its_retry(status: str, answers: list[bool], waiting: bool) -> None:
    events = [made("database.status", at=0, new=status)]
    events += [made("provider.answered", at=n, call=n, accepted=accepted) for n, accepted in enumerate(answers)]
    assert waits(Flow(events), CONTRACT) is waiting


def counted(**data: Any) -> Event:
    return made("queue.counted", at=20, **{"pending": 0, "lag": 0, **data})


@pytest.mark.parametrize(
    ("data", "resting"),
    [
        ({}, True),
        ({"pending": 1}, False),
        ({"lag": 1}, False),
        ({"lag": None}, False),
        ({"later": 1}, False),
        ({"later": 0}, True),
    ],
)
def test_every_stream_was_counted_empty(data: dict[str, Any], resting: bool) -> None:
    streams = list(CONTRACT.queue.streams.values())
    assert len(streams) > 1
    looks = [counted(stream=stream, **(data if stream == streams[-1] else {})) for stream in streams]
    assert at_rest(Script([*right().events, *looks]).history, CONTRACT) is resting
    assert at_rest(Script(looks).history, CONTRACT) is resting, "nothing has moved"
    assert not at_rest(Script([*looks, *right().events]).history, CONTRACT), "it was counted before that"
    assert not at_rest(Script([*right().events, *looks[1:]]).history, CONTRACT), "one wasn't counted"
    assert not at_rest(Script([*right().events, *looks]).history, UNCOUNTED), "without a group nobody counts"


def test_a_count_says_nothing_until_all_sources_were_read_after_it() -> None:
    looks = [counted(stream=stream) for stream in dict.fromkeys(CONTRACT.queue.streams.values())]
    events = Script([*right().events, *looks]).history.events()
    last = max(event.seen for event in events)
    assert at_rest(History.of(events), CONTRACT)
    assert at_rest(History.of(events, until=last), CONTRACT)
    assert not at_rest(History.of(events, until=last - 0.001), CONTRACT), "what was done before may be told yet"
    live = History()
    live.extend(events)
    assert not at_rest(live, CONTRACT)
    live.read_to_end(last)
    assert at_rest(live, CONTRACT)


def test_a_row_that_is_written_between_reading_and_counting_is_not_taken_for_never_written() -> None:
    events = right().drop("database.status", where=is_new("sent")).events
    looks = [counted(stream=stream) for stream in dict.fromkeys(CONTRACT.queue.streams.values())]
    told = Script([*events, *looks]).history.events()
    fate = {
        read: account(History.of(told, until=read), CONTRACT).fates for read in (told[-1].seen - 0.001, told[-1].seen)
    }
    assert [list(of.values()) for of in fate.values()] == [["unfinished"], ["unrecorded"]]


# no reason


def failed(*more: Event, **answer: Any) -> tuple[Flow, Facts]:
    script = right().change("database.status", is_new("sent"), new="failed")
    script = script.change("provider.answered", **answer) if answer else script
    history = Script([*script.events[:-2], *more, *script.events[-2:]]).history
    return script.flow(history), Facts(history)


def test_what_failed_without_a_reason_is_groundless() -> None:
    assert groundless(*failed())
    assert not groundless(*failed(accepted=False))
    assert not groundless(*failed(outcome="reset"))
    kill = window(1, "kill", "worker", at=7.5), window(1, "kill", "worker", at=7.6, ended=True)
    assert not groundless(*failed(*kill))
    before = Script([window(1, "kill", "api", at=-9), window(1, "kill", "api", at=-8, ended=True), *right().events])
    history = before.history
    assert groundless(before.flow(history), Facts(history)), "a kill before it is no reason"


def test_a_dead_letter_of_what_was_sent_was_written_for_nothing() -> None:
    letter = made("queue.appended", at=11, message_id=ID, keys=[ENTRY], entry="dead", dead=True)
    kill = window(1, "kill", "worker", at=12), window(1, "kill", "worker", at=13, ended=True)
    for more, found in (((letter,), 1), ((letter, *kill), 1), ((*kill, letter), 0), ((), 0)):
        script = Script([*right().events, *more])
        history = script.history
        assert len(dead_for_nothing(script.flow(history), Facts(history), CONTRACT)) == found, more
