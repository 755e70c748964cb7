"""Sends webhooks to the stack, and records each before it goes out and when it was answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from mock_providers import redact
from mock_providers.at_once import AtOnce, Barrier, Barriers
from mock_providers.clock import elapse
from mock_providers.faults import Faults
from mock_providers.faults.webhook import WebhookFault
from mock_providers.journal import Journal
from mock_providers.posting import Limits, Poster
from mock_providers.targets import RefusedTargetError, Targets

NOTHING = WebhookFault()

LEAST_S = 0.1
"""Less time than this is none for another attempt: a loop's timers may be a millisecond early."""
REORDER_S = 2.0
"""How long a webhook that is to be overtaken waits for one that overtakes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a delivery that failed is tried again, and after which failures: `4xx`, `5xx`, `ct` (no connection),
    `rt` (no answer).
    """

    count: int = 0
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One delivery: the exact bytes and headers, and what the journal is to say of it."""

    provider: str
    account: str
    kind: str
    url: str
    body: bytes
    headers: dict[str, str]
    message: str | None = None
    to: str | list[str] | None = None
    sender: str | None = None
    text: str | None = None
    params: Any = None
    extra: dict[str, Any] = field(default_factory=dict)
    fault: WebhookFault = NOTHING
    at_once: AtOnce | None = None
    method: str = "POST"
    limits: Limits | None = None
    retries: Retries = Retries()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a delivery: its number in the journal, and the receiver's status or why there is none.

    `barrier` is where it waited for others, if it was to go out together with some.
    """

    callback: int
    status: int | None
    error: str | None
    body: str = ""
    barrier: Barrier | None = None
    connected: bool = False
    refused: bool = False
    """Whether it wasn't sent, since its receiver may not be called."""

    @property
    def failure(self) -> str | None:
        """What went wrong, as a policy of retries names it."""
        if self.refused:
            return None
        if self.status is None:
            return "rt" if self.connected else "ct"
        return f"{self.status // 100}xx" if self.status >= 400 else None

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"callback": self.callback, "status": self.status}
        if self.error:
            shown["error"] = self.error
        if self.barrier is not None:
            shown["at_once"] = self.barrier.to_json()
        return shown


class Webhooks:
    """The way out to the stack; one per server."""

    def __init__(self, journal: Journal, faults: Faults, targets: Targets) -> None:
        self._journal = journal
        self._faults = faults
        self._delivered: dict[tuple[str, str], asyncio.Event] = {}
        self._poster = Poster(targets)
        self.barriers = Barriers()
        self._tasks: dict[tuple[str, str], set[asyncio.Task[Any]]] = {}

    def fault_for(
        self, provider: str, account: str, kind: str, *, to: list[str], text: str | None = None
    ) -> WebhookFault:
        """What is to go wrong with a webhook that is about to be made; mostly nothing."""
        if not self._faults:
            return NOTHING
        facts = {"provider": provider, "account": account, "endpoint": f"webhook.{kind}", "to": to, "text": text}
        return self._faults.take_webhook(facts)

    async def deliver(self, webhook: Webhook) -> Outcome:
        """Sends one webhook, as its fault has it, and waits for the receiver's (first) answer."""
        fault = webhook.fault
        if fault.delay_s:
            await elapse(fault.delay_s)
        if fault.drop:
            return self._drop(webhook)
        key = (webhook.provider, webhook.account)
        if fault.reorder:
            await self._let_the_next_pass(key)
        outcomes = await asyncio.gather(*(self._deliver(webhook) for _ in range(fault.duplicate)))
        passed = self._delivered.pop(key, None)
        if passed is not None:
            passed.set()
        return outcomes[0]

    def _drop(self, webhook: Webhook, *, refused: str | None = None) -> Outcome:
        data = {"kind": webhook.kind, "message": webhook.message, "to": webhook.to}
        data |= {"params": redact.json_value(webhook.params)}
        data |= {"url": redact.url(webhook.url), "reason": refused or "a fault"}
        number = self._journal.append("callback.dropped", webhook.provider, webhook.account, None, data)
        return Outcome(callback=number, status=None, error=refused or "dropped by a fault", refused=refused is not None)

    async def _let_the_next_pass(self, key: tuple[str, str]) -> None:
        passed = self._delivered.setdefault(key, asyncio.Event())
        try:
            async with asyncio.timeout(REORDER_S):
                await passed.wait()
        except TimeoutError:
            # nothing came that could have overtaken it
            pass

    async def _deliver(self, webhook: Webhook) -> Outcome:
        """Delivers once, and again as often as its failures and its retries want it; gives the last outcome."""
        limits = webhook.limits
        ends = time.monotonic() + (limits.total_s if limits is not None else 0.0)
        outcome = await self._deliver_once(webhook, limits=limits)
        for attempt in range(2, webhook.retries.count + 2):
            left = ends - time.monotonic()
            if limits is None or outcome.failure not in webhook.retries.after or left < LEAST_S:
                break
            # a retry comes alone: those that it first went out with have arrived
            again = replace(webhook, at_once=None, extra={**webhook.extra, "attempt": attempt})
            outcome = replace(
                await self._deliver_once(again, limits=limits._replace(total_s=left)), barrier=outcome.barrier
            )
        return outcome

    async def _deliver_once(self, webhook: Webhook, *, limits: Limits | None) -> Outcome:
        sending = _Sending(webhook, journal=self._journal, barriers=self.barriers)
        try:
            status, error, body = await self._poster.post(
                webhook.url,
                body=webhook.body,
                headers=webhook.headers,
                method=webhook.method,
                limits=limits,
                connected=sending.go,
                patience_s=webhook.at_once.within_s if webhook.at_once is not None else None,
            )
        except RefusedTargetError as refused:
            return self._drop(webhook, refused=str(refused))
        connected = sending.number is not None
        number = sending.number if sending.number is not None else sending.record()
        self._journal.append(
            "callback.answered",
            webhook.provider,
            webhook.account,
            number,
            {
                "kind": webhook.kind,
                "message": webhook.message,
                "to": webhook.to,
                "status": status,
                "error": error,
                "reply": redact.text(body[:2000]),
                "elapsed_ms": round((time.perf_counter() - sending.began) * 1000, 3),
            },
        )
        return Outcome(
            callback=number, status=status, error=error, body=body, barrier=sending.barrier, connected=connected
        )

    def note(self, kind: str, provider: str, account: str, data: dict[str, Any]) -> int:
        """Records what leaves by a way that no stack receives, as a code that goes to a handset."""
        return self._journal.append(kind, provider, account, None, data)

    def start(self, provider: str, account: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs work of an account in the background, until it ends or the account is reset."""
        tasks = self._tasks.setdefault((provider, account), set())
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    def stop(self, provider: str | None = None, account: str | None = None) -> None:
        """Cancels the background work of one account, or all."""
        for key, tasks in self._tasks.items():
            if account is None or key == (provider, account):
                for task in list(tasks):
                    task.cancel()

    async def close(self) -> None:
        self.stop()
        await self._poster.close()


class _Sending:
    """One delivery on its way: it is recorded when its connection is open and its bytes are about to go out."""

    def __init__(self, webhook: Webhook, *, journal: Journal, barriers: Barriers) -> None:
        self._webhook = webhook
        self._journal = journal
        self._barriers = barriers
        self.began = time.perf_counter()
        self.number: int | None = None
        self.barrier: Barrier | None = None

    async def go(self) -> None:
        """Waits for those that it is to go out with; its entry is written before it returns.

        All that a barrier lets go together are written to the journal in one group, and go on in one turn after it.
        """
        if self._webhook.at_once is not None:
            self.barrier = await self._barriers.wait(self._webhook.at_once)
        self.record()
        await self._journal.committed()
        self.began = time.perf_counter()

    def record(self) -> int:
        """Appends the entry, also of a delivery that found no receiver; gives its number."""
        webhook = self._webhook
        data = {
            "kind": webhook.kind,
            "url": redact.url(webhook.url),
            "message": webhook.message,
            "to": webhook.to,
            "from": webhook.sender,
            "text": webhook.text,
            "params": redact.json_value(webhook.params),
        } | webhook.extra
        if webhook.at_once is not None and self.barrier is not None:
            data["at_once"] = {"name": webhook.at_once.name, **self.barrier.to_json()}
        self.number = self._journal.append("callback.sent", webhook.provider, webhook.account, None, data)
        return self.number
