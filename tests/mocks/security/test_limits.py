"""What is too large or too slow is refused before it is held, in the vendor's words, and the connection ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from tenants import SendGridTenant, TwilioTenant, mail
from test_protocol import PATH, SID, Client, Served, answers, in_a_loop, request, send, served, texts

from mock_providers import limited
from mock_providers.asgi import BODY_LIMIT

PIECE = b"x" * 65536


async def refused(it: Served, client: Client, status: int) -> Any:
    """The refusal that is the last thing on a connection, which a vendor's path has in the record too."""
    seen, body = await client.answer()
    assert seen == status
    assert b"connection: close" in client.head
    assert await client.closed()
    client.writer.close()
    return body


async def pour(client: Client, data: bytes, *, most: int) -> None:
    """Writes until the server has had enough."""
    for _ in range(most // len(data)):
        if client.reader.at_eof() or client.reader._buffer:  # type: ignore[attr-defined]  # reason: has it answered?
            return
        client.write(data)
        try:
            await client.writer.drain()
        except ConnectionError:
            return
    raise AssertionError(f"it took {most} bytes")


HEADS: dict[str, tuple[bytes, bytes]] = {
    "a long value": (b"X-Long: ", b"x" * 1000),
    "a long name": (b"X-", b"x" * 1000),
    "many headers": (b"", b"X-Many: x\r\n" * 50),
    "folded lines": (b"X-Folded: x\r\n", b" x\r\n" * 200),
}


@pytest.mark.parametrize("case", HEADS)
@in_a_loop
async def test_a_head_without_end(case: str) -> None:
    async with served() as it:
        client = await it.connect()
        begin, more = HEADS[case]
        client.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode() + begin)
        await pour(client, more, most=10_000_000)
        # some of it is no HTTP at all, which the parser finds out sooner
        status, body = await client.answer()
        assert status in {400, 431}
        assert await client.closed()
        if status == 431:
            assert body["code"] == 20431
            assert [one["status"] for one in answers(it.world)] == [431]


@in_a_loop
async def test_a_connection_serves_on_however_its_requests_are_cut() -> None:
    """Many clients write head and body apart: what one request brought never counts against the next."""
    async with served() as it:
        client = await it.connect()
        for number in range(2 * limited.HEAD_LIMIT // len(request(send("x")))):
            head, _, body = request(send(f"n{number}")).partition(b"\r\n\r\n")
            client.write(head + b"\r\n\r\n")
            while it.protocol._stage is not limited.BODY:  # noqa: ASYNC110  # reason: the parser sets no event
                await asyncio.sleep(0)  # reason: one turn of the loop, not a time
            client.write(body)
            assert (await client.answer())[0] == 201


@pytest.mark.parametrize("case", ["line", "value", "many"])
@in_a_loop
async def test_a_head_that_comes_at_once(case: str) -> None:
    async with served() as it:
        client = await it.connect()
        if case == "line":
            client.write(request(b"", method="GET", path=f"{PATH}?To={'x' * limited.HEAD_LIMIT}"))
        elif case == "value":
            client.write(request(send("x"), X_Long="x" * limited.HEAD_LIMIT))
        else:
            client.write(request(send("x"), **{f"x{number}": "x" for number in range(limited.MOST_HEADERS)}))
        assert (await refused(it, client, 431))["code"] == 20431
        assert texts(it.world) in ([], [None])


@in_a_loop
async def test_a_large_head_within_the_limit_is_read() -> None:
    async with served() as it:
        client = await it.connect()
        whole = request(send("fits"), X_Long="x" * (limited.HEAD_LIMIT - 1000))
        client.write(whole + request(send("next")))
        assert [(await client.answer())[1]["body"] for _ in range(2)] == ["fits", "next"]
        for start in range(0, len(whole), 5000):
            client.write(whole[start : start + 5000])
            await client.writer.drain()
        assert (await client.answer())[1]["body"] == "fits"


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("path", [PATH, "/v3/mail/send", "/_mock/faults"])
@in_a_loop
async def test_a_body_that_announces_itself_too_large(path: str, version: str) -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(b"", path=path, version=version, Content_Length=str(BODY_LIMIT + 1), Host="localhost"))
        body = await refused(it, client, 413)
        if path == PATH:
            assert (body["status"], body["code"]) == (413, 20413)
        elif path == "/v3/mail/send":
            assert body["errors"][0]["message"] == "payload too large"
        else:
            assert "too large" in body["error"]
        recorded = [one["status"] for one in answers(it.world)]
        assert recorded == ([] if path.startswith("/_mock") else [413])


@pytest.mark.parametrize("path", [PATH, "/v3/mail/send", "/_mock/faults", "/nonsense"])
@in_a_loop
async def test_a_body_in_chunks_without_end(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "BODY_LIMIT", 1_000_000)
    async with served() as it:
        client = await it.connect()
        chunked = {"Content_Length": "", "Transfer_Encoding": "chunked", "Content_Type": "application/json"}
        client.write(request(b"", path=path, Host="localhost", **chunked))
        chunk = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
        if path == "/nonsense":
            assert (await client.answer())[0] == 404
        else:
            await pour(client, chunk, most=100_000_000)
            await refused(it, client, 413)


@in_a_loop
async def test_what_stands_behind_the_last_chunk_is_a_head_too() -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(b"1\r\nx\r\n0\r\n", Content_Length="", Transfer_Encoding="chunked"))
        await pour(client, b"X-More: " + b"x" * 5000 + b"\r\n", most=10_000_000)
        await refused(it, client, 431)


SLOW: dict[str, Callable[[], bytes]] = {
    "nothing of a head": lambda: b"\r\n",
    "a part of a head": lambda: request(send("x"))[:40],
    "a part of a body": lambda: request(send("x"))[:-2],
    "a chunk": lambda: request(b"1\r\nx\r\n", Content_Length="", Transfer_Encoding="chunked"),
    "the control plane's": lambda: request(b"{", path="/_mock/faults", Host="localhost", Content_Length="50"),
}


@pytest.mark.parametrize("case", SLOW)
@in_a_loop
async def test_a_request_that_never_ends(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "HEAD_S", 0.05)
    monkeypatch.setattr(limited, "BODY_S", 0.05)
    async with served() as it:
        client = await it.connect()
        client.write(SLOW[case]())
        if case == "the control plane's":
            # it is said to be a form: refused before it is read, and then not waited for
            assert (await client.answer())[0] == 415
            assert await client.closed()
        else:
            await refused(it, client, 408)
        if "body" in case or "chunk" in case:
            assert [one["status"] for one in answers(it.world)] == [408]
        other = await it.connect()
        other.write(request(send("well")))
        assert (await other.answer())[0] == 201


@in_a_loop
async def test_drops_dont_buy_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "HEAD_S", 0.2)
    async with served() as it:
        client = await it.connect()
        client.write(f"POST {PATH} HTTP/1.1\r\n".encode())
        answer = asyncio.ensure_future(client.answer())
        began = asyncio.get_running_loop().time()
        while not answer.done():
            client.write(b"X: x\r\n")
            await asyncio.wait({answer}, timeout=0.02)
            assert asyncio.get_running_loop().time() - began < 5
        assert answer.result()[0] == 408


@pytest.mark.parametrize("piece", [b"x" * 50_000, b"x"], ids=len)
@in_a_loop
async def test_a_large_body_may_come_slowly_but_not_in_drops(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "BODY_S", 0.5)
    monkeypatch.setattr(limited, "HEAD_S", 0.1)
    monkeypatch.setattr(limited, "PROGRESS", 1000)
    pieces = 200
    async with served() as it:
        client = await it.connect()
        client.write(request(send("x") + b"&X=", Content_Length=str(len(send("x")) + 3 + pieces * len(piece))))
        answer = asyncio.ensure_future(client.answer())
        for _ in range(pieces):
            await asyncio.wait({answer}, timeout=0.02 if len(piece) == 1 else 0.005)
            if answer.done():
                break
            client.write(piece)
        assert (await answer)[0] == (408 if len(piece) == 1 else 201)


@in_a_loop
async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    async with served() as it:
        client = await it.connect()
        async with asyncio.timeout(10):
            while not it.server.server_state.connections:  # noqa: ASYNC110  # reason: uvicorn tells nobody
                await asyncio.sleep(0)  # reason: one turn of the loop, not a time
        protocol = it.protocol
        assert protocol.timeout_keep_alive_task is not None
        protocol._idle_since = protocol.loop.time() - protocol.timeout_keep_alive
        protocol.timeout_keep_alive_handler()
        assert await client.closed()


@in_a_loop
async def test_who_waits_for_us_has_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "HEAD_S", 0.5)
    async with served() as it:
        it.world.faults.add({"match": {"text": "slow"}, "latency_s": 1})
        client = await it.connect()
        # the next request has begun, and waits for the answer to this one
        client.write(request(send("slow")) + request(send("next"))[:50])
        assert (await client.answer())[0] == 201
        client.write(request(send("next"))[50:])
        assert (await client.answer())[1]["body"] == "next"


@pytest.mark.parametrize("vendor", ["twilio", "sendgrid"])
@pytest.mark.parametrize("way", ["short", "long"])
@in_a_loop
async def test_a_mistake_of_ours_is_the_vendors_500_and_recorded(
    vendor: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RecursionError

    if vendor == "twilio":
        monkeypatch.setattr("mock_providers.twilio.front_door.FrontDoor.admit", breaks)
        whole = request(send("x"))
    else:
        monkeypatch.setattr("mock_providers.sendgrid.api.SendGridApi._answer", breaks)
        whole = request(json.dumps(mail()).encode(), path="/v3/mail/send", Authorization="Bearer SG.x.y")
    async with served() as it:
        client = await it.connect()
        if way == "long":
            client.write(whole[:-1])
            await client.writer.drain()
            it.world.faults.add({"match": {}, "latency_s": 0.001})
        client.write(whole[-1:] if way == "long" else whole)
        status, body = await client.answer()
        assert status == 500
        assert body["code"] == 20500 if vendor == "twilio" else body["errors"][0]["message"] == "internal server error"
        [entry] = answers(it.world)
        assert (entry["status"], entry["outcome"], entry["provider"]) == (500, "answered", vendor)
        client.write(request(b"", method="GET", path="/_mock/health", Host="localhost"))
        assert (await client.answer())[1]["in_flight"] == 0


def test_media_types_are_of_any_case(twilio: TwilioTenant) -> None:
    for kind in ("Application/X-WWW-Form-Urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8"):
        headers = {"Content-Type": kind}
        made = twilio.request("POST", "/Messages.json", content=send("cased"), headers=headers)
        assert made.status_code == 201, made.text


def packed(tenant: SendGridTenant, body: bytes, encoding: str = "gzip") -> Any:
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}
    return tenant.request("POST", "/mail/send", content=body, headers=headers)


def test_a_mail_may_come_packed(sendgrid: SendGridTenant) -> None:
    body = json.dumps(mail(subject="packed")).encode()
    assert packed(sendgrid, gzip.compress(body)).status_code == 202
    assert packed(sendgrid, gzip.compress(body[:20]) + gzip.compress(body[20:]), "GZIP").status_code == 202
    [first, _] = sendgrid.entries(type="called")
    assert first["params"]["subject"] == "packed"
    for broken in (body, gzip.compress(body)[:-12], gzip.compress(body) + b"x", b""):
        assert packed(sendgrid, broken).status_code == 400, broken
    for other in ("br", "deflate", "zstd", "gzip, gzip", "x"):
        refused = packed(sendgrid, body, other)
        assert (refused.status_code, bool(refused.json()["errors"])) == (415, True)
    assert packed(sendgrid, body, "identity").status_code == 202


def test_what_grows_beyond_the_limit_is_not_unpacked(sendgrid: SendGridTenant) -> None:
    bomb = gzip.compress(b" " * (BODY_LIMIT + 1) + json.dumps(mail()).encode())
    assert len(bomb) < 100_000
    assert packed(sendgrid, bomb).status_code == 413
    assert packed(sendgrid, gzip.compress(bomb)).status_code == 415  # packed twice, it isn't text


def test_what_was_packed_in_many_files_costs_no_more(sendgrid: SendGridTenant) -> None:
    body = json.dumps(mail(subject="blocks")).encode()
    blocks = b"".join(gzip.compress(body[n : n + 1]) for n in range(len(body))) + gzip.compress(b"") * 500
    assert packed(sendgrid, blocks).status_code == 202
    assert packed(sendgrid, gzip.compress(b" ") * 40_000 + gzip.compress(body)).status_code == 400


def test_twilio_takes_nothing_packed(twilio: TwilioTenant) -> None:
    refused = twilio.request(
        "POST", "/Messages.json", content=gzip.compress(send("x")), headers={"Content-Encoding": "gzip"}
    )
    assert (refused.status_code, refused.json()["status"]) == (415, 415)


@in_a_loop
async def test_accounts_that_are_made_of_what_comes_have_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_providers.world.MOST_ON_DEMAND", 3)
    async with served() as it:
        client = await it.connect()
        for number in range(6):
            path = PATH.replace(SID, f"AC{number:032x}")
            auth = "Basic " + b64encode(f"AC{number:032x}:t".encode()).decode()
            client.write(request(send("x"), path=path, Authorization=auth))
            status, body = await client.answer()
            assert status == (201 if number < 3 else 401)
            assert number < 3 or "3 accounts" in body["message"]
            client.write(request(b"", method="GET", path="/v3/scopes", Authorization=f"Bearer SG.{number}.x"))
            status, body = await client.answer()
            assert status == (200 if number < 3 else 401)
            assert number < 3 or "3 accounts" in body["errors"][0]["message"]
        assert (len(it.world.twilio), len(it.world.sendgrid)) == (3, 3)
