"""How webhooks go out: the bytes on the wire, connections that are kept and those that are not, and odd receivers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mock_providers import posting
from mock_providers.posting import REPLY_LIMIT, Poster

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Raw:
    """A receiver that keeps the bytes of each request, and answers with bytes of the test's choice."""

    def __init__(self, *replies: bytes, end_after: bool = False) -> None:
        self._replies = list(replies)
        self._end_after = end_after
        self.requests: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                writer.write(self._replies.pop(0) if len(self._replies) > 1 else self._replies[0])
                await writer.drain()
                if self._end_after:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.ended.set()


@asynccontextmanager
async def receiving(receiver: Raw, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Raw]:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.url = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield receiver
    finally:
        server.close()


async def nothing() -> None:
    """Nobody waits between the connection and the request."""


async def post(
    poster: Poster, url: str, *, connected: Callable[[], Awaitable[None]] = nothing, patience_s: float | None = None
) -> tuple[int | None, str | None, str]:
    headers = {"Content-Type": "text/plain"}
    return await poster.post(url, body=b"a=1", headers=headers, connected=connected, patience_s=patience_s)


def test_a_host_beyond_ascii_is_told_how_it_is_written() -> None:
    status, error, _ = asyncio.run(post(Poster(), "http://bücher.example/hook"))
    assert status is None
    assert error == "ValueError: the host bücher.example has letters beyond ASCII; write it as xn--…"


def test_the_url_goes_out_as_it_was_signed() -> None:
    async def run() -> None:
        async with receiving(Raw(OK)) as to:
            poster = Poster()
            path = "/a%2Fb/;x=(1)'?q=%7e+[]|é&bodySHA256=00"
            assert await post(poster, f"http://us%40er:p%3Ass@{to.url}{path}#gone") == (200, None, "ok")
            await poster.close()
            head, _, body = to.requests[0].partition(b"\r\n\r\n")
            line, *headers = head.decode().split("\r\n")
            assert line == "POST /a%2Fb/;x=(1)'?q=%7e+[]|%C3%A9&bodySHA256=00 HTTP/1.1"
            assert dict(header.split(": ") for header in headers) == {
                "Host": to.url,
                "Accept": "*/*",
                "Content-Type": "text/plain",
                "Content-Length": "3",
                "Authorization": "Basic dXNAZXI6cDpzcw==",
            }
            assert body == b"a=1"

    asyncio.run(run())


def test_a_connection_is_kept_but_not_for_those_that_go_out_together() -> None:
    async def run() -> None:
        async with receiving(Raw(OK)) as to:
            poster = Poster()
            for _ in range(3):
                assert (await post(poster, f"http://{to.url}/"))[0] == 200
            assert (len(to.requests), to.connections) == (3, 1)
            for _ in range(2):
                assert (await post(poster, f"http://{to.url}/", patience_s=1.0))[0] == 200
            assert (len(to.requests), to.connections) == (5, 3)
            await poster.close()

    asyncio.run(run())


def test_a_connection_that_the_receiver_closed_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with receiving(Raw(OK, end_after=True)) as to:
            poster = Poster()
            for _ in range(2):
                assert await post(poster, f"http://{to.url}/") == (200, None, "ok")
                await asyncio.wait_for(to.ended.wait(), 5)
                to.ended.clear()
            assert to.connections == 2
            await poster.close()
        async with receiving(Raw(OK)) as to:
            monkeypatch.setattr(posting, "KEPT_ALIVE_S", 0.0)
            poster = Poster()
            assert (await post(poster, f"http://{to.url}/"))[0] == 200
            # nobody posts any more, and yet the connection ends
            await asyncio.wait_for(to.ended.wait(), 5)
            await poster.close()

    asyncio.run(run())


LONG = b"x" * (REPLY_LIMIT + 10)


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, "ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 200, "hello"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", 302, ""),
        (b"HTTP/1.0 500 Oh\r\n\r\nuntil it ends", 500, "until it ends"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LONG) + LONG, 200, "x" * REPLY_LIMIT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xffok", 200, "\N{REPLACEMENT CHARACTER}ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", None, "peer closed connection"),
        (b"garbage\r\n\r\n", None, "RemoteProtocolError"),
        (b"", None, "RemoteProtocolError"),
    ],
)
def test_what_a_receiver_may_answer(reply: bytes, status: int | None, said: str) -> None:
    async def run() -> None:
        async with receiving(Raw(reply, end_after=True)) as to:
            poster = Poster()
            got, error, text = await post(poster, f"http://{to.url}/")
            await poster.close()
            if status is None:
                assert (got, text) == (None, "")
                assert error is not None
                assert said in error
            else:
                assert (got, error, text) == (status, None, said)

    asyncio.run(run())


def test_a_receiver_that_is_away_or_silent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        poster = Poster()
        _, refused, _ = await post(poster, "http://127.0.0.1:9/x?token=hidden")
        assert refused is not None
        assert refused.startswith("ConnectionError: Cannot connect to host 127.0.0.1:9: ")
        for url in ("http://127.0.0.1:99999/", "nonsense", "ftp://127.0.0.1/", "http://" + "x" * 300, "http://a b/"):
            status, error, _ = await post(poster, url)
            assert status is None, url
            assert error, url
        monkeypatch.setattr(posting, "TIMEOUT_S", 0.05)

        never = asyncio.Event()

        async def hold() -> None:
            await never.wait()

        async with receiving(Raw(OK)) as to:
            assert await post(poster, f"http://{to.url}/", connected=hold) == (None, "no answer within 0.05 s", "")
            assert to.requests == []
            await asyncio.wait_for(to.ended.wait(), 5)
        await poster.close()

    asyncio.run(run())


def self_signed(folder: Path) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "receiver.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


def test_a_certificate_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)

    async def run() -> tuple[int | None, str | None, str]:
        async with receiving(Raw(OK), tls=context) as to:
            poster = Poster()
            try:
                return await post(poster, f"https://{to.url}/")
            finally:
                await poster.close()

    status, error, _ = asyncio.run(run())
    assert (status, "certificate verify failed" in (error or "")) == (None, True)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert asyncio.run(run()) == (200, None, "ok")
