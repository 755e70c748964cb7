"""The mock providers as a scenario uses them: replies, delivery reports, faults and gates."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import httpx

from harness.errors import Inconclusive, Unobservable
from harness.history import Event, History
from harness.per_thread import PerThread
from harness.profile import Profile, Webhooks
from harness.profile.base import Channel
from harness.scenario.deliveries import Destinations, Wish, new_id, reply_wish, report_wish
from harness.scenario.disturbances import began, ended
from harness.scenario.steps import step
from harness.tls import tls

CONTROL_S = 5.0
"""Seconds in which the control plane answers, where it waits for nobody."""
DELIVERY_S = 60.0
"""Seconds for a delivery to the stack: it is answered when the stack has answered, and may wait for others before."""

WITHHELD_S = 5.0
"""Seconds that one waits for a call to come to a gate if nothing else is said."""


class ProviderControl:
    """The control plane of the mock providers, for the stack's own accounts.

    Either account may be None, where the profile names none: then what needs it raises Unobservable. `profile` says
    what is delivered and where, and `api` is where we reach the stack.
    """

    def __init__(
        self,
        history: History,
        *,
        url: str,
        twilio_account: str | None,
        sendgrid_account: str | None,
        headers: dict[str, str] | None = None,
        profile: Profile | None = None,
        api: str | None = None,
    ) -> None:
        self._history = history
        self._url = url
        make = partial(httpx.Client, base_url=url, timeout=CONTROL_S, headers=headers, trust_env=False, verify=tls(url))
        # a pool that threads share may close a connection as idle for too long that another has just taken
        self._clients: PerThread[httpx.Client] = PerThread(make, close=httpx.Client.close)
        self.twilio_account = twilio_account
        self.sendgrid_account = sendgrid_account
        self._hooks = profile.webhooks if profile else Webhooks()
        said = profile.written.get("webhooks", {}) if profile else {}
        self._destinations = Destinations(
            webhooks=self._hooks,
            api=api,
            settings=lambda account: self.ask("GET", f"/_mock/accounts/{account}"),
            said=frozenset(name for name, table in said.items() if "path" in table),
        )

    def close(self) -> None:
        self._clients.close()

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        params: dict[str, str] | None = None,
        timeout: float = CONTROL_S,
    ) -> dict[str, Any]:
        """Any request to the control plane; raises Inconclusive when it is refused or not answered in `timeout` s."""
        try:
            answer = self._clients.own.request(method, path, json=body, params=params, timeout=timeout)
        except httpx.ConnectError as error:
            raise Inconclusive(
                f"the mock providers are gone: {self._url} refuses connections ({error}); "
                "look at their log, and start them again"
            ) from error
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise Inconclusive(f"the mock providers don't answer {method} {path} ({why})") from error
        if answer.status_code >= 400:
            raise Inconclusive(
                f"the mock providers refused {method} {path} with {answer.status_code}: {answer.text[:300]}"
            )
        try:
            result: dict[str, Any] = answer.json() if answer.content else {}
        except ValueError as error:
            raise Inconclusive(f"{self._url} answered {method} {path} with no JSON: {error}") from error
        return result

    def calls(self, **filters: str) -> list[dict[str, Any]]:
        """Entries of the mock's journal, by the filters of its control plane; of the Twilio account by default."""
        own = self.twilio_account or self.sendgrid_account
        answer = self.ask("GET", "/_mock/calls", params={**({"account": own} if own else {}), **filters})
        entries: list[dict[str, Any]] = answer["entries"]
        return entries

    @property
    def _twilio(self) -> str:
        """Where the control plane keeps the stack's Twilio account."""
        if self.twilio_account is None:
            raise Unobservable(
                "the profile names no Twilio account, so nothing can be delivered in its name: "
                'set [providers] accounts = { twilio = "<the account SID that the stack uses>" }'
            )
        return f"/_mock/twilio/{self.twilio_account}"

    @property
    def _sendgrid(self) -> str:
        """Where the control plane keeps the stack's SendGrid account."""
        if self.sendgrid_account is None:
            raise Unobservable(
                "the profile names no SendGrid account, so nothing can be delivered in its name: "
                'set [providers] accounts = { sendgrid = "<the account\'s name in the mocks>" }'
            )
        return f"/_mock/sendgrid/{self.sendgrid_account}"

    # what providers send to the stack

    @staticmethod
    def at_once(number: int) -> dict[str, Any]:
        """What `number` deliveries share that are to arrive together: each gets it as `at_once`, from its own thread.

        Their answers say in `at_once` whether all came; `harness.history.overlap` reads from the record if they
        overlapped.
        """
        return {"name": f"at-once-{secrets.token_hex(8)}", "of": number}

    def reply_address(self, channel: Channel) -> Wish:
        """How the mocks are told where a reply goes; nothing where their account knows it."""
        account = f"sendgrid/{self.sendgrid_account}" if channel == "email" else f"twilio/{self.twilio_account}"
        return self._destinations.of_reply(channel, account)

    @step(lambda *_, signature=None, **__: f"deliver a text reply{', ' + signature if signature else ''}")
    def inbound_sms(
        self, *, sender: str, to: str, body: str, at_once: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Delivers a reply to the stack; `sid` repeats an earlier delivery, `signature="tampered"` spoils it.

        `media` are URLs of pictures.
        """
        account, hook = self._twilio, self._hooks.sms
        if hook.body is not None:
            more.setdefault("sid", new_id("sms", pictures=bool(more.get("media"))))
        values = {
            "from": sender,
            "to": to,
            "body": body,
            "attachments": more.get("media"),
            "provider_id": more.get("sid"),
        }
        values["type"] = "mms" if more.get("media") else "sms"
        wish = {
            **reply_wish(hook, channel="sms", values=values),
            **self.reply_address("sms"),
        }
        return self._deliver(f"{account}/inbound", at_once, {**wish, "from": sender, "to": to, "body": body, **more})

    @step(lambda *_, signature=None, **__: f"deliver a mail reply{', ' + signature if signature else ''}")
    def inbound_email(
        self, *, sender: str, to: str, subject: str, text: str, at_once: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Delivers a mail as Inbound Parse does; the same `Message-ID` in `headers` repeats a delivery."""
        account, hook = self._sendgrid, self._hooks.email
        values = {"from": sender, "to": to, "subject": subject, "body": text, "type": "email"}
        if hook.body is not None:
            headers = more["headers"] = {"Message-ID": new_id("email"), **more.get("headers", {})}
            values["provider_id"] = headers["Message-ID"]
        wish = {
            **reply_wish(hook, channel="email", values=values),
            **self.reply_address("email"),
        }
        mail = {**wish, "from": sender, "to": to, "subject": subject, "text": text, **more}
        return self._deliver(f"{account}/inbound", at_once, mail)

    def sms_status(
        self, sid: str, status: str, *, at_once: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Moves a Twilio message and delivers the report of it.

        `told_as` is a word of no vendor's that it tells instead; `told_of` another system's message that it names.
        """
        account, word = self._twilio, more.get("told_as") or status
        wish = self._reporting("sms", more.get("told_of") or sid, word, error=more.get("error_code"))
        body = {**wish, "status": status, **more}
        return self._deliver(f"{account}/messages/{sid}/status", at_once, body)

    def email_event(
        self, message: str, event: str, *, at_once: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Delivers one event about a mail (its X-Message-Id), as SendGrid's Event Webhook does."""
        told = {name: more.pop(name) for name in ("told_as",) if name in more}
        return self.email_events([{"message": message, "event": event, **told}], at_once=at_once, **more)[-1]

    @step(lambda _, events, **__: f"deliver a batch of {len(events)} mail events")
    def email_events(
        self, events: Sequence[Mapping[str, Any]], *, at_once: dict[str, Any] | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """Delivers events in one batch, and gives the answer; each has its `event`, and the `message` it is about.

        `told_as` is a type that it tells instead; other fields replace the generated ones. Where a report in the
        stack's own names holds one alone, each goes out by itself, and each answer is given.
        """
        account, own = self._sendgrid, self._hooks.email.report_body
        if own is not None and not isinstance(own, list) and len(events) > 1:
            return [answer for one in events for answer in self.email_events([one], at_once=at_once, **more)]
        wishes = [self._telling(event) for event in events]
        wish = {**wishes[0], "events": [dict(event) for event in events]}
        if isinstance(own, list):
            wish["as"] = {**wishes[0]["as"], "body": [one for each in wishes for one in each["as"]["body"]]}
        return [self._deliver(f"{account}/events", at_once, {**wish, **more})]

    def _telling(self, event: Mapping[str, Any]) -> Wish:
        """How one event is told, where that isn't the vendor's way."""
        about = str(event.get("message") or event.get("sg_message_id") or "")
        return self._reporting("email", about, str(event.get("told_as") or event["event"]))

    def _reporting(self, channel: Channel, provider_id: str, status: str, *, error: int | None = None) -> Wish:
        account = f"sendgrid/{self.sendgrid_account}" if channel == "email" else f"twilio/{self.twilio_account}"
        hook = self._hooks.of(channel)
        return {
            **report_wish(hook, channel=channel, provider_id=provider_id, status=status, error=error),
            **self._destinations.of_report(channel, account),
        }

    @step(lambda _, channel, __, status, **___: f"deliver the report that the {channel} is {status}")
    def report(
        self, channel: str, provider_id: str, status: str, *, at_once: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """A delivery report of the channel's provider."""
        tell = self.email_event if channel == "email" else self.sms_status
        return tell(provider_id, status, at_once=at_once, **more)

    def _deliver(self, path: str, at_once: dict[str, Any] | None, body: dict[str, Any]) -> dict[str, Any]:
        together = {"at_once": at_once} if at_once is not None else {}
        return self.ask("POST", path, {**body, **together}, timeout=DELIVERY_S)

    # what disturbs it

    @contextlib.contextmanager
    @step(lambda *_, **effect: "provider fault " + ", ".join(f"{n} {v}" for n, v in effect.items()))
    def fault(self, match: dict[str, Any] | None = None, **effect: Any) -> Iterator[None]:
        """Disturbs the matching calls for as long as the block runs: `status`, `times`, `latency_s`, `retry_after`…

        Its begin has the fault's `id`; its end says how many calls met it (`hits`): 0 is a disturbance that didn't
        happen, None one of which the mocks can't be asked any more. Calls of others' accounts never meet it.
        """
        target, at = str((match or {}).get("provider", "providers")), time.time()
        fault = str(self.ask("POST", "/_mock/faults", {"match": self._own(match), **effect})["id"])
        begin = began(self._history, "provider", target, at=at, id=fault, **effect)
        hits = None
        try:
            yield
        finally:
            with contextlib.suppress(Inconclusive):
                hits = self.ask("DELETE", f"/_mock/faults/{fault}").get("hits")
            ended(self._history, begin, hits=hits)

    @contextlib.contextmanager
    @step(lambda *_, **__: "gate providers: answer withheld")
    def gate(self, match: dict[str, Any] | None = None) -> Iterator[ProviderGate]:
        """Withholds the provider's answers to matching calls until opened, at the end of the block at the latest.

        Its end in the record says how many were withheld at any time (`hits`; None where the mocks can't be asked).
        """
        at = time.time()
        closed = str(self.ask("POST", "/_mock/gates", {"match": self._own(match)})["id"])
        begin = began(self._history, "gate", "providers", at=at, id=closed)
        gate = ProviderGate(self, closed, lambda hits: ended(self._history, begin, hits=hits))
        try:
            yield gate
        except BaseException:
            # what went wrong in the block is the news, not that the gate could not be opened after it
            with contextlib.suppress(Inconclusive):
                gate.open()
            raise
        gate.open()

    def _own(self, match: dict[str, Any] | None) -> dict[str, Any]:
        """The match, for this stack's accounts only: other stacks may use the same mocks."""
        own = [account for account in (self.twilio_account, self.sendgrid_account) if account]
        given = match or {}
        return given if "account" in given or not own else {"accounts": own, **given}


class ProviderGate:
    """A closed gate in front of the provider's answers."""

    def __init__(self, control: ProviderControl, gate: str, on_open: Callable[[int | None], None]) -> None:
        self._control = control
        self._gate = gate
        self._on_open = on_open
        self._open = False

    def withheld(self, *, number: int = 1, within: float = WITHHELD_S) -> list[str]:
        """The provider's ids of the messages whose acceptance nobody has heard of yet.

        Waits until `number` calls were withheld at any time, `within` seconds at most: a call that was received may
        take its time before it comes to its gate.
        """
        return [str(call["message"]) for call in self._told(number, within)["withheld"] if call["message"]]

    def open(self) -> None:
        """Lets the withheld answers go; safe to call twice."""
        if not self._open:
            self._open = True
            met = None
            with contextlib.suppress(Inconclusive):
                met = self._told(0, 0).get("met")
            # the window ends before the answers go on: what follows them is not "while withheld"
            self._on_open(met)
            self._control.ask("DELETE", f"/_mock/gates/{self._gate}")

    def _told(self, met: int, within: float) -> dict[str, Any]:
        params = {"met": str(met), "within": f"{within:g}"}
        return self._control.ask("GET", f"/_mock/gates/{self._gate}", params=params, timeout=within + CONTROL_S)


def accepted_id(event: Event | None) -> str:
    """The provider's id of a message in the event of its answer; raises Unobservable when there is none."""
    found = event.data.get("message") if event else None
    if not found:
        raise Unobservable("no provider has accepted this message, so nothing can be reported about it")
    return str(found)
