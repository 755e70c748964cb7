"""Sends with one key, entries in several hands, outages one after the other: who is told of, and since when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT, ENTRY, ID, TOKEN, Script, made, queue, send, started, window
from test_entry_life import by_another, killed

from harness.checks import one_message, outages, taken_up
from harness.checks.accounting import ours, some
from harness.checks.asked import Asked, as_json
from harness.checks.entry_life import given_anew, sent_within
from harness.checks.mixed_up import people
from harness.history import Event, Flow, History, key
from harness.history.facts import Facts
from harness.profile import Profile


def sends(*names: str | None) -> tuple[History, Flow]:
    script = Script()
    for number, name in enumerate(names):
        given = {"keys": [key("token", TOKEN)], "operation": "send", "request": number}
        script = script.add("api.requested", at=number, **given)
        script = script.add("api.answered", at=number, **given, status=201, message_id=name)
    history = script.history
    return history, script.flow(history)


@pytest.mark.parametrize(
    ("names", "claimed", "outcome", "reason"),
    [
        (("a", "a"), True, "pass", "2 sends, 1 message"),
        (("a", "a"), None, "pass", "2 sends, 1 message"),
        (("a", "b"), True, "fail", "2 messages were made with one idempotency key"),
        (("a", "b"), None, "unknown", "2 messages were made with one idempotency key: the stack doesn't seem"),
        (("a", "b", "c"), True, "fail", "3 messages were made"),
        (("a",), True, "unknown", "1 of 1 sends were accepted with an id"),
        (("a", None), True, "unknown", "1 of 2 sends were accepted with an id"),
    ],
)
def test_sends_with_one_key(names: tuple[str | None, ...], claimed: bool | None, outcome: str, reason: str) -> None:
    history, flow = sends(*names)
    verdict = one_message(history, flow, CONTRACT, claimed=claimed)
    assert (verdict.outcome, verdict.reason.startswith(reason)) == (outcome, True), verdict.reason


def claim(seconds: float, consumer: str, **data: Any) -> Event:
    given = {"entry": ENTRY, "how": "read", "consumer": consumer, **data}
    return replace(made("queue.claimed", at=seconds * 1000, **given), seen=seconds)


@pytest.mark.parametrize(
    ("claims", "anew"),
    [
        ([claim(1, "a"), claim(2, "b")], True),
        ([claim(1, "a"), claim(2, "a")], False),
        ([claim(1, "a"), claim(2, "b", how="taken over")], False),
        ([claim(1, "a"), claim(2, "b", how="taken over"), claim(3, "c")], True),
        ([claim(1, "a"), claim(2, "b", entry="other")], False),
    ],
)
def test_an_entry_is_given_as_new_once(claims: list[Event], anew: bool) -> None:
    assert given_anew(Flow(claims), Facts(History.of(claims))) is anew
    kill = [replace(window(1, "kill", "worker", at=0), seen=1.5)]
    kill.append(replace(window(1, "kill", "worker", at=0, ended=True), seen=1.6))
    history = History.of([claims[0], *kill, *claims[1:]])
    assert not given_anew(Flow(claims), Facts(history)), "who came back may have made the group anew"


def test_how_long_a_message_may_take_is_judged_by_the_one_before_it() -> None:
    within = CONTRACT.policy.finished_within
    events = [replace(made("api.requested", at=0), seen=5.0), replace(made("queue.acked", at=0), seen=6.0)]
    assert sent_within(Flow(events), CONTRACT) == within
    for seen, new in ((7.0, "sending"), (9.0, "sent")):
        events.append(replace(made("database.status", at=0, new=new, sequence=seen), seen=seen))
    events.append(replace(made("queue.deleted", at=0), seen=99.0))
    assert sent_within(Flow(events), CONTRACT) == within + 3 * 4.0


def test_the_first_of_others_who_took_it_up_is_named() -> None:
    script = by_another(killed(), ack=False)
    script = script.add("queue.claimed", at=11, message_id=ID, keys=[ENTRY], **queue("worker-3"))
    for more, reason in ((script, "worker-2 took it up, and has not finished it"),
                         (script.add("queue.acked", at=12, keys=[ENTRY], **queue("worker-3")),
                          "worker-2 took up what worker-1 had")):  # fmt: skip
        history = more.history
        verdict = taken_up(history, more.flow(history), CONTRACT, gone=["worker-1"])
        assert verdict.reason == reason
        assert [event.data["process"] for event in verdict.witnesses[:2]] == ["worker-1", "worker-2"]


def test_what_was_forgotten_with_its_consumer_names_who_deleted_it() -> None:
    forgotten = killed().add("queue.acked", at=9, keys=[ENTRY], **{**queue("worker-2"), "how": "forgotten"})
    history = forgotten.history
    verdict = taken_up(history, forgotten.flow(history), CONTRACT, gone=["worker-1", "worker-9"])
    assert verdict.reason == "what worker-1, worker-9 had was forgotten with its consumer, which worker-2 deleted"
    nobody = forgotten.change("queue.acked", process=None)
    verdict = taken_up(nobody.history, nobody.flow(nobody.history), CONTRACT, gone=["worker-1"])
    assert verdict.reason.endswith("which somebody deleted")


def test_what_was_never_seen_on_its_queue_can_not_be_taken_up() -> None:
    script = killed().drop("queue.appended", "queue.claimed")
    history = script.history
    verdict = taken_up(history, script.flow(history), CONTRACT, gone=["worker-1"])
    assert verdict.reason.startswith("nothing of it was seen on its queue")


def cut(number: int, begin: float, end: float | None) -> list[Event]:
    what = {
        "source": "harness",
        "fault": "down",
        "target": f"redis-{number}",
        "number": number,
        "recovers_s": 5,
    }
    events = [replace(made("fault.began", at=begin * 1000, **what), seen=begin)]
    return events if end is None else [*events, replace(made("fault.ended", at=end * 1000, **what, hits=1), seen=end)]


def after_outages(*events: Event, until: float, after: int = 0) -> str:
    known = send(started("api", "worker")).history.events()
    history = History.of([*known, *events], until=until)
    return outages(history, CONTRACT, after=after).story()


def test_of_several_outages_the_last_counts() -> None:
    two = [*cut(1, 1.0, 2.0), *cut(2, 50.0, 51.0)]
    within = CONTRACT.policy.finished_within
    stuck = "brought on by nobody since down of redis-2 was over"
    assert stuck in after_outages(*two, until=56.0 + within)
    assert stuck not in after_outages(*two, until=55.9 + within)
    assert after_outages(until=999.0).startswith("outages: unknown")


def test_outages_are_those_from_a_place_on() -> None:
    events = cut(1, 1.0, 2.0)
    place = len(send(started("api", "worker")).events)
    assert "there was no outage" not in after_outages(*events, until=999.0, after=place)
    assert "there was no outage" in after_outages(*events, until=999.0, after=place + 1)


@pytest.mark.parametrize(("asked", "refused"), [(6.9, False), (7.0, True)])
def test_who_takes_nothing_later_than_it_may_need_to_recover(asked: float, refused: bool) -> None:
    given = {"keys": ["token:#h9999999999"], "operation": "send", "request": 2}
    events = [replace(made("api.requested", at=0, **given), seen=asked)]
    events.append(replace(made("api.answered", at=0, **given, status=None, error="refused"), seen=asked))
    told = after_outages(*cut(1, 1.0, 2.0), *events, until=999.0)
    assert ("the API takes no message since down of redis-1 was over: it answers refused" in told) is refused


@pytest.mark.parametrize(
    ("events", "is_ours"),
    [
        ([made("api.requested", at=0)], True),
        ([made("callback.sent", at=0)], True),
        ([made("queue.appended", at=0, source="load")], True),
        ([made("queue.appended", at=0)], False),
        ([made("database.inserted", at=0)], False),
    ],
)
def test_which_messages_are_of_the_harness_own_making(events: list[Event], is_ours: bool) -> None:
    assert ours(Flow(events)) is is_ours


@pytest.mark.parametrize(("number", "told"), [(20, "n19"), (21, "n19 and 1 more"), (25, "n19 and 5 more")])
def test_twenty_are_named(number: int, told: str) -> None:
    assert some([f"n{n}" for n in range(number)]).endswith(told)


@pytest.mark.parametrize(
    ("to", "named"),
    [
        ("+1 (202) 555-0100", {"5550100"}),
        ("5550100", {"5550100"}),
        (["A@B.c ", ""], {"a@b.c"}),
        (("+12025550100", "+442025550100"), {"5550100"}),
        (None, set()),
    ],
)
def test_whom_an_event_names(to: object, named: set[str]) -> None:
    assert people(made("provider.called", at=0, to=to)) == named


def test_a_question_as_it_is_kept() -> None:
    history = History()
    event = made("worker.log", at=0)
    given = history, Flow([event], name="x"), Profile()
    asked = Asked(check="a.check", given=given, named={"look": event}, events=3, until=1.23456789)
    assert asked.to_json() == {
        "check": "a.check",
        "given": [{"is": "history"}, {"is": "flow", "name": "x", "events": [0]}, {"is": "profile"}],
        "named": {"look": {"is": "event", "seq": 0}},
        "events": 3,
        "until": 1.234568,
    }
    assert replace(asked, more="late").to_json()["more"] == "late"
    assert as_json({"b", "a"}) == ["a", "b"]
    assert as_json(object()) == {"is": "unknown", "type": "object"}
    assert as_json({1: [None, True]}) == {"is": "table", "of": {"1": [None, True]}}
