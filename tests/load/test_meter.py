"""The meter: stages are told apart, and joined to the message, in whatever order the sources speak."""

from __future__ import annotations

import itertools
import time

import pytest

from harness.checks import account
from harness.history import History, key
from harness.load.meter import Meter
from harness.load.plan import Plan
from harness.load.result import per_second, quantiles
from harness.load.schedule import Arrival
from harness.profile import Profile

PLAN = Plan()
START = 1000.0
API = Arrival(0, 0.5, "api", "sms")
QUEUE = Arrival(1, 1.0, "queue", "sms")
WEBHOOK = Arrival(2, 1.5, "webhook", "sms")
ID = "11111111-2222-4333-8444-555555555555"
ENTRY = key("entry", "message_queue:sms", "1-0")


def meter(history: History, stages: list[tuple[int, str, float]] | None = None) -> Meter:
    def told(arrival: Arrival, stage: str, latency: float) -> None:
        if stages is not None:
            stages.append((arrival.number, stage, round(latency, 3)))

    return Meter(history, Profile(), PLAN, arrivals=[API, QUEUE, WEBHOOK], start=START, on_stage=told)


def token(arrival: Arrival) -> list[str]:
    return [key("token", PLAN.token(arrival.number))]


def say(history: History, what: str, it: Meter) -> None:
    """One thing that a source says of the API's message."""
    match what:
        case "answer":
            it.sends([[0, START + 0.5, START + 0.51, 0.0, 0.0, 201, ID, None]])
        case "row":
            data = {"old": None, "new": "pending", "direction": "outbound"}
            history.append(
                "database.inserted", source="database", at=START + 0.505, message_id=ID, data=data, keys=token(API)
            )
        case "entry":
            history.append(
                "queue.appended", source="queue", at=START + 0.52, message_id=ID, data={"entry": ENTRY}, keys=[ENTRY]
            )
        case "call":
            history.append("provider.called", source="providers", at=START + 0.53, keys=token(API))
        case "sent":
            data = {"old": "pending", "new": "sent"}
            history.append("database.status", source="database", at=START + 0.6, message_id=ID, data=data)


@pytest.mark.parametrize("order", list(itertools.permutations(["answer", "row", "entry", "call", "sent"])))
def test_the_order_in_which_sources_speak_does_not_matter(order: tuple[str, ...]) -> None:
    history, stages = History(), list[tuple[int, str, float]]()
    it = meter(history, stages)
    for what in order:
        say(history, what, it)
    assert sorted(stages) == [(0, "accepted", 0.01), (0, "called", 0.03), (0, "queued", 0.02), (0, "sent", 0.1)]
    assert it.outstanding == 0


def test_a_message_is_outstanding_from_its_acceptance_until_its_end() -> None:
    history = History()
    it = meter(history)
    say(history, "answer", it)
    assert it.outstanding == 1
    say(history, "row", it)
    history.append("database.status", source="database", message_id=ID, data={"new": "failed"})
    assert (it.outstanding, it.count("sent")) == (0, 0)


def test_a_prepared_row_is_known_by_its_id_and_its_append_is_written_into_the_history() -> None:
    history = History()
    it = meter(history)
    message = str(PLAN.message_id(1))
    it.sends([[1, START + 1, START + 1.002, 0.0, 0.0, 200, "1-0", None]])
    history.append("queue.acked", source="queue", data={"entry": ENTRY}, keys=[ENTRY])
    assert account(history, Profile()).of("unfinished") == [message], "what the worker did last may not be written yet"
    history.read_to_end(time.monotonic() + 60)
    assert account(history, Profile()).of("lost") == [message]
    history.append("provider.called", source="providers", at=START + 1.01, keys=token(QUEUE))
    history.append("database.status", source="database", at=START + 1.02, message_id=message, data={"new": "sent"})
    assert {stage: it.count(stage) for stage in ("accepted", "queued", "called", "sent")} == {
        "accepted": 1,
        "queued": 0,
        "called": 1,
        "sent": 1,
    }


def test_an_entry_whose_answer_was_lost_is_recovered_when_it_comes_out() -> None:
    history = History()
    it = meter(history)
    message = str(PLAN.message_id(1))
    it.sends([[1, START + 1, START + 1.002, 0.0, 0.0, None, None, "ConnectionError"]])
    assert account(history, Profile()).of("indeterminate") == [token(QUEUE)[0]]
    call = key("call", "twilio", 1)
    history.append("provider.called", source="providers", data={"call": call}, keys=[call, *token(QUEUE)])
    history.append("provider.answered", source="providers", data={"call": call, "accepted": True}, keys=[call])
    history.append("database.status", source="database", message_id=message, data={"new": "sent"}, keys=token(QUEUE))
    it_now = account(history, Profile())
    assert (it_now.fates, it_now.recovered) == ({message: "sent"}, (message,))


def test_a_reply_ends_when_it_is_stored() -> None:
    history = History()
    it = meter(history)
    it.sends([[2, START + 1.5, START + 1.51, 0.0, 0.0, 200, "SM1", None]])
    assert it.outstanding == 1
    data = {"new": "received", "direction": "inbound"}
    history.append(
        "database.inserted", source="database", at=START + 1.505, message_id=ID, data=data, keys=token(WEBHOOK)
    )
    assert (it.outstanding, it.count("stored")) == (0, 1)


@pytest.mark.parametrize(("status", "fate"), [(422, "refused"), (None, "indeterminate"), (503, "indeterminate")])
def test_a_send_without_a_good_answer_is_counted_and_not_awaited(status: int | None, fate: str) -> None:
    history = History()
    it = meter(history)
    it.sends([[0, START, START + 1, 0.0, 0.0, status, None, "ConnectionRefusedError"]])
    assert it.outstanding == 0
    assert it.refused == {f"api: {status or 'no answer'}": 1}
    assert list(account(history, Profile()).fates.values()) == [fate]


def test_a_rate_limiters_answer_is_neither_a_loss_nor_a_refusal_of_the_message() -> None:
    history = History()
    it = meter(history)
    it.sends([[0, START, START + 1, 0.0, 0.0, 429, None, None, False, None, "slowly"]])
    assert (it.put_off, it.refused, it.outstanding) == ({"api": 1}, {}, 0)
    assert account(history, Profile()).of("refused") == list(account(history, Profile()).fates)


def test_an_answer_counts_as_the_profile_says() -> None:
    history = History()
    it = meter(history)
    it.sends([[0, START, START + 1, 0.0, 0.0, 200, None, None, False, None, "we said 202"]])
    assert (it.refused, it.such_as, it.count("accepted")) == ({"api: 200": 1}, {"api: 200": "we said 202"}, 0)
    [answer] = history.events("api.answered")
    assert (answer.data["accepted"], answer.data["text"], answer.data["channel"]) == (False, "we said 202", "sms")


def test_the_first_that_is_seen_of_a_row_may_be_its_last() -> None:
    history = History()
    it = meter(history)
    say(history, "answer", it)
    data = {"old": None, "new": "sent", "sampled": True}
    history.append("database.inserted", source="database", at=START + 0.6, message_id=ID, data=data)
    assert (it.outstanding, it.count("sent")) == (0, 1)


def test_where_nobody_shows_a_status_the_providers_acceptance_is_the_end() -> None:
    for declared, outstanding in ((["database.status"], 1), ([], 0)):
        history = History()
        history.append("probe.started", source="database", data={"kinds": declared})
        it = meter(history)
        say(history, "answer", it)
        history.append("provider.answered", source="providers", data={"accepted": True}, keys=token(API))
        assert it.outstanding == outstanding


def test_seconds_and_quantiles() -> None:
    assert per_second([1000.1, 1000.9, 1002.5], 1000.0) == [2, 0, 1]
    assert quantiles([float(n) for n in range(1, 101)]) == (50, 100, 100)
    assert quantiles([7.0]) == (7, 7, 7)
