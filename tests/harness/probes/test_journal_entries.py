"""What the mocks' journal says, entry by entry."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import History
from harness.probes.journal_entries import Entries
from harness.probes.probe import new_token


def entry(type_: str, **more: Any) -> dict[str, Any]:
    return {"seq": 1, "type": type_, "call": 7, "provider": "twilio", "account": "AC1", "at": 5.0, **more}


def recorded(history: History, *entries: dict[str, Any], accounts: frozenset[str] | None = None) -> None:
    reader = Entries(history, accounts=accounts)
    for one in entries:
        reader.record(one)


def test_a_callback_is_tied_to_its_message_and_its_text() -> None:
    history, token = History(), new_token()
    at_once = {"name": "x", "of": 5}
    sent = entry("callback.sent", url="http://x", kind="inbound", message="SM1", text=f"hi {token}", at_once=at_once)
    recorded(history, sent, entry("callback.answered", status=200, message="SM1"))
    assert [event.kind for event in history.flow("provider:SM1")] == ["callback.sent", "callback.answered"]
    assert history.same_flow("provider:SM1", f"token:{token}")
    assert history.events()[0].data["what"] == "inbound"
    assert history.events()[0].data["at_once"] == at_once


def test_a_reply_that_quotes_a_message_of_ours_is_not_that_message() -> None:
    history, token = History(), new_token()
    history.append("api.requested", source="api", data={"operation": "send"}, keys=[f"token:{token}"])
    sent = entry("callback.sent", url="http://x", kind="inbound", message="SM1", text=f"> hi {token}\nyes")
    report = entry("callback.sent", url="http://x", kind="status", call=8, message="SM2", text=f"hi {token}")
    recorded(history, sent, report)
    assert not history.same_flow("provider:SM1", f"token:{token}")
    assert history.same_flow("provider:SM1", f"reply:{token}")
    assert history.same_flow("provider:SM2", f"token:{token}")


def test_a_token_may_stand_in_any_parameter() -> None:
    history, token = History(), new_token()
    recorded(history, entry("called", endpoint="mail.send", text="", params={"content": [{"value": token}]}))
    assert len(history.flow(f"token:{token}")) == 1


def test_only_what_sends_is_accepted() -> None:
    history = History()
    recorded(history, entry("called", endpoint="messages.fetch"), entry("answered", status=200, message="SM1"))
    assert history.events("provider.answered")[0].data["accepted"] is False


@pytest.mark.parametrize("accounts", [None, frozenset(("AC1",))])
@pytest.mark.parametrize("type_", ["called", "answered", "callback.sent", "callback.answered"])
def test_no_field_of_an_entry_has_to_be_there(type_: str, accounts: frozenset[str] | None) -> None:
    history = History()
    whole = entry(type_, endpoint="mail.send", text="x", params={}, status=200, message="SM1", kind="event")
    for absent in whole:
        recorded(history, {name: value for name, value in whole.items() if name != absent}, accounts=accounts)
        recorded(history, {**whole, absent: None}, accounts=accounts)
        recorded(history, {**whole, absent: ["odd", {}]}, accounts=accounts)
    recorded(history, {}, entry("reset"), entry("of.tomorrow"), accounts=accounts)
    assert len(history.events()) >= 3 * (len(whole) - 2)
    assert all(isinstance(event.at, float) for event in history.events())


def test_a_batch_is_told_apart_by_the_messages_that_are_known() -> None:
    """One call about two mails and a stranger's: two events with their own words, which make no one flow of them."""
    history = History()
    for number, name in enumerate(("M1", "M2")):
        accepted = entry("answered", call=number, provider="sendgrid", status=202, message=name)
        recorded(history, entry("called", call=number, provider="sendgrid", endpoint="mail.send"), accepted)
    reports = [["M1", "processed"], ["M2", "bounce"], [None, "bounce"], ["X9", "open"], ["M1", "delivered"]]
    params = [{"n": number} for number in range(5)]
    batch = {"provider": "sendgrid", "kind": "event", "message": None, "call": 9}
    sent = entry("callback.sent", reports=reports, report="delivered", params=params, **batch)
    recorded(history, sent, entry("callback.answered", status=200, **batch))
    assert not history.same_flow("provider:M1", "provider:M2")
    for name, words, own in (("M1", ["processed", "delivered"], [0, 4]), ("M2", ["bounce"], [1])):
        told, answered = [event for event in history.flow(f"provider:{name}") if event.kind.startswith("callback.")]
        assert (told.data["reports"], told.data["report"]) == (words, words[-1])
        assert [one["n"] for one in told.data["params"]] == own
        assert (told.data["call"], answered.data["call"]) == ("sendgrid/9", "sendgrid/9")
        assert (answered.kind, answered.data["status"]) == ("callback.answered", 200)


def test_a_batch_of_strangers_stays_one() -> None:
    history = History()
    sent = entry("callback.sent", reports=[["X1", "open"], ["X2", "open"]], message=None, kind="event")
    recorded(history, sent, entry("callback.answered", status=200, message=None, kind="event"))
    assert [event.kind for event in history.events()] == ["callback.sent", "callback.answered"]
    assert history.same_flow(history.events()[0].keys[0], history.events()[1].keys[0])
