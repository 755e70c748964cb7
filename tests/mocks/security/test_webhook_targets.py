"""Webhooks go to this machine and to hosts that the owner has named; what would go elsewhere is told, not sent."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenants import Receiver, SendGridTenant, ServerProcess, TwilioTenant, make_twilio, start_server
from test_protocol import in_a_loop

from mock_providers.client.protocol import tls
from mock_providers.posting import Poster
from mock_providers.targets import RefusedTargetError, Targets

STRANGERS = [
    "http://169.254.169.254/latest/meta-data/",
    "http://10.255.255.1/",
    "https://192.0.2.7/",
    "http://[2001:db8::1]:8080/",
    "http://[::ffff:192.0.2.1]/",
    "http://0.0.0.0:9/",
    "http://[::]:9/",
    "http://3221225985/",
    "http://0xc0.0.2.1/",
    "http://127.0.0.1@192.0.2.1/",
    "http://192.0.2.1#@127.0.0.1/",
]
PORT = 9


@pytest.mark.parametrize("url", STRANGERS)
def test_a_status_callback_to_elsewhere_is_told_and_not_sent(twilio: TwilioTenant, url: str) -> None:
    twilio.change(lifecycle=[["sent", 0]])
    sid = twilio.send(StatusCallback=url)["sid"]
    query = {"account": twilio.sid, "type": "callback.dropped", "message": sid, "within": 10}
    [dropped] = twilio.http.get("/_mock/wait", params=query).json()["entries"]
    assert "--webhook-host" in dropped["reason"]
    assert dropped["url"].startswith(url[:7])
    assert twilio.entries(type="callback.sent") == twilio.entries(type="callback.answered") == []


def test_who_asks_for_one_is_told(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    url = "http://192.0.2.1/"
    path = f"/_mock/twilio/{twilio.sid}"
    sid = twilio.send()["sid"]
    asked: list[tuple[str, dict[str, Any]]] = [
        (f"{path}/inbound", {"from": "+15552340001", "to": "+15552340002", "body": "x", "url": url}),
        (f"{path}/messages/{sid}/status", {"status": "sent", "url": url, "duplicate": 2}),
        (f"/_mock/sendgrid/{sendgrid.name}/events", {"event": "open", "url": url}),
        (f"/_mock/sendgrid/{sendgrid.name}/inbound", {"from": "a@b.co", "to": "c@d.co", "url": url}),
    ]
    for where, body in asked:
        refused = twilio.http.post(where, json=body)
        assert (refused.status_code, "not sent to 192.0.2.1" in refused.json()["error"]) == (422, True), where
    # who may drive the server may not name new hosts for it either
    twilio.change(inbound_url=url)
    assert twilio.http.post(asked[0][0], json={**asked[0][1], "url": None}).status_code == 422
    assert len(twilio.entries(type="callback.dropped")) == 4
    assert len(sendgrid.entries(type="callback.dropped")) == 2


def test_a_batch_that_may_not_be_sent_is_not_tried_again(sendgrid: SendGridTenant) -> None:
    settings = {"event_webhook_url": "http://192.0.2.1/", "event_retries_s": [0.01, 0.01], "event_batch_s": 0.01}
    sendgrid.change(lifecycle=[["processed", 0]], **settings)
    sendgrid.send()
    query = {"account": sendgrid.name, "type": "callback.dropped", "within": 10}
    assert sendgrid.http.get("/_mock/wait", params=query).json()["met"]
    sendgrid.change(event_webhook_url=None, lifecycle="manual")
    more = sendgrid.http.get("/_mock/wait", params={**query, "count": 2, "within": 0.3}).json()
    assert len(more["entries"]) == 1


def test_loopback_has_many_names_here_too(twilio: TwilioTenant, receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "127.1", "2130706433", "[::ffff:127.0.0.1]"):
        sent = {"from": "+15552340001", "to": "+15552340002", "body": host, "url": f"http://{host}:{port}/"}
        done = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=sent)
        assert done.json().get("status") == 200, done.text
        receiver.next()


def test_a_redirect_leads_nowhere(twilio: TwilioTenant, receiver: Receiver) -> None:
    receiver.statuses[:] = [302, 307]
    for status in (302, 307):
        sent = {"from": "+15552340001", "to": "+15552340002", "body": "x", "url": f"{receiver.url}/from"}
        done = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=sent).json()
        assert done["status"] == status
        assert receiver.next().path == "/from"
    assert receiver.received.empty()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[ServerProcess]:
    config = tmp_path / "mocks.toml"
    account = '[[twilio]]\naccount_sid = "AC00000000000000000000000000000001"\nauth_token = "x"\n'
    config.write_text(
        '[server]\nwebhook_hosts = ["named.invalid"]\n' + account + 'inbound_url = "http://Own.Invalid/"\n'
    )
    running = start_server("--config", str(config), "--webhook-host", "192.0.2.9")
    yield running
    running.stop()


def test_hosts_that_the_owner_names_are_called(elsewhere: ServerProcess) -> None:
    with httpx.Client(base_url=elsewhere.url, verify=tls(elsewhere.url), timeout=30) as http:
        tenant = make_twilio(http)
        sent = {"from": "+15552340001", "to": "+15552340002", "body": "x"}
        for host in ("named.invalid", "own.invalid"):
            # nobody is there, but it was tried
            done = http.post(f"/_mock/twilio/{tenant.sid}/inbound", json={**sent, "url": f"http://{host}:9/"}).json()
            assert "Cannot connect to host" in done["error"], host
        refused = http.post(f"/_mock/twilio/{tenant.sid}/inbound", json={**sent, "url": "http://192.0.2.8/"})
        assert refused.status_code == 422


@in_a_loop
async def test_a_name_is_looked_up_once_and_only_what_is_ours_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    answers = [["192.0.2.1", "127.0.0.1"], ["192.0.2.1"]]

    class Resolving:
        """The loop, with names that lead elsewhere each time."""

        def __getattr__(self, name: str) -> Any:
            return getattr(loop, name)

        async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in answers.pop(0)]

    monkeypatch.setattr("mock_providers.targets.asyncio.get_running_loop", Resolving)
    targets = Targets()
    assert await targets.addresses("rebinding.example", PORT) == ["127.0.0.1"]
    with pytest.raises(RefusedTargetError):
        await targets.addresses("rebinding.example", PORT)
    assert asked == ["rebinding.example"] * 2


@pytest.mark.parametrize("hosts", [("*",), ("192.0.2.1",)])
@in_a_loop
async def test_what_is_named_is_not_looked_up(hosts: tuple[str, ...]) -> None:
    assert await Targets(frozenset(hosts)).addresses("192.0.2.1", PORT) == ["192.0.2.1"]


@in_a_loop
async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    class Once(Targets):
        async def addresses(self, host: str, port: int) -> list[str]:
            assert host == "rebinding.invalid"
            return ["127.0.0.1"]

    heads: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async def connected() -> None:
        pass

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    poster = Poster(Once())
    status, error, _ = await poster.post(
        f"http://rebinding.invalid:{port}/", body=json.dumps({}).encode(), headers={}, connected=connected
    )
    assert (status, error) == (204, None)
    assert b"rebinding.invalid" in heads[0]
    await poster.close()
    server.close()
