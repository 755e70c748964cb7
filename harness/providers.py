"""The mock providers as a scenario uses them: replies, delivery reports, faults and gates."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from harness.errors import Inconclusive, Unobservable
from harness.faults.record import began, ended
from harness.history import Event, History
from harness.steps import step
from harness.tls import tls

LOOK_AGAIN = 0.01
"""Seconds between two looks at what a gate withholds."""


class ProviderControl:
    """The control plane of the mock providers, for the stack's own accounts."""

    def __init__(
        self,
        history: History,
        *,
        url: str,
        twilio_account: str | None = None,
        sendgrid_account: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._history = history
        self._client = httpx.Client(base_url=url, timeout=60, headers=headers, trust_env=False, verify=tls(url))
        self._twilio = twilio_account
        self._sendgrid = sendgrid_account

    @property
    def twilio_account(self) -> str:
        """The stack's account; raises Unobservable where the profile names none."""
        return self._account(self._twilio, "twilio_account")

    @property
    def sendgrid_account(self) -> str:
        """The stack's account; raises Unobservable where the profile names none."""
        return self._account(self._sendgrid, "sendgrid_account")

    @staticmethod
    def _account(name: str | None, key: str) -> str:
        if name is None:
            raise Unobservable(f"the stack's account at the mock providers isn't known; set [providers] {key}")
        return name

    @staticmethod
    def at_once(of: int) -> dict[str, Any]:
        """What deliveries are given as `at_once` so that `of` of them go out together."""
        return {"name": secrets.token_hex(6), "of": of}

    def close(self) -> None:
        self._client.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Any request to the control plane; raises Inconclusive when it is refused or not answered."""
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise Inconclusive(f"the mock providers don't answer ({error or type(error).__name__})") from error
        if answer.status_code >= 400:
            raise Inconclusive(
                f"the mock providers refused {method} {path} with {answer.status_code}: {answer.text[:300]}"
            )
        result: dict[str, Any] = answer.json() if answer.content else {}
        return result

    def calls(self, **filters: str) -> list[dict[str, Any]]:
        """Entries of the mock's journal, by the filters of its control plane."""
        mine = {"account": self._twilio} if self._twilio else {}
        answer = self._client.get("/_mock/calls", params={**mine, **filters})
        entries: list[dict[str, Any]] = answer.raise_for_status().json()["entries"]
        return entries

    # what providers send to the stack

    @step(lambda *_, signature=None, **__: f"deliver a text reply{', ' + signature if signature else ''}")
    def inbound_sms(self, *, sender: str, to: str, body: str, **more: Any) -> dict[str, Any]:
        """Delivers a signed reply to the stack; `sid` repeats an earlier delivery, `signature="tampered"` spoils it."""
        path = f"/_mock/twilio/{self.twilio_account}/inbound"
        return self.ask("POST", path, {"from": sender, "to": to, "body": body, **more})

    @step(lambda *_, signature=None, **__: f"deliver a mail reply{', ' + signature if signature else ''}")
    def inbound_email(self, *, sender: str, to: str, subject: str, text: str, **more: Any) -> dict[str, Any]:
        """Delivers a mail through Inbound Parse; the same `Message-ID` in `headers` repeats a delivery."""
        path = f"/_mock/sendgrid/{self.sendgrid_account}/inbound"
        return self.ask("POST", path, {"from": sender, "to": to, "subject": subject, "text": text, **more})

    def sms_status(self, sid: str, status: str, **more: Any) -> dict[str, Any]:
        """Moves a Twilio message and sends its signed status callback."""
        path = f"/_mock/twilio/{self.twilio_account}/messages/{sid}/status"
        return self.ask("POST", path, {"status": status, **more})

    def email_event(self, message: str, event: str, **more: Any) -> dict[str, Any]:
        """Sends one signed event of SendGrid's Event Webhook about a message (its X-Message-Id)."""
        path = f"/_mock/sendgrid/{self.sendgrid_account}/events"
        return self.ask("POST", path, {"events": [{"message": message, "event": event}], **more})

    @step(lambda _, channel, __, status, **___: f"deliver the report that the {channel} is {status}")
    def report(self, channel: str, provider_id: str, status: str, **more: Any) -> dict[str, Any]:
        """A delivery report of the channel's provider."""
        if channel == "email":
            return self.email_event(provider_id, status, **more)
        return self.sms_status(provider_id, status, **more)

    # what disturbs it

    @contextlib.contextmanager
    @step(lambda *_, **effect: "provider fault " + ", ".join(f"{n} {v}" for n, v in effect.items()))
    def fault(self, match: dict[str, Any] | None = None, **effect: Any) -> Iterator[None]:
        """Disturbs the matching calls for as long as the block runs: `status`, `times`, `latency_s`, `retry_after`…

        A fault that no call met is recorded as such (`hits` 0 in its end).
        """
        begin = began(self._history, "provider", str((match or {}).get("provider", "providers")), **effect)
        fault = self.ask("POST", "/_mock/faults", {"match": match or {}, **effect})
        hits = None
        try:
            yield
        finally:
            with contextlib.suppress(Inconclusive, KeyError, StopIteration):
                known = self.ask("GET", "/_mock/faults")["faults"]
                hits = next(f["hits"] for f in known if f["id"] == fault["id"])
                self.ask("DELETE", f"/_mock/faults/{fault['id']}")
            ended(self._history, begin, hits=hits)

    @contextlib.contextmanager
    @step(lambda *_, **__: "gate providers: answer withheld")
    def gate(self, match: dict[str, Any] | None = None) -> Iterator[ProviderGate]:
        """Withholds the provider's answers to matching calls until opened, at the end of the block at the latest."""
        begin = began(self._history, "gate", "providers")
        answer = self.ask("POST", "/_mock/gates", {"match": match or {}})
        gate = ProviderGate(self, str(answer["id"]), lambda hits: ended(self._history, begin, hits=hits))
        try:
            yield gate
        finally:
            gate.open()


class ProviderGate:
    """A closed gate in front of the provider's answers."""

    def __init__(self, control: ProviderControl, gate: str, on_open: Callable[[int | None], None]) -> None:
        self._control = control
        self._gate = gate
        self._on_open = on_open
        self._open = False

    def withheld(self, *, within: float = 10.0) -> list[str]:
        """The provider's ids of the messages whose acceptance nobody has heard of yet; waits for the first.

        A call that has come may still be on its way to the gate: a latency passes first. Empty after `within` seconds.
        """
        deadline = time.monotonic() + within
        while True:
            gates = self._control.ask("GET", "/_mock/gates")["gates"]
            mine = [gate for gate in gates if gate["id"] == self._gate]
            found = [str(call["message"]) for gate in mine for call in gate["withheld"] if call["message"]]
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(LOOK_AGAIN)  # reason: a gate announces to nobody what it withholds

    def open(self) -> None:
        """Lets the withheld answers go; safe to call twice."""
        if not self._open:
            self._open = True
            self._on_open(self._met())
            self._control.ask("DELETE", f"/_mock/gates/{self._gate}")

    def _met(self) -> int | None:
        """How many calls it has withheld so far; None where nobody can say."""
        with contextlib.suppress(Inconclusive, KeyError):
            gates = self._control.ask("GET", "/_mock/gates")["gates"]
            return next((int(gate["met"]) for gate in gates if gate["id"] == self._gate), None)
        return None


def accepted_id(event: Event | None) -> str:
    """The provider's id of a message in the event of its answer; raises Unobservable when there is none."""
    found = event.data.get("message") if event else None
    if not found:
        raise Unobservable("no provider has accepted this message, so nothing can be reported about it")
    return str(found)
