"""The synchronous client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from mock_providers.client import protocol
from mock_providers.client.protocol import DEADLINE_S, RECONNECT_S, Entry


class MockProviders:
    """A mock server, seen from a test. `selection` arguments are those of `/_mock/calls`."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.url = url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.url, headers=headers, timeout=httpx.Timeout(30.0), verify=protocol.tls(url)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()

    def request(self, method: str, path: str, **options: Any) -> Any:
        return protocol.read(self.http.request(method, f"/_mock{path}", **options))

    @property
    def seq(self) -> int:
        """The sequence number of the last entry: a cursor for what comes next."""
        return int(self.request("GET", "/health")["seq"])

    def twilio(self, **settings: Any) -> Twilio:
        """A new Twilio account of one's own."""
        account = protocol.new_twilio(settings)
        self.request("POST", "/accounts", json=account)
        return Twilio(self, account["account_sid"], account["auth_token"])

    def sendgrid(self, **settings: Any) -> SendGrid:
        """A new SendGrid account of one's own."""
        account = protocol.new_sendgrid(settings)
        shown = self.request("POST", "/accounts", json=account)
        return SendGrid(self, shown["account"], account["api_key"], shown["webhook_public_key"])

    def calls(self, *, after: int = 0, limit: int = 1000, **selection: Any) -> list[Entry]:
        """What was recorded so far, the first `limit` of it."""
        params = protocol.query({"after": after, "limit": limit, **selection})
        entries: list[Entry] = self.request("GET", "/calls", params=params)["entries"]
        return entries

    def all_calls(self, *, limit: int | None = None, **selection: Any) -> Iterator[Entry]:
        """All that was recorded so far, however much it is, a page at a time."""
        pages = protocol.Pages(limit=limit, selection=selection)
        while not pages.done:
            yield from pages.take(self.request("GET", "/calls", params=pages.query))

    def unsupported(self) -> list[dict[str, Any]]:
        """What was asked for and isn't here: `provider`, `method`, `path` (its shape), `count`, `last_seen`."""
        found: list[dict[str, Any]] = self.request("GET", "/unsupported")["unsupported"]
        return found

    def wait(self, *, count: int = 1, within: float = DEADLINE_S, after: int = 0, **selection: Any) -> list[Entry]:
        """The first matching entries; raises NotSeenError with the nearest misses at the deadline (seconds)."""
        until = time.monotonic() + within
        while True:
            left = max(until - time.monotonic(), 0.0)
            params = protocol.query({"count": count, "within": left, "after": after, **selection})
            try:
                result = self.request("GET", "/wait", params=params, timeout=left + 30)
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                _pause()
                continue
            # a server that is going down answers early; the next one goes on from the same cursor
            if result["met"] or time.monotonic() >= until:
                break
            _pause()
        return protocol.seen(result, count=count, within=within, selection=selection)

    def follow(self, *, after: int = 0, **selection: Any) -> Iterator[Entry]:
        """Entries as they come, for as long as one listens; reconnects from where it was."""
        while True:
            try:
                yield from self._follow_once(after, selection, seen := [after])
            except httpx.TransportError:
                after = seen[0]
                _pause()

    def _follow_once(self, after: int, selection: dict[str, Any], cursor: list[int]) -> Iterator[Entry]:
        params = protocol.query({"after": after, **selection})
        timeout = httpx.Timeout(30.0, read=60.0)
        with self.http.stream("GET", "/_mock/follow", params=params, timeout=timeout) as stream:
            if not stream.is_success:
                stream.read()
                protocol.read(stream)
            for line in stream.iter_lines():
                entry = protocol.event_data(line)
                if entry is not None:
                    cursor[0] = entry["seq"]
                    yield entry
        raise httpx.RemoteProtocolError("the server ended the stream")

    @contextmanager
    def fault(self, **fault: Any) -> Iterator[dict[str, Any]]:
        """A fault for as long as the block lasts; afterwards the yielded mapping has its `hits`."""
        made = self.request("POST", "/faults", json=fault)
        try:
            yield made
        finally:
            made.update(self.request("DELETE", f"/faults/{made['id']}"))
        protocol.warn_if_unhit(made)

    @contextmanager
    def gate(self, **match: Any) -> Iterator[dict[str, Any]]:
        """Withholds the answers of matching calls for as long as the block lasts."""
        made = self.request("POST", "/gates", json={"match": match})
        try:
            yield made
        finally:
            self.request("DELETE", f"/gates/{made['id']}")


def _pause() -> None:
    # reason: nothing tells when a server that is gone is back; this is how often one looks
    threading.Event().wait(RECONNECT_S)


class _Account:
    """What one account's view of the server has in common."""

    provider: str

    def __init__(self, server: MockProviders, name: str) -> None:
        self.server = server
        self.url = server.url
        self.name = name

    def calls(self, **selection: Any) -> list[Entry]:
        return self.server.calls(provider=self.provider, account=self.name, **selection)

    def wait(self, **options: Any) -> list[Entry]:
        """Waits for this account's entries, by default for a call that was received."""
        return self.server.wait(provider=self.provider, account=self.name, **{"type": "called", **options})

    def change(self, **settings: Any) -> None:
        self.server.request("PATCH", f"/accounts/{self.provider}/{self.name}", json=settings)

    def reset(self) -> None:
        self.server.request("POST", "/reset", json={"provider": self.provider, "account": self.name})

    @contextmanager
    def fault(self, *, match: dict[str, Any] | None = None, **fault: Any) -> Iterator[dict[str, Any]]:
        own = {"provider": self.provider, "account": self.name, **(match or {})}
        with self.server.fault(match=own, **fault) as made:
            yield made

    @contextmanager
    def gate(self, **match: Any) -> Iterator[dict[str, Any]]:
        with self.server.gate(provider=self.provider, account=self.name, **match) as made:
            yield made


class Twilio(_Account):
    """A Twilio account: point an SDK at `url` with `account_sid` and `auth_token`."""

    provider = "twilio"

    def __init__(self, server: MockProviders, account_sid: str, auth_token: str) -> None:
        super().__init__(server, account_sid)
        self.account_sid = account_sid
        self.auth_token = auth_token

    def inbound(self, **message: Any) -> dict[str, Any]:
        """Delivers an inbound message to the stack (`from_`, `to`, `body`, …)."""
        result: dict[str, Any] = self._post("/inbound", message)
        return result

    def status(self, sid: str, status: str, **options: Any) -> dict[str, Any]:
        """Moves a message and sends its status callback."""
        result: dict[str, Any] = self._post(f"/messages/{sid}/status", {"status": status, **options})
        return result

    def window(self, user: str, sender: str, *, open: bool = True) -> None:  # noqa: A002  # reason: the API's name
        """Opens WhatsApp's 24-hour window between a person and a sender, or closes it."""
        body = {"user": user, "sender": sender, "open": open}
        self.server.request("POST", f"/twilio/{self.name}/whatsapp", json=body)

    def approval(self, content_sid: str, status: str, *, reason: str = "") -> None:
        """What WhatsApp says of a template from now on: pending, approved, rejected, paused or disabled."""
        body = {"status": status, "rejection_reason": reason}
        self.server.request("POST", f"/twilio/{self.name}/contents/{content_sid}/approval", json=body)

    def verifications(self, **selection: Any) -> list[dict[str, Any]]:
        """Verify's verifications with their codes, also those that are over (`to`, `service`)."""
        result: dict[str, Any] = self.server.request(
            "GET", f"/twilio/{self.name}/verifications", params=protocol.query(selection)
        )
        found: list[dict[str, Any]] = result["verifications"]
        return found

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        body = {name.rstrip("_"): value for name, value in body.items()}
        return self.server.request("POST", f"/twilio/{self.name}{path}", json=body)


class SendGrid(_Account):
    """A SendGrid account: point an SDK at `url` with `api_key`."""

    provider = "sendgrid"

    def __init__(self, server: MockProviders, name: str, api_key: str, webhook_public_key: str) -> None:
        super().__init__(server, name)
        self.api_key = api_key
        self.webhook_public_key = webhook_public_key

    def event(self, message: str, event: str, **fields: Any) -> dict[str, Any]:
        """Posts an event of a mail to the stack's Event Webhook."""
        result: dict[str, Any] = self._post("/events", {"message": message, "event": event, **fields})
        return result

    def inbound(self, **mail: Any) -> dict[str, Any]:
        """Delivers a mail to the stack as Inbound Parse does (`from_`, `to`, `subject`, `text`, …)."""
        result: dict[str, Any] = self._post("/inbound", {name.rstrip("_"): value for name, value in mail.items()})
        return result

    def resources(self) -> dict[str, Any]:
        """What the account has by its own calls: keys, senders, event webhooks, parse settings, templates."""
        result: dict[str, Any] = self.server.request("GET", f"/sendgrid/{self.name}/resources")
        return result

    def verify_sender(self, sender: int) -> None:
        """Verifies a sender (its id), as the owner of its address does by the link in the vendor's mail."""
        self._post(f"/verified_senders/{sender}/verify", {})

    def suppress(self, email: str, *, kind: str = "bounces", **fields: Any) -> None:
        self._post("/suppressions", {"email": email, "kind": kind, **fields})

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self.server.request("POST", f"/sendgrid/{self.name}{path}", json=body)
