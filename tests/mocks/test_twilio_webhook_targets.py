"""Which webhook is called, how, and what its URL's fragment says of the connection."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tenants import Received, Receiver, TwilioTenant
from twilio.request_validator import RequestValidator

TO, FROM = "+15552340002", "+15552340001"


def number(twilio: TwilioTenant, **settings: str) -> str:
    made = twilio.request("POST", "/IncomingPhoneNumbers.json", data={"PhoneNumber": TO, **settings})
    assert made.status_code == 201, made.text
    return str(made.json()["sid"])


def service(twilio: TwilioTenant, of: str, **settings: str) -> str:
    auth = (twilio.sid, twilio.token)
    made = twilio.http.post("/v1/Services", data={"FriendlyName": "pool", **settings}, auth=auth)
    assert made.status_code == 201, made.text
    sid = str(made.json()["sid"])
    twilio.http.post(f"/v1/Services/{sid}/PhoneNumbers", data={"PhoneNumberSid": of}, auth=auth)
    return sid


def inbound(twilio: TwilioTenant, **wanted: Any) -> dict[str, Any]:
    body = {"from": FROM, "to": TO, "body": "a + b & c"} | wanted
    answer: dict[str, Any] = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=body).json()
    return answer


def signed(twilio: TwilioTenant, base: str, got: Received) -> bool:
    form = {name: values[0] for name, values in parse_qs(got.body.decode(), keep_blank_values=True).items()}
    signature = got.headers["x-twilio-signature"]
    return bool(RequestValidator(twilio.token).validate(f"{base}{got.path}", form, signature))


@pytest.fixture
def nobody() -> Iterator[str]:
    """A URL at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_number_is_asked_with_get(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl=f"{receiver.url}/in?a=1", SmsMethod="get")
    assert inbound(twilio)["status"] == 200
    got = receiver.next()
    query = parse_qs(urlsplit(got.path).query)
    assert (got.method, got.body, query["a"], query["Body"], query["From"]) == (
        "GET",
        b"",
        ["1"],
        ["a + b & c"],
        [FROM],
    )
    assert signed(twilio, receiver.url, got)
    [sent] = twilio.entries(type="callback.sent")
    assert (sent["method"], sent["params"]["Body"]) == ("GET", "a + b & c")


@pytest.mark.parametrize("primary", ["refused", "closed", "torn"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("of", ["number", "service"])
def test_a_fallback_is_called(
    twilio: TwilioTenant, receiver: Receiver, nobody: str, *, primary: str, method: str, of: str
) -> None:
    url = {"refused": f"{receiver.url}/first", "closed": f"{nobody}/first", "torn": f"{receiver.url}/first"}[primary]
    fallback = f"{receiver.url}/fallback"
    if of == "number":
        number(twilio, SmsUrl=url, SmsFallbackUrl=fallback, SmsFallbackMethod=method)
    else:
        service(twilio, number(twilio), InboundRequestUrl=url, FallbackUrl=fallback, FallbackMethod=method)
    receiver.statuses = [500] if primary == "refused" else []
    receiver.reply = b"<Response><Message>hi" if primary == "torn" else b""
    answer = inbound(twilio)
    if primary != "closed":
        assert receiver.next().path == "/first"
    got = receiver.next()
    told = parse_qs(urlsplit(got.path).query if method == "GET" else got.body.decode())
    code = {"refused": "11200", "closed": "11205", "torn": "12100"}[primary]
    assert (got.method, told["ErrorCode"], told["ErrorUrl"]) == (method, [code], [url])
    assert signed(twilio, receiver.url, got)
    assert answer["status"] == 200


@pytest.mark.parametrize("reply", [b"", b"ok", b"{}", b"<Response/>", b"<?xml version='1.0'?>\n<Response/>"])
def test_no_fallback_where_the_answer_will_do(twilio: TwilioTenant, receiver: Receiver, reply: bytes) -> None:
    number(twilio, SmsUrl=f"{receiver.url}/first", SmsFallbackUrl=f"{receiver.url}/fallback")
    receiver.reply = reply
    assert inbound(twilio)["status"] == 200
    assert [urlsplit(one["url"]).path for one in twilio.entries(type="callback.sent")] == ["/first"]


def test_no_fallback_for_what_a_fault_drops(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl=f"{receiver.url}/first", SmsFallbackUrl=f"{receiver.url}/fallback")
    fault = {"match": {"account": twilio.sid, "endpoint": "webhook.inbound"}, "webhook": {"drop": True}}
    twilio.http.post("/_mock/faults", json=fault)
    assert inbound(twilio)["status"] is None
    assert twilio.entries(type="callback.sent") == []


def test_neither_fallback_nor_retry_for_what_the_mock_does_not_call(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl="http://192.0.2.1/first#rc=3&rp=all", SmsFallbackUrl=f"{receiver.url}/fallback")
    assert "192.0.2.1" in inbound(twilio)["error"]
    assert len(twilio.entries(type="callback.dropped")) == 1
    assert twilio.entries(type="callback.sent") == []


@pytest.mark.parametrize(
    ("own", "of_service", "use_number", "path"),
    [
        ("/number", None, "false", "/account"),
        ("/number", "/service", "false", "/service"),
        ("/number", "/service", "true", "/number"),
        (None, "/service", "true", "/account"),
        (None, "/service", "false", "/service"),
    ],
)
def test_the_webhook_of_a_number_in_a_service(
    twilio: TwilioTenant, receiver: Receiver, *, own: str | None, of_service: str | None, use_number: str, path: str
) -> None:
    twilio.change(inbound_url=f"{receiver.url}/account")
    sid = number(twilio, **({"SmsUrl": f"{receiver.url}{own}"} if own else {}))
    urls = {"InboundRequestUrl": f"{receiver.url}{of_service}"} if of_service else {}
    service(twilio, sid, UseInboundWebhookOnNumber=use_number, **urls)
    assert inbound(twilio)["status"] == 200
    assert receiver.next().path == path


def test_a_service_that_is_made_on_demand_takes_no_webhook_away(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl=f"{receiver.url}/number")
    twilio.change(any_service=True)
    made = twilio.send(From=None, MessagingServiceSid="MG" + "0" * 32)["messaging_service_sid"]
    inbound(twilio)
    assert receiver.next().path == "/number"
    auth, url = (twilio.sid, twilio.token), f"{receiver.url}/service"
    twilio.http.post(f"/v1/Services/{made}", data={"InboundRequestUrl": url}, auth=auth)
    inbound(twilio)
    assert receiver.next().path == "/service"


def test_no_webhook_at_all_is_told(twilio: TwilioTenant) -> None:
    service(twilio, number(twilio, SmsUrl="http://127.0.0.1:9/"))
    assert "InboundRequestUrl" in inbound(twilio)["hint"]


@pytest.mark.parametrize(
    ("overrides", "statuses", "attempts"),
    [
        ("", [500], 1),
        ("#section", [500], 1),
        ("#rc=2", [500], 1),
        ("#rc=2&rp=5xx", [500, 503], 3),
        ("#rc=2&rp=5xx", [500, 503, 500], 3),
        ("#rc=2&rp=5xx", [500], 2),
        ("#rc=2&rp=5xx", [404], 1),
        ("#rc=2&rp=4xx,5xx", [404, 500], 3),
        ("#rc=2&rp=all", [404, 500], 3),
        ("#rp=5xx", [500, 500], 2),
        ("#rc=0&rp=all", [500], 1),
        ("#rc=6&rp=all", [500, 500, 500], 2),
        ("#rc=-1&rp=all", [500, 500, 500], 2),
        ("#rc=5&rp=all", [500] * 7, 6),
        ("#rc=2&rp=nonsense", [500], 1),
        ("#rc=1&rp=5xx&edge=ashburn&sni=y&ct=2000&rt=2000&tt=4000", [500], 2),
    ],
)
def test_connection_overrides_are_obeyed_and_neither_sent_nor_signed(
    twilio: TwilioTenant, receiver: Receiver, overrides: str, statuses: list[int], attempts: int
) -> None:
    sid = twilio.send(StatusCallback=f"{receiver.url}/status?x=1{overrides}")["sid"]
    receiver.statuses = list(statuses)
    outcome = twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": "sent"}).json()
    got = [receiver.next() for _ in range(attempts)]
    assert receiver.received.empty()
    assert {one.path for one in got} == {"/status?x=1"}
    assert all(signed(twilio, receiver.url, one) for one in got)
    assert len({one.headers["i-twilio-idempotency-token"] for one in got}) == 1
    assert outcome["status"] == [*statuses, 200][attempts - 1]
    assert len(twilio.entries(type="callback.sent")) == attempts


@pytest.mark.parametrize(("overrides", "attempts"), [("", 1), ("#rc=3", 4), ("#rc=3&rp=5xx,rt", 1), ("#rp=ct", 2)])
def test_connections_that_are_refused_are_tried_again(
    twilio: TwilioTenant, nobody: str, overrides: str, attempts: int
) -> None:
    number(twilio, SmsUrl=f"{nobody}/in{overrides}")
    assert inbound(twilio)["status"] is None
    assert len(twilio.entries(type="callback.sent")) == attempts


@pytest.mark.parametrize(
    ("overrides", "attempts", "words"),
    [
        ("#rt=100&rc=2&rp=rt", 3, "nothing came within 0.1 s"),
        ("#rt=100&rc=2", 1, "nothing came within 0.1 s"),
        ("#tt=300&rc=5&rp=all", 1, "no answer within 0.3 s"),
    ],
)
def test_a_receiver_that_says_nothing(twilio: TwilioTenant, overrides: str, attempts: int, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number(twilio, SmsUrl=f"http://127.0.0.1:{silent.getsockname()[1]}/in{overrides}")
        assert words in inbound(twilio)["error"]
    assert len(twilio.entries(type="callback.sent")) == attempts


@pytest.mark.parametrize("suffix", ["", "?", "?a=1", "?a=1&", "?a=1#rc=1", "/#rc=1"])
def test_json_is_signed_with_its_hash_in_the_url(twilio: TwilioTenant, receiver: Receiver, suffix: str) -> None:
    inbound(twilio, url=f"{receiver.url}/in{suffix}", **{"as": {"format": "json", "body": {"text": "hi"}}})
    got = receiver.next()
    assert parse_qs(urlsplit(got.path).query)["bodySHA256"] == [sha256(got.body).hexdigest()]
    assert got.headers["content-type"].startswith("application/json")
    check: Callable[..., object] = RequestValidator(twilio.token).validate
    assert check(f"{receiver.url}{got.path}", got.body.decode(), got.headers["x-twilio-signature"])
    tampered = b64encode(b"x" * 20).decode()
    assert not check(f"{receiver.url}{got.path}", got.body.decode(), tampered)


@pytest.mark.parametrize(
    "form", [{"SmsMethod": "PUT"}, {"SmsUrl": "nonsense"}, {"SmsUrl": "http://x/", "SmsFallbackMethod": "head"}]
)
def test_settings_that_can_not_be(twilio: TwilioTenant, form: dict[str, str]) -> None:
    made = twilio.request("POST", "/IncomingPhoneNumbers.json", data={"PhoneNumber": TO, **form})
    assert (made.status_code, made.json()["code"]) == (400, 20001)
    assert twilio.request("GET", "/IncomingPhoneNumbers.json").json()["incoming_phone_numbers"] == []
