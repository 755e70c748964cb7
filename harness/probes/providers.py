"""The providers, by the mock's journal: a call is an event when it is received, and again when it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

import httpx

from harness.errors import DeployError
from harness.history import History
from harness.probes import clock
from harness.probes.journal_entries import CALLBACKS, CALLS, Entries
from harness.probes.probe import declare, gap
from harness.tls import tls
from harness.vitals import died

START_S = 10.0
"""Seconds in which the mocks have to answer when a run begins."""
ANSWER_S = 2.0
"""Seconds in which they have to answer later."""
SETTLE_S = 5.0
"""Seconds within which the journal is read to its end, or a gap says that it wasn't."""
WHOLE_S = 300.0
"""The same for a journal of which nothing was read before."""
LOST_S = 4.0
"""Seconds for which a journal that was lost is asked for again; after that the mocks are dead."""
SILENCE_S = 40.0
"""Seconds without a line after which a stream counts as lost: more than two of its heartbeats."""


class ProvidersProbe:
    """Follows the journal of a mock-providers server from a cursor, across reconnects.

    `accounts` are this stack's own (Twilio's account SID, SendGrid's account name): entries of others are left out;
    None takes all. With `calls=False` the stack calls its providers elsewhere, and the mocks only send its webhooks.
    With `late=True` nothing is followed before somebody wants it read to its end.
    """

    name = "providers"

    def __init__(
        self,
        history: History,
        *,
        url: str,
        headers: dict[str, str] | None = None,
        calls: bool = True,
        accounts: frozenset[str] | None = None,
        late: bool = False,
    ) -> None:
        self._history = history
        self._url = url
        self._calls = calls
        self._late = late
        self._client = httpx.AsyncClient(
            base_url=url, timeout=ANSWER_S, headers=headers, trust_env=False, verify=tls(url)
        )
        self._accounts = accounts or frozenset()
        self._entries = Entries(history, accounts=accounts)
        self._cursor = 0
        self._began_anew = 0
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._dead = False

    async def start(self) -> None:
        """Begins at the journal's end; raises DeployError where mocks can't be reached or lack an account."""
        self._cursor = await self._end(within=START_S)
        await self._look_for_accounts()
        if self._late:
            self._declare()
            await self._measure_clock()
            return
        self._task = asyncio.create_task(self._follow())
        try:
            await asyncio.wait_for(self._connected.wait(), START_S)
        except TimeoutError:
            raise DeployError(
                f"the mock providers at {self._url} answer, but let nobody follow their journal (GET /_mock/follow); "
                "look whether [providers] url is theirs, and what stands before them"
            ) from None
        self._declare()
        await self._measure_clock()

    def _declare(self) -> None:
        declare(self._history, self.name, *(CALLS if self._calls else ()), *CALLBACKS)
        if not self._calls:
            gap(
                self._history,
                self.name,
                "the stack mocks its providers inside; no call can be seen",
                kinds=CALLS,
                lasting=True,
                remedy='[providers] observe = "mock", and the stack\'s base URLs of its providers set to the mocks',
            )

    async def _end(self, *, within: float | None = None) -> int:
        """The number of the journal's last entry."""
        return int((await self._health(within=within))["seq"])

    async def _health(self, *, within: float | None = None) -> dict[str, Any]:
        try:
            answer = await self._client.get("/_mock/health", timeout=within or ANSWER_S)
            told: dict[str, Any] = answer.raise_for_status().json()
            int(told["seq"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise DeployError(
                f"the mock providers at {self._url} can't be reached: {error or type(error).__name__}; "
                "start them with `mock-providers serve`, or mend [providers] url"
            ) from error
        return told

    async def _look_for_accounts(self) -> None:
        try:
            answer = await self._client.get("/_mock/accounts", timeout=START_S)
            known = {str(account["account"]) for account in answer.raise_for_status().json()["accounts"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return  # who doesn't tell its accounts may have them; a call in another one is noticed
        strange = sorted(self._accounts - known)
        if strange:
            raise DeployError(
                f"the mock providers at {self._url} have no account {', '.join(strange)}; they have "
                f"{', '.join(sorted(known)) or 'none'}: mend [providers] accounts"
            )

    async def _measure_clock(self) -> None:
        """Compares their clock with ours, where they tell the time."""

        async def ask() -> float:
            return float((await self._health())["now"])

        with contextlib.suppress(DeployError, KeyError, TypeError, ValueError):
            await clock.measure(self._history, self.name, ask, url=str(self._client.base_url))

    async def _follow(self) -> None:
        """Reads on for as long as the probe lives; the cursor makes sure that nothing is missed or repeated.

        What can't be had again within some seconds is dead, and with it the run.
        """
        lost: float | None = None
        while True:
            self._connected.clear()
            try:
                await self._read_stream()
                why = "ended the stream of its journal"
            except (httpx.HTTPError, DeployError) as error:
                why = _words(error)
            # no gap as yet: what the journal keeps meanwhile is read from the cursor on
            now = time.monotonic()
            lost = now if lost is None or self._connected.is_set() else lost
            if now - lost >= LOST_S:
                self._dead = True
                gap(self._history, self.name, "the mock providers are dead", lasting=True)
                died(self._history, "the mock providers", f"{self._url} {why} for {LOST_S:g} s")
                async with self._moved:
                    self._moved.notify_all()
                return
            await asyncio.sleep(0.1)  # reason: a dead server announces its return to nobody

    async def _read_stream(self) -> None:
        if await self._end() < self._cursor:
            gap(self._history, self.name, "the mock's journal began anew; what its end was isn't known")
            self._began_anew += 1
            await self._move(0)
        timeout = httpx.Timeout(ANSWER_S, read=SILENCE_S)
        params = {"after": str(self._cursor)}
        async with self._client.stream("GET", "/_mock/follow", params=params, timeout=timeout) as stream:
            stream.raise_for_status()
            self._connected.set()
            passed: str | None = None
            async for line in stream.aiter_lines():
                if line.startswith("id:"):
                    passed = line[3:]
                elif line.startswith("data:"):
                    passed = None
                    await self._take(line[5:])
                elif not line and passed is not None and passed.strip().isdigit():
                    await self._pass_over(int(passed))

    async def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
            seq = int(entry["seq"])
        except (ValueError, KeyError, TypeError):
            gap(self._history, self.name, f"a line of the mock's journal is no entry of one: {line.strip()[:80]!r}")
            return
        if seq > self._cursor:
            self._look_for_gap(until=seq - 1)
            self._entries.record(entry)
            await self._move(seq)

    async def _pass_over(self, seq: int) -> None:
        """The journal shows nothing up to this number: it was told to forget an account, which is an entry itself."""
        if seq > self._cursor:
            self._look_for_gap(until=seq - 1)
            await self._move(seq)

    def _look_for_gap(self, *, until: int) -> None:
        if until > self._cursor:
            gap(self._history, self.name, f"entries {self._cursor + 1} to {until} of the mock's journal are gone")

    async def _move(self, seq: int) -> None:
        async with self._moved:
            self._cursor = seq
            self._moved.notify_all()

    async def settle(self) -> None:
        """Returns when the journal's present end is in the history, after some seconds with a gap; never raises."""
        if self._dead or (self._task is None and not self._late):
            return
        whole = self._late and self._task is None
        if whole:
            self._task = asyncio.create_task(self._follow())
        try:
            async with asyncio.timeout(WHOLE_S if whole else SETTLE_S):
                read, known = self._cursor, self._began_anew
                end = await self._end()
                # a journal that is shorter than what was read of it is another one, to be read from its beginning
                anew = end < read
                async with self._moved:
                    await self._moved.wait_for(
                        lambda: self._dead or (self._cursor >= end and (not anew or self._began_anew > known))
                    )
        except (DeployError, TimeoutError) as error:
            why = str(error) or "it lags behind"
            gap(self._history, self.name, f"the mock's journal couldn't be read to its end: {why}")

    async def stop(self) -> None:
        if self._task is not None:
            if not self._dead:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        await self._measure_clock()
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._client.aclose()


def _words(error: Exception) -> str:
    """What mocks do that can't be read any more."""
    cause = error.__cause__ if isinstance(error, DeployError) else error
    match cause:
        case httpx.ConnectError():
            return f"refuses connections ({cause})"
        case httpx.TimeoutException():
            return "doesn't answer"
        case httpx.HTTPStatusError():
            return f"answers {cause.response.status_code}"
    return f"can't be read ({cause or type(cause).__name__})"
