"""Sends webhooks to the stack, and records each before it goes out and when it was answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mock_providers import redact
from mock_providers.clock import elapse
from mock_providers.faults import Faults
from mock_providers.faults.webhook import WebhookFault
from mock_providers.journal import Journal

if TYPE_CHECKING:
    import aiohttp

Signature = Literal["valid", "tampered", "missing"]
"""What the receiver finds: a good signature, one over something else, or none."""

NOTHING = WebhookFault()

REORDER_S = 2.0
"""How long a webhook that is to be overtaken waits for one that overtakes it."""

TIMEOUT_S = 15.0
REPLY_LIMIT = 64 * 1024


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a delivery: its number in the journal, and the receiver's status or why there is none."""

    callback: int
    status: int | None
    error: str | None
    body: str = ""

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"callback": self.callback, "status": self.status}
        return shown | {"error": self.error} if self.error else shown


class Webhooks:
    """The way out to the stack; one per server, the HTTP client made at the first delivery."""

    def __init__(self, journal: Journal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._delivered: dict[tuple[str, str], asyncio.Event] = {}
        self._client: aiohttp.ClientSession | None = None
        self._tasks: dict[tuple[str, str], set[asyncio.Task[Any]]] = {}

    def fault_for(
        self, provider: str, account: str, kind: str, *, to: list[str], text: str | None = None
    ) -> WebhookFault:
        """What is to go wrong with a webhook that is about to be made; mostly nothing."""
        if not self._faults:
            return NOTHING
        facts = {"provider": provider, "account": account, "endpoint": f"webhook.{kind}", "to": to, "text": text}
        return self._faults.take_webhook(facts) or NOTHING

    async def deliver(self, webhook: Webhook) -> Outcome:
        """Sends one webhook, as its fault has it, and waits for the receiver's (first) answer."""
        fault = webhook.fault
        if fault.drop:
            return self._drop(webhook)
        if fault.delay_s:
            await elapse(fault.delay_s)
        key = (webhook.provider, webhook.account)
        if fault.reorder:
            await self._let_the_next_pass(key)
        outcomes = await asyncio.gather(*(self._deliver_once(webhook) for _ in range(fault.duplicate)))
        passed = self._delivered.pop(key, None)
        if passed is not None:
            passed.set()
        return outcomes[0]

    def _drop(self, webhook: Webhook) -> Outcome:
        data = {"kind": webhook.kind, "message": webhook.message, "to": webhook.to, "params": webhook.params}
        number = self._journal.append("callback.dropped", webhook.provider, webhook.account, None, data)
        return Outcome(callback=number, status=None, error="dropped by a fault")

    async def _let_the_next_pass(self, key: tuple[str, str]) -> None:
        passed = self._delivered.setdefault(key, asyncio.Event())
        try:
            async with asyncio.timeout(REORDER_S):
                await passed.wait()
        except TimeoutError:
            # nothing came that could have overtaken it
            pass

    async def _deliver_once(self, webhook: Webhook) -> Outcome:
        number = self._journal.append(
            "callback.sent",
            webhook.provider,
            webhook.account,
            None,
            {
                "kind": webhook.kind,
                "url": redact.url(webhook.url),
                "message": webhook.message,
                "to": webhook.to,
                "from": webhook.sender,
                "text": webhook.text,
                "params": webhook.params,
            }
            | webhook.extra,
        )
        await self._journal.committed()
        began = time.perf_counter()
        status, error, body = await self._post(webhook)
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
                "reply": body[:2000],
                "elapsed_ms": round((time.perf_counter() - began) * 1000, 3),
            },
        )
        return Outcome(callback=number, status=status, error=error, body=body)

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
        if self._client is not None:
            await self._client.close()

    async def _post(self, webhook: Webhook) -> tuple[int | None, str | None, str]:
        import aiohttp
        import yarl

        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=128, keepalive_timeout=2.0),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                skip_auto_headers=("User-Agent", "Accept-Encoding"),
                auto_decompress=False,
            )
        try:
            # the URL goes out exactly as it was signed
            url = yarl.URL(webhook.url, encoded=True)
            async with self._client.post(
                url, data=webhook.body, headers=webhook.headers, allow_redirects=False
            ) as response:
                reply = await response.content.read(REPLY_LIMIT)
                return response.status, None, reply.decode("utf-8", "replace")
        except TimeoutError:
            return None, f"no answer within {TIMEOUT_S:g} s", ""
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, redact.url(f"{type(error).__name__}: {error}"), ""
