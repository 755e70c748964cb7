"""A flow: what it says of one message."""

from __future__ import annotations

import pytest
from histories import ENTRY, ID, SID, TOKEN, Script, made, right, send, started

from harness.history import Flow, key


def flow_of(*, answered: int | None = 201) -> Flow:
    script = right() if answered == 201 else right().change("api.answered", status=answered)
    return script.flow(script.history)


def test_what_a_right_flow_says() -> None:
    flow = flow_of()
    assert flow.id == ID
    assert flow.name == TOKEN
    assert len(flow) == 11
    assert [value for value, _ in flow.statuses] == ["pending", "sending", "sent"]
    assert flow.status == "sent"
    assert flow.taken is flow.acceptance is flow.answers[0]
    assert flow.open_entries == set()
    assert flow.calls_in_flight == []
    assert flow.accepted_calls[0].data["message"] == SID
    assert flow.value("provider.called", "provider") == "twilio"
    assert flow.value("callback.sent", "provider") is None


def test_a_send_without_an_answer_is_taken_when_its_row_shows() -> None:
    flow = flow_of(answered=None)
    assert flow.acceptance is None
    assert flow.taken is flow.first("database.inserted")


def test_a_refused_send_is_not_accepted() -> None:
    assert flow_of(answered=422).acceptance is None


def test_an_entry_is_open_until_it_is_acknowledged_or_deleted() -> None:
    script = send(started("api"))
    assert script.flow(script.history).open_entries == {ENTRY}


def test_a_call_is_in_flight_until_it_is_answered() -> None:
    script = right().drop("provider.answered")
    assert [e.kind for e in script.flow(script.history).calls_in_flight] == ["provider.called"]


def asked(script: Script, endpoint: str | None, *, answered: bool = True) -> Flow:
    """A right flow, and a later call that the provider's id joins to it."""
    call = [key("call", "twilio", 2), key("provider", SID)]
    script = script.add("provider.called", at=11, keys=call, call="twilio/2", endpoint=endpoint)
    if answered:
        script = script.add("provider.answered", at=12, keys=call, call="twilio/2", status=404, message=SID)
    return script.flow(script.history)


def test_a_call_that_asks_for_a_messages_state_is_no_call_of_it() -> None:
    flow = asked(right(), "messages.fetch")
    assert [event.kind for event in flow.events[-2:]] == ["provider.called", "provider.answered"]
    assert [event.data["call"] for event in (*flow.calls, *flow.call_answers, *flow.accepted_calls)] == ["twilio/1"] * 3
    assert flow.unheard == []
    assert asked(right(), "messages.fetch", answered=False).calls_in_flight == []


@pytest.mark.parametrize("endpoint", ["messages.create", "mail.send", "unknown", "method_not_allowed", None])
def test_a_call_that_sends_or_went_astray_is_one(endpoint: str | None) -> None:
    flow = asked(right(), endpoint)
    assert [len(found) for found in (flow.calls, flow.call_answers, flow.unheard)] == [2, 2, 1]
    assert len(asked(right(), endpoint, answered=False).calls_in_flight) == 1


def test_statuses_follow_the_sequence_of_the_database() -> None:
    late = made("database.status", at=9, sequence=2, old="pending", new="sending")
    early = made("database.inserted", at=9, sequence=1, new="pending")
    assert [value for value, _ in Flow([late, early]).statuses] == ["pending", "sending"]


def test_an_empty_flow_says_nothing() -> None:
    flow = Flow([])
    assert (flow.id, flow.status, flow.taken, flow.first("api.answered")) == (None, None, None, None)


def test_the_ends_of_a_flow() -> None:
    flow = flow_of()
    assert (flow.begin, flow.latest) == (flow.events[0], flow.events[10])
    assert (flow.row, flow.entry, flow.answer) == (flow.statuses[2][1], flow.appends[0], flow.answers[0])
    twice = Flow([*flow.events, *flow.events[:4]])
    assert twice.entry is flow.entry
    assert twice.answer is twice.answers[1]
    for end in ("begin", "latest", "row", "entry", "answer"):
        with pytest.raises(IndexError):
            getattr(Flow([]), end)
