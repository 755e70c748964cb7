"""The asynchronous client."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

import httpx

from mock_providers.client import protocol
from mock_providers.client.protocol import DEADLINE_S, RECONNECT_S, Entry
from mock_providers.clock import elapse


class AsyncMockProviders:
    """A mock server, seen from an asynchronous test; `transport` is for one without a socket."""

    def __init__(
        self, url: str, *, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self.http = httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=httpx.Timeout(30.0),
            transport=transport,
            verify=protocol.tls(url),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def request(self, method: str, path: str, **options: Any) -> Any:
        return protocol.read(await self.http.request(method, f"/_mock{path}", **options))

    async def seq(self) -> int:
        """The sequence number of the last entry: a cursor for what comes next."""
        return int((await self.request("GET", "/health"))["seq"])

    async def twilio(self, **settings: Any) -> dict[str, Any]:
        """A new Twilio account of one's own: `account_sid`, `auth_token` and its settings."""
        account = protocol.new_twilio(settings)
        await self.request("POST", "/accounts", json=account)
        return account

    async def sendgrid(self, **settings: Any) -> dict[str, Any]:
        """A new SendGrid account of one's own: `api_key`, `account`, `webhook_public_key` and its settings."""
        account = protocol.new_sendgrid(settings)
        shown = await self.request("POST", "/accounts", json=account)
        return {**account, "account": shown["account"], "webhook_public_key": shown["webhook_public_key"]}

    async def calls(self, *, after: int = 0, limit: int = 1000, **selection: Any) -> list[Entry]:
        """What was recorded so far, the first `limit` of it."""
        params = protocol.query({"after": after, "limit": limit, **selection})
        entries: list[Entry] = (await self.request("GET", "/calls", params=params))["entries"]
        return entries

    async def all_calls(self, *, limit: int | None = None, **selection: Any) -> AsyncGenerator[Entry]:
        """All that was recorded so far, however much it is, a page at a time."""
        pages = protocol.Pages(limit=limit, selection=selection)
        while not pages.done:
            for entry in pages.take(await self.request("GET", "/calls", params=pages.query)):
                yield entry

    async def unsupported(self) -> list[dict[str, Any]]:
        """What was asked for and isn't here: `provider`, `method`, `path` (its shape), `count`, `last_seen`."""
        found: list[dict[str, Any]] = (await self.request("GET", "/unsupported"))["unsupported"]
        return found

    async def wait(
        self, *, count: int = 1, within: float = DEADLINE_S, after: int = 0, **selection: Any
    ) -> list[Entry]:
        """The first matching entries; raises NotSeenError with the nearest misses at the deadline (seconds)."""
        until = time.monotonic() + within
        while True:
            left = max(until - time.monotonic(), 0.0)
            params = protocol.query({"count": count, "within": left, "after": after, **selection})
            try:
                result = await self.request("GET", "/wait", params=params, timeout=left + 30)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                await elapse(RECONNECT_S)
                continue
            # a server that is going down answers early; the next one goes on from the same cursor
            if result["met"] or time.monotonic() >= until:
                break
            await elapse(RECONNECT_S)
        return protocol.seen(result, count=count, within=within, selection=selection)

    async def follow(self, *, after: int = 0, **selection: Any) -> AsyncIterator[Entry]:
        """Entries as they come, for as long as one listens; reconnects from where it was."""
        while True:
            try:
                async with aclosing(self._follow_once(after, selection)) as entries:
                    async for entry in entries:
                        after = entry["seq"]
                        yield entry
            except httpx.TransportError:
                await elapse(RECONNECT_S)

    async def _follow_once(self, after: int, selection: dict[str, Any]) -> AsyncGenerator[Entry, None]:
        params = protocol.query({"after": after, **selection})
        timeout = httpx.Timeout(30.0, read=60.0)
        async with self.http.stream("GET", "/_mock/follow", params=params, timeout=timeout) as stream:
            if not stream.is_success:
                await stream.aread()
                protocol.read(stream)
            async for line in stream.aiter_lines():
                entry = protocol.event_data(line)
                if entry is not None:
                    yield entry

    @asynccontextmanager
    async def fault(self, **fault: Any) -> AsyncIterator[dict[str, Any]]:
        """A fault for as long as the block lasts; afterwards the yielded mapping has its `hits`."""
        made = await self.request("POST", "/faults", json=fault)
        try:
            yield made
        finally:
            made.update(await self.request("DELETE", f"/faults/{made['id']}"))
        protocol.warn_if_unhit(made)

    @asynccontextmanager
    async def gate(self, **match: Any) -> AsyncIterator[dict[str, Any]]:
        """Withholds the answers of matching calls for as long as the block lasts."""
        made = await self.request("POST", "/gates", json={"match": match})
        try:
            yield made
        finally:
            await self.request("DELETE", f"/gates/{made['id']}")
