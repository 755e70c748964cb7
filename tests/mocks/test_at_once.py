"""Webhooks that arrive together: the receiver has them all before it has answered any."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tenants import Receiver, SendGridTenant, TwilioTenant, start_server

REFUSED = "http://127.0.0.1:1/"


@pytest.fixture
def meeting() -> Iterator[Callable[[int], str]]:
    """The address of a receiver that answers nobody before so many requests are in it; 409 to who stays alone."""
    running: list[ThreadingHTTPServer] = []

    def of(number: int) -> str:
        inside = threading.Barrier(number)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    inside.wait(25)
                    self.send_response(200)
                except threading.BrokenBarrierError:
                    self.send_response(409)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        running.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield of
    for server in running:
        server.shutdown()
        server.server_close()


def post(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = http.post(f"/_mock{path}", json=body, timeout=30)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def together(number: int, **more: Any) -> dict[str, Any]:
    return {"name": secrets.token_hex(8), "of": number, **more}


def all_of(asked: list[Callable[[], dict[str, Any]]]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(len(asked)) as pool:
        return [future.result() for future in [pool.submit(one) for one in asked]]


def spread(tenant: TwilioTenant | SendGridTenant) -> bool:
    """Whether by the journal the last went out before the first was answered."""
    sent = [entry["at"] for entry in tenant.entries(type="callback.sent")]
    answered = [entry["at"] for entry in tenant.entries(type="callback.answered")]
    return max(sent) < min(answered)


@pytest.mark.parametrize("number", [2, 5, 20])
def test_inbound_messages(twilio: TwilioTenant, meeting: Callable[[int], str], number: int) -> None:
    body = {"from": "+15552340009", "to": "+15552340002", "body": "hi", "url": meeting(number)}
    body["at_once"] = together(number)
    answers = all_of([lambda: post(twilio.http, f"/twilio/{twilio.sid}/inbound", body)] * number)
    assert [one["status"] for one in answers] == [200] * number
    assert [one["at_once"] for one in answers] == [{"of": number, "came": number, "together": True}] * number
    assert spread(twilio)
    names = {entry["at_once"]["name"] for entry in twilio.entries(type="callback.sent")}
    assert names == {body["at_once"]["name"]}


def test_every_kind_of_webhook_of_both_providers(
    twilio: TwilioTenant, sendgrid: SendGridTenant, meeting: Callable[[int], str]
) -> None:
    sid, mail, url, at_once = twilio.send()["sid"], sendgrid.send(), meeting(6), together(6, within_s=20)
    text = {"from": "+15552340009", "to": "+15552340002", "url": url, "at_once": at_once}
    reply = {"from": "a@example.com", "to": "b@example.com", "url": url, "at_once": at_once}
    status = {"status": "delivered", "duplicate": 2, "url": url, "at_once": at_once}
    events = {"events": [{"message": mail, "event": e} for e in ("open", "click")], "url": url, "at_once": at_once}
    set_ = {"match": {"account": sendgrid.name, "endpoint": "webhook.event"}, "webhook": {"split": True}, "times": 1}
    assert sendgrid.http.post("/_mock/faults", json=set_).status_code == 201
    split = all_of(
        [
            lambda: post(twilio.http, f"/twilio/{twilio.sid}/inbound", text),
            lambda: post(twilio.http, f"/twilio/{twilio.sid}/messages/{sid}/status", status),
            lambda: post(sendgrid.http, f"/sendgrid/{sendgrid.name}/events", events),
            lambda: post(sendgrid.http, f"/sendgrid/{sendgrid.name}/inbound", reply),
        ]
    )
    assert [one["status"] for one in split] == [200] * 4
    assert all(one["at_once"] == {"of": 6, "came": 6, "together": True} for one in split)


def test_one_that_waits_in_vain_goes_all_the_same_and_says_so(twilio: TwilioTenant, receiver: Receiver) -> None:
    body = {"from": "+15552340009", "to": "+15552340002", "url": receiver.url, "at_once": together(3, within_s=0.2)}
    answers = all_of([lambda: post(twilio.http, f"/twilio/{twilio.sid}/inbound", body)] * 2)
    assert [one["status"] for one in answers] == [200, 200]
    assert [one["at_once"] for one in answers] == [{"of": 3, "came": 2, "together": False}] * 2
    assert {receiver.next().path, receiver.next().path} == {"/"}
    late = post(twilio.http, f"/twilio/{twilio.sid}/inbound", body)
    assert late["at_once"] == {"of": 3, "came": 1, "together": False}, "who comes too late is alone"


def test_a_name_can_be_used_again(twilio: TwilioTenant, meeting: Callable[[int], str]) -> None:
    body = {"from": "+15552340009", "to": "+15552340002", "url": meeting(2), "at_once": together(2)}
    for _ in range(2):
        answers = all_of([lambda: post(twilio.http, f"/twilio/{twilio.sid}/inbound", body)] * 2)
        assert [one["at_once"]["came"] for one in answers] == [2, 2]


def test_who_finds_no_receiver_waits_for_nobody(twilio: TwilioTenant) -> None:
    body = {"from": "+15552340009", "to": "+15552340002", "url": REFUSED, "at_once": together(2, within_s=30)}
    answer = post(twilio.http, f"/twilio/{twilio.sid}/inbound", body)
    assert answer["status"] is None
    assert "at_once" not in answer
    assert [entry["type"] for entry in twilio.entries()] == ["callback.sent", "callback.answered"]


@pytest.mark.parametrize(
    ("at_once", "said"),
    [
        ("x", "expected a table"),
        ({"of": 2}, "name is missing"),
        ({"name": "", "of": 2}, "name must be"),
        ({"name": "x"}, "of must be"),
        ({"name": "x", "of": 1}, "of must be"),
        ({"name": "x", "of": 101}, "of must be"),
        ({"name": "x", "of": 2, "within_s": 31}, "within_s must be"),
        ({"name": "x", "of": 2, "nonsense": 1}, "unknown key"),
    ],
)
def test_a_wish_that_can_not_be_is_a_clear_error(twilio: TwilioTenant, at_once: Any, said: str) -> None:
    sid = twilio.send()["sid"]
    body = {"status": "delivered", "url": REFUSED, "at_once": at_once}
    response = twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json=body)
    assert response.status_code == 422
    assert said in response.json()["error"]
    assert twilio.request("GET", f"/Messages/{sid}.json").json()["status"] == "queued", "nothing was done"


def test_a_server_that_ends_lets_go_what_waits() -> None:
    running = start_server()
    sid = "AC" + "7" * 32
    with (
        socket.create_server(("127.0.0.1", 0)) as stack,
        httpx.Client(base_url=running.url, timeout=30) as http,
        ThreadPoolExecutor(1) as pool,
    ):
        http.post("/_mock/accounts", json={"provider": "twilio", "account_sid": sid, "auth_token": "x"})
        url = f"http://127.0.0.1:{stack.getsockname()[1]}"
        body = {"from": "+15552340009", "to": "+15552340002", "url": url, "at_once": together(2, within_s=30)}
        waiting = pool.submit(http.post, f"/_mock/twilio/{sid}/inbound", json=body)
        connection, _ = stack.accept()
        with connection:
            connection.settimeout(10)
            running.process.terminate()
            assert connection.recv(4) == b"POST"
            assert running.stop() == 0
        waiting.exception(10)


def test_health_tells_the_time(http: httpx.Client, twilio: TwilioTenant) -> None:
    before = http.get("/_mock/health").json()["now"]
    twilio.send()
    at = twilio.entries(type="called")[0]["at"]
    assert before <= at <= http.get("/_mock/health").json()["now"]
