"""Faults and gates: what is asked for happens, to the calls it was asked for, as often as asked."""

from __future__ import annotations

import threading
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest
from tenants import SendGridTenant, TwilioTenant


def test_a_status_for_the_next_calls(twilio: TwilioTenant) -> None:
    match = {"account": twilio.sid, "to": "+1555234*"}
    fault = {"match": match, "status": 429, "retry_after": 2, "times": 2}
    made = twilio.http.post("/_mock/faults", json=fault)
    assert made.status_code == 201
    for _ in range(2):
        response = twilio.create()
        assert (response.status_code, response.json()["code"]) == (429, 20429)
        assert response.headers["retry-after"] == "2"
    assert twilio.create().status_code == 201
    [listed] = [f for f in twilio.http.get("/_mock/faults").json()["faults"] if f["id"] == made.json()["id"]]
    assert listed["hits"] == 2
    assert twilio.http.delete(f"/_mock/faults/{listed['id']}").status_code == 200
    assert len(twilio.request("GET", "/Messages.json").json()["messages"]) == 1


def test_a_date_to_wait_for(twilio: TwilioTenant) -> None:
    fault = {"match": {"account": twilio.sid}, "status": 429, "retry_after": 2, "retry_after_date": True, "times": 1}
    began = time.time()
    assert twilio.http.post("/_mock/faults", json=fault).status_code == 201
    response = twilio.create()
    said = response.headers["retry-after"]
    assert began + 2 <= parsedate_to_datetime(said).timestamp() <= time.time() + 3
    assert twilio.entries(type="answered")[0]["retry_after"] == said


@pytest.mark.parametrize(
    ("body", "kind"), [("<h1>Bad Gateway</h1>", "text/html; charset=utf-8"), ("{}", "application/json"), ("", None)]
)
@pytest.mark.parametrize("status", [200, 502])
def test_a_body_that_is_not_the_vendors(
    twilio: TwilioTenant, sendgrid: SendGridTenant, status: int, body: str, kind: str | None
) -> None:
    for tenant, account in ((twilio, twilio.sid), (sendgrid, sendgrid.name)):
        fault = {"match": {"account": account}, "status": status, "body": body, "times": 1}
        assert tenant.http.post("/_mock/faults", json=fault).status_code == 201
        response = tenant.create()
        assert (response.status_code, response.text) == (status, body)
        assert kind is None or response.headers["content-type"] == kind
        [answered] = tenant.entries(type="answered")
        assert (answered["status"], answered["message"], "retry_after" in answered) == (status, None, False)


def test_a_reset_after_accepting_really_sends(twilio: TwilioTenant) -> None:
    fault = {"match": {"account": twilio.sid}, "reset": True, "accept": True, "times": 1}
    twilio.http.post("/_mock/faults", json=fault)
    with pytest.raises(httpx.TransportError):
        twilio.create()
    [message] = twilio.request("GET", "/Messages.json").json()["messages"]
    answered = twilio.entries(type="answered")[0]
    assert (answered["outcome"], answered["status"], answered["message"]) == ("reset", None, message["sid"])


def test_latency_delays_a_normal_answer(sendgrid: SendGridTenant) -> None:
    sendgrid.http.post("/_mock/faults", json={"match": {"account": sendgrid.name}, "latency_s": 0.05})
    assert sendgrid.create().status_code == 202
    assert sendgrid.entries(type="answered")[0]["elapsed_ms"] >= 50


def test_a_call_that_the_client_gave_up_is_aborted(twilio: TwilioTenant) -> None:
    twilio.http.post("/_mock/faults", json={"match": {"account": twilio.sid}, "latency_s": 60, "times": 1})
    with pytest.raises(httpx.TimeoutException):
        twilio.request("POST", "/Messages.json", data={"To": "+15552340001"}, timeout=0.1)
    with twilio.http.stream("GET", "/_mock/follow", params={"account": twilio.sid, "type": "answered"}) as stream:
        line = next(line for line in stream.iter_lines() if line.startswith("data: "))
    assert '"outcome":"aborted"' in line


def test_a_gate_withholds_the_answer_of_a_processed_call(twilio: TwilioTenant) -> None:
    gate = twilio.http.post("/_mock/gates", json={"match": {"account": twilio.sid, "text": "held"}}).json()
    answers: list[int] = []

    def call() -> None:
        with httpx.Client(base_url=twilio.http.base_url) as other:
            answers.append(TwilioTenant(other, twilio.sid, twilio.token).create(Body="held").status_code)

    caller = threading.Thread(target=call)
    caller.start()
    with twilio.http.stream("GET", "/_mock/follow", params={"account": twilio.sid}) as stream:
        next(line for line in stream.iter_lines() if line.startswith("data: "))
    assert answers == []
    [shown] = [g for g in twilio.http.get("/_mock/gates").json()["gates"] if g["id"] == gate["id"]]
    assert [call["call"] for call in shown["withheld"]] == [twilio.entries()[0]["seq"]]
    assert len(twilio.request("GET", "/Messages.json").json()["messages"]) == 1
    assert twilio.http.delete(f"/_mock/gates/{gate['id']}").status_code == 200
    caller.join(10)
    assert answers == [201]


def test_a_call_waits_at_every_gate_that_is_for_it_and_each_counts_it(twilio: TwilioTenant) -> None:
    made = [
        twilio.http.post("/_mock/gates", json={"match": {"account": twilio.sid, **more}}).json()
        for more in ({}, {"text": "held"}, {"text": "other"})
    ]
    answers: list[int] = []

    def call() -> None:
        with httpx.Client(base_url=twilio.http.base_url) as other:
            answers.append(TwilioTenant(other, twilio.sid, twilio.token).create(Body="held").status_code)

    caller = threading.Thread(target=call)
    caller.start()
    twilio.http.get("/_mock/wait", params={"account": twilio.sid, "type": "called"})
    gates = {gate["id"]: gate for gate in twilio.http.get("/_mock/gates").json()["gates"]}
    assert [len(gates[one["id"]]["withheld"]) for one in made] == [1, 1, 0]
    opened = [twilio.http.delete(f"/_mock/gates/{gate['id']}").json() for gate in made[:1]]
    [still] = [g for g in twilio.http.get("/_mock/gates").json()["gates"] if g["id"] == made[1]["id"]]
    assert len(still["withheld"]) == 1, "the other gate is closed yet"
    assert answers == []
    opened += [twilio.http.delete(f"/_mock/gates/{gate['id']}").json() for gate in made[1:]]
    caller.join(10)
    assert answers == [201]
    assert [gate["met"] for gate in opened] == [1, 1, 0]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({}, "does nothing"),
        ({"status": "x"}, "status must be"),
        ({"status": 503, "nonsense": 1}, "unknown key 'nonsense'"),
        ({"accept": True, "latency_s": 1}, "accept needs"),
        ({"body": "<p>", "latency_s": 1}, "body needs a status"),
        ({"body": 1, "status": 500}, "body must be a string"),
        ({"status": 429, "retry_after_date": True}, "retry_after_date needs retry_after"),
        ({"status": 429, "retry_after_date": True, "retry_after": 1e9}, "s ahead"),
    ],
)
def test_a_bad_fault_is_a_clear_error(http: httpx.Client, fault: dict[str, object], said: str) -> None:
    response = http.post("/_mock/faults", json=fault)
    assert response.status_code == 422
    assert said in response.json()["error"]


def set_fault(tenant: TwilioTenant | SendGridTenant, account: str, **fault: object) -> None:
    match = {"account": account} | dict(fault.pop("match", {}))  # type: ignore[call-overload]
    made = tenant.http.post("/_mock/faults", json={"match": match, **fault})
    assert made.status_code == 201, made.text


def test_the_nth_call_only(twilio: TwilioTenant) -> None:
    set_fault(twilio, twilio.sid, nth=2, status=500)
    assert [twilio.create().status_code for _ in range(3)] == [201, 500, 201]


def test_chance_can_be_repeated(twilio: TwilioTenant) -> None:
    def run() -> list[int]:
        set_fault(twilio, twilio.sid, probability=0.5, seed=7, status=503)
        statuses = [twilio.create().status_code for _ in range(12)]
        twilio.http.request("DELETE", "/_mock/faults", json={"account": twilio.sid})
        return statuses

    first = run()
    assert run() == first
    assert {201, 503} == set(first)


@pytest.mark.parametrize("latency", [{"uniform": [0.02, 0.03]}, {"exponential": 0.001}, {"normal": [0.02, 0.001]}])
def test_a_distribution_of_latency(twilio: TwilioTenant, latency: dict[str, object]) -> None:
    set_fault(twilio, twilio.sid, latency_s=latency, seed=1)
    twilio.send()
    assert twilio.entries(type="answered")[0]["elapsed_ms"] >= (0 if "exponential" in latency else 10)


def test_an_error_code_of_the_vendor(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    set_fault(twilio, twilio.sid, status=429, code=21611)
    assert twilio.create().json()["message"] == "SMS queue is full."
    set_fault(sendgrid, sendgrid.name, status=429)
    response = sendgrid.create()
    assert response.json() == {"errors": [{"message": "too many requests", "field": None, "help": None}]}
    assert response.headers["x-ratelimit-remaining"] == "0"


def test_an_empty_reply_and_a_truncated_one(twilio: TwilioTenant) -> None:
    set_fault(twilio, twilio.sid, truncate=True, times=1)
    set_fault(twilio, twilio.sid, empty=True, times=1)
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            twilio.create()
    assert [entry["outcome"] for entry in twilio.entries(type="answered")] == ["empty", "truncated"]
    assert len(twilio.request("GET", "/Messages.json").json()["messages"]) == 1


def test_a_slow_body_arrives_whole(twilio: TwilioTenant) -> None:
    set_fault(twilio, twilio.sid, slow_body_s=0.05)
    assert twilio.send()["status"] == "queued"


def test_a_stall_after_accepting(twilio: TwilioTenant) -> None:
    set_fault(twilio, twilio.sid, stall=True, accept=True, times=1)
    form = {"To": "+15552340001", "From": "+15552340002", "Body": "x"}
    with pytest.raises(httpx.TimeoutException):
        twilio.request("POST", "/Messages.json", data=form, timeout=0.1)
    assert len(twilio.request("GET", "/Messages.json").json()["messages"]) == 1


def test_what_was_never_hit_is_reported(twilio: TwilioTenant) -> None:
    set_fault(twilio, twilio.sid, status=500, match={"to": "+1999*"})
    gone = twilio.http.post("/_mock/reset", json={"account": twilio.sid}).json()
    assert gone["never_hit"] == [gone["removed"][0]["id"]]
