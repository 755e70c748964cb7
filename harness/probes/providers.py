"""The providers, by the mock's journal: a call is an event when it is received, and again when it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import httpx

from harness.errors import DeployError
from harness.history import History, key
from harness.probes.clock import measure
from harness.probes.probe import declare, gap, token_in
from harness.tls import tls
from harness.vitals import died

Entry = dict[str, Any]


class ProvidersProbe:
    """Follows the journal of a mock-providers server from a cursor, across reconnects."""

    name = "providers"

    def __init__(
        self,
        history: History,
        *,
        url: str,
        headers: dict[str, str] | None = None,
        calls: bool = True,
        accounts: frozenset[str] | None = None,
    ) -> None:
        """`calls=False`: the stack mocks its providers inside; `accounts`: what others do on the server isn't ours."""
        self._history = history
        self._calls = calls
        self._accounts = accounts
        self._strangers = False
        self._there = False
        self._client = httpx.AsyncClient(base_url=url, timeout=10, headers=headers, trust_env=False, verify=tls(url))
        self._cursor = 0
        self._sends: set[int] = set()
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def start(self) -> None:
        """Begins at the journal's present end; raises DeployError when the mock can't be reached."""
        self._cursor = await self._end()
        self._task = asyncio.create_task(self._follow())
        await asyncio.wait_for(self._connected.wait(), 10)
        declare(self._history, self.name, *(CALLS if self._calls else ()), "callback.sent", "callback.answered")
        if not self._calls:
            reason = "the stack mocks its providers inside; no call can be seen"
            remedy = '[providers] observe = "mock", and the stack\'s base URLs lead to our mocks'
            gap(self._history, self.name, reason, kinds=CALLS, lasting=True, remedy=remedy)
        await self._measure()

    async def _measure(self) -> None:
        """The server's clock, where it tells the time."""

        async def ask() -> float:
            answer = await self._client.get("/_mock/health")
            return float(answer.raise_for_status().json()["now"])

        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
            await measure(self._history, self.name, ask)

    async def _end(self) -> int:
        try:
            answer = await self._client.get("/_mock/health")
            return int(answer.raise_for_status().json()["seq"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise DeployError(
                f"the mock providers at {self._client.base_url} can't be reached: {error or type(error).__name__}; "
                "start them with `mock-providers serve`, or mend [providers] url"
            ) from error

    async def _follow(self) -> None:
        """Reconnects as long as the server may come back; the cursor makes sure that nothing is missed or repeated."""
        lost = time.monotonic()
        while True:
            self._there = False
            try:
                await self._read_stream()
            except (httpx.HTTPError, DeployError) as error:
                now = time.monotonic()
                lost = now if self._there else lost
                if self._connected.is_set() and now - lost >= AWAY_S:
                    died(self._history, "the mock providers", f"{self._client.base_url} is gone: {error}")
                    return
                # no gap as yet: what the journal keeps meanwhile is read from the cursor on
                await asyncio.sleep(0.2)  # reason: a dead server announces its return to nobody

    async def _read_stream(self) -> None:
        if await self._end() < self._cursor:
            gap(self._history, self.name, "the mock's journal began anew; what its end was isn't known")
            self._cursor = 0
        timeout = httpx.Timeout(10, read=None)
        params = {"after": str(self._cursor)}
        async with self._client.stream("GET", "/_mock/follow", params=params, timeout=timeout) as stream:
            stream.raise_for_status()
            self._there = True
            self._connected.set()
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    await self._take(json.loads(line[5:]))

    async def _take(self, entry: Entry) -> None:
        if entry["seq"] > self._cursor:
            if entry["seq"] > self._cursor + 1:
                reason = f"entries {self._cursor + 1} to {entry['seq'] - 1} of the mock's journal are gone"
                gap(self._history, self.name, reason)
            if self._mine(entry):
                record(self._history, entry, self._sends)
            async with self._moved:
                self._cursor = entry["seq"]
                self._moved.notify_all()

    def _mine(self, entry: Entry) -> bool:
        """Whether an entry is about the stack's own accounts; a call that names no account may be anybody's."""
        account = entry.get("account")
        if self._accounts is None or account in self._accounts:
            return True
        if account is None and entry.get("type") == "called" and not self._strangers:
            self._strangers = True
            reason = "a call came with credentials that belong to no account; whose it was can't be known"
            gap(self._history, self.name, reason, kinds=CALLS, lasting=True, remedy="the stack uses its accounts' keys")
        return False

    async def settle(self) -> None:
        if self._history.over is not None:
            return
        try:
            end = await self._end()
            async with self._moved:
                await asyncio.wait_for(self._moved.wait_for(lambda: self._cursor >= end), SETTLE_S)
        except (DeployError, TimeoutError) as error:
            gap(
                self._history, self.name, f"the mock's journal couldn't be read to its end: {error or 'it lags behind'}"
            )

    async def stop(self) -> None:
        if self._history.over is None:
            await self._measure()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._client.aclose()


SENDS = ("messages.create", "mail.send")
CALLS = ("provider.called", "provider.answered")
AWAY_S = 4.0
"""Seconds that a server may be away before it is taken for dead."""
SETTLE_S = 5.0


def record(history: History, entry: Entry, sends: set[int]) -> None:
    """Appends the event that one journal entry stands for; `sends` holds the calls in flight that send something."""
    provider = entry["provider"]
    common = {
        "provider": provider,
        "account": entry.get("account"),
        "call": f"{provider}/{entry['call']}",
        "journal": entry["seq"],
    }
    call = key("call", provider, entry["call"])
    match entry["type"]:
        case "called":
            text = entry.get("text") or ""
            if entry.get("endpoint") in SENDS:
                sends.add(entry["call"])
            token = token_in(text) or token_in(json.dumps(entry.get("params") or {}))
            data = {
                **common,
                **{
                    name: entry.get(name)
                    for name in ("method", "path", "endpoint", "to", "from", "peer", "params", "headers")
                },
                "text": text,
            }
            keys = [call, *([key("token", token)] if token else [])]
            history.append("provider.called", source="providers", at=entry["at"], data=data, keys=keys)
        case "answered":
            status = entry.get("status")
            message = entry.get("message")
            data = {
                **common,
                "status": status,
                "message": message,
                "error": entry.get("error"),
                "outcome": entry.get("outcome"),
                "elapsed_ms": entry.get("elapsed_ms"),
                # what the provider did, whatever the stack got to hear of it (accept-then-fail)
                "accepted": bool(message) and entry["call"] in sends,
            }
            sends.discard(entry["call"])
            keys = [call, *([key("provider", message)] if message else [])]
            history.append("provider.answered", source="providers", at=entry["at"], data=data, keys=keys)
        case "callback.sent" | "callback.answered" as kind:
            names = (
                "url",
                "kind",
                "status",
                "error",
                "to",
                "from",
                "text",
                "params",
                "message",
                "elapsed_ms",
                "at_once",
            )
            data = {**common, **{name: entry[name] for name in names if name in entry}}
            data["what"] = data.pop("kind", None)
            message = entry.get("message")
            keys = [call, *([key("provider", message)] if message else [])]
            token = token_in(str(entry.get("text") or ""))
            if token:
                keys.append(key("token", token))
            history.append(kind, source="providers", at=entry["at"], data=data, keys=keys)
