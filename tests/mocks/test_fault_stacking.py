"""Several faults for one call: newest first, latencies add up, one decides, who stands aside counts nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenants import Receiver, SendGridTenant, TwilioTenant, make_twilio

from mock_providers.faults import Faults

LATENCY_S = 0.03
FACTS = {"provider": "twilio", "account": "AC1", "endpoint": "messages.create", "to": ["+1555"], "text": "hello"}
WEBHOOK = FACTS | {"endpoint": "webhook.status"}


def faulty(tenant: TwilioTenant | SendGridTenant, account: str, **fault: Any) -> str:
    made = tenant.http.post("/_mock/faults", json={"match": {"account": account}, **fault})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def hits(http: httpx.Client, *faults: str) -> list[int]:
    known = {fault["id"]: fault["hits"] for fault in http.get("/_mock/faults").json()["faults"]}
    return [known[fault] for fault in faults]


def outcomes(twilio: TwilioTenant) -> list[str]:
    return [entry["outcome"] for entry in twilio.entries(type="answered", endpoint="messages.create")]


def test_a_latency_that_was_there_first_hides_no_fault(twilio: TwilioTenant) -> None:
    slow = faulty(twilio, twilio.sid, latency_s=LATENCY_S)
    failing = faulty(twilio, twilio.sid, status=503, times=2)
    assert [twilio.create().status_code for _ in range(3)] == [503, 503, 201]
    assert hits(twilio.http, slow, failing) == [3, 2]
    assert all(entry["elapsed_ms"] >= LATENCY_S * 1000 for entry in twilio.entries(type="answered"))


def test_latencies_add_up_whichever_fault_they_are_of(twilio: TwilioTenant) -> None:
    set_ = [faulty(twilio, twilio.sid, latency_s=LATENCY_S) for _ in range(2)]
    set_ += [faulty(twilio, twilio.sid, latency_s=LATENCY_S, status=500)]
    assert twilio.create().status_code == 500
    assert hits(twilio.http, *set_) == [1, 1, 1]
    assert twilio.entries(type="answered")[0]["elapsed_ms"] >= 3 * LATENCY_S * 1000


@pytest.mark.parametrize(
    ("newer", "outcome"),
    [
        ({"status": 429}, "answered"),
        ({"reset": True}, "reset"),
        ({"empty": True}, "empty"),
        ({"truncate": True}, "truncated"),
        ({"slow_body_s": 0.01}, "slow"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_the_newest_decides_and_the_older_one_has_its_turn_later(
    twilio: TwilioTenant, newer: dict[str, Any], outcome: str
) -> None:
    older = faulty(twilio, twilio.sid, status=500, latency_s=LATENCY_S, times=1)
    newest = faulty(twilio, twilio.sid, **newer, times=1)
    try:
        first = twilio.create().status_code
    except httpx.TransportError:
        first = 0
    assert outcomes(twilio) == [outcome]
    assert first in (0, 201, 429)
    assert hits(twilio.http, older, newest) == [0, 1], "what stood aside is kept"
    assert [twilio.create().status_code for _ in range(2)] == [500, 201]
    assert hits(twilio.http, older, newest) == [1, 1]


def test_a_fault_that_stands_aside_doesnt_count_the_call_for_its_nth(twilio: TwilioTenant) -> None:
    faulty(twilio, twilio.sid, status=500, nth=2)
    faulty(twilio, twilio.sid, status=503, times=1)
    assert [twilio.create().status_code for _ in range(4)] == [503, 201, 500, 201]


def test_a_newer_fault_that_passes_a_call_on_leaves_it_to_the_older_one(twilio: TwilioTenant) -> None:
    older = faulty(twilio, twilio.sid, status=500)
    newer = faulty(twilio, twilio.sid, status=503, nth=2)
    assert [twilio.create().status_code for _ in range(3)] == [500, 503, 500]
    assert hits(twilio.http, older, newer) == [2, 1]


def test_hits_are_exact_when_calls_come_at_once(twilio: TwilioTenant) -> None:
    slow = faulty(twilio, twilio.sid, latency_s=LATENCY_S)
    older = faulty(twilio, twilio.sid, status=500, times=11)
    newer = faulty(twilio, twilio.sid, status=503, times=7)
    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(lambda _: twilio.create().status_code, range(40)))
    assert statuses == [201] * 22 + [500] * 11 + [503] * 7
    assert hits(twilio.http, slow, older, newer) == [40, 11, 7]


def test_two_failures_in_a_row_are_replayed_in_their_turns(twilio: TwilioTenant) -> None:
    faulty(twilio, twilio.sid, status=503, times=2)
    assert [twilio.create().status_code for _ in range(3)] == [503, 503, 201]
    record = twilio.http.get("/_mock/export", params={"account": twilio.sid}).content
    twilio.http.post("/_mock/reset", json={"account": twilio.sid})
    lines = {"Content-Type": "application/x-ndjson"}
    replayed = twilio.http.post("/_mock/replay", params={"account": twilio.sid}, content=record, headers=lines)
    assert replayed.status_code == 201
    assert [twilio.create().status_code for _ in range(3)] == [503, 503, 201]


def test_a_fault_for_some_accounts_is_for_no_other_and_outlives_the_reset_of_one(
    twilio: TwilioTenant, sendgrid: SendGridTenant
) -> None:
    neighbour = make_twilio(twilio.http)
    fault = {"match": {"accounts": [twilio.sid, sendgrid.name]}, "status": 503}
    made = twilio.http.post("/_mock/faults", json=fault).json()
    assert made["match"] == fault["match"]
    statuses = [tenant.create().status_code for tenant in (twilio, sendgrid, neighbour)]
    assert statuses == [503, 503, 201]
    assert twilio.http.post("/_mock/reset", json={"account": twilio.sid}).json()["removed"] == []
    assert hits(twilio.http, made["id"]) == [2]
    assert twilio.http.delete(f"/_mock/faults/{made['id']}").json()["hits"] == 2


def test_webhook_faults_combine(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    delayed = faulty(sendgrid, sendgrid.name, webhook={"delay_s": LATENCY_S})
    older = faulty(sendgrid, sendgrid.name, webhook={"duplicate": 3, "stale_s": 3600}, times=1)
    shadowed = faulty(sendgrid, sendgrid.name, webhook={"duplicate": 5}, times=1)
    newest = faulty(sendgrid, sendgrid.name, webhook={"duplicate": 2, "delay_s": LATENCY_S}, times=1)
    path = f"/_mock/sendgrid/{sendgrid.name}/events"
    assert sendgrid.http.post(path, json={"event": "open"}).json()["status"] == 200
    assert hits(sendgrid.http, delayed, older, shadowed, newest) == [1, 1, 0, 1]
    assert len(sendgrid.entries(type="callback.sent")) == 2
    for _ in range(2):
        got = receiver.next()
        [event] = json.loads(got.body)
        assert int(got.headers["x-twilio-email-event-webhook-timestamp"]) <= event["timestamp"] - 3600
    assert sendgrid.http.post(path, json={"event": "open"}).json()["status"] == 200
    assert hits(sendgrid.http, delayed, older, shadowed, newest) == [2, 1, 1, 1]
    assert len(sendgrid.entries(type="callback.sent")) == 2 + 5


def webhook_faults(*webhooks: dict[str, Any]) -> tuple[dict[str, Any], list[int]]:
    """What faults, the oldest first, do together to a webhook, and the hits of each."""
    faults = Faults()
    for webhook in webhooks:
        faults.add({"webhook": webhook})
    met = faults.take_webhook(WEBHOOK)
    return met.effects() | ({"delay_s": met.delay_s} if met.delay_s else {}), [fault.hits for fault in faults]


@pytest.mark.parametrize(
    ("webhooks", "effects", "counted"),
    [
        ([{"drop": True}, {"duplicate": 2}], {"duplicate": 2}, [0, 1]),
        ([{"duplicate": 2}, {"drop": True}], {"drop": True}, [0, 1]),
        ([{"delay_s": 1}, {"drop": True}], {"drop": True, "delay_s": 1.0}, [1, 1]),
        ([{"drop": True}, {"delay_s": 1}], {"drop": True, "delay_s": 1.0}, [1, 1]),
        ([{"delay_s": 1}, {"delay_s": 2}], {"delay_s": 3.0}, [1, 1]),
        (
            [{"signature": "missing"}, {"signature": "tampered"}, {"split": True}],
            {"signature": "tampered", "split": True},
            [0, 1, 1],
        ),
        (
            [{"signature": "missing", "reorder": True}, {"signature": "tampered"}],
            {"signature": "tampered", "reorder": True},
            [1, 1],
        ),
        ([{"duplicate": 3, "delay_s": 1}, {"duplicate": 2}], {"duplicate": 2}, [0, 1]),
        ([{"drop": True}, {"drop": True}], {"drop": True}, [0, 1]),
    ],
)
def test_what_webhook_faults_do_together(
    webhooks: list[dict[str, Any]], effects: dict[str, Any], counted: list[int]
) -> None:
    assert webhook_faults(*webhooks) == (effects, counted)


MAKINGS = st.fixed_dictionaries(
    {
        "latency_s": st.sampled_from([0, 1, 2]),
        "status": st.sampled_from([None, 500]),
        "truncate": st.booleans(),
        "slow_body_s": st.sampled_from([0, 1]),
        "to": st.sampled_from([None, "+1555", "+1999"]),
        "times": st.sampled_from([None, 1, 2]),
    }
).filter(lambda one: one["latency_s"] or one["status"] or one["truncate"] or one["slow_body_s"])


@given(st.lists(MAKINGS, max_size=6), st.integers(1, 4))
def test_each_call_is_decided_by_the_newest_that_would_and_every_hit_was_felt(
    makings: list[dict[str, Any]], calls: int
) -> None:
    faults = Faults()
    for making in makings:
        given_ = {name: value for name, value in making.items() if name != "to"}
        faults.add({**given_, "match": {"to": making["to"]} if making["to"] else {}})
    left = [making["times"] or 99 for making in makings]
    for _ in range(calls):
        before = [fault.hits for fault in faults]
        met = faults.take(FACTS)
        hit = [fault.hits - had for fault, had in zip(faults, before, strict=True)]
        able = [n for n, making in enumerate(makings) if making["to"] != "+1999" and left[n]]
        deciders = [n for n in able if list(faults)[n].decides]
        wanted = {n for n in able if n not in deciders[:-1]}
        assert {n for n, count in enumerate(hit) if count} == wanted
        assert met.by is (list(faults)[deciders[-1]] if deciders else None)
        assert met.delay_s == sum(makings[n]["latency_s"] for n in wanted)
        left = [had - count for had, count in zip(left, hit, strict=True)]
