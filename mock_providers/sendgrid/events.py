"""The Event Webhook: events with the vendor's fields, batched and signed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from mock_providers.at_once import AtOnce
from mock_providers.clock import elapse
from mock_providers.faults.webhook import WebhookFault
from mock_providers.glob import fits
from mock_providers.lifecycle import Script, Step
from mock_providers.own_body import OwnBody
from mock_providers.sendgrid.signature import SigningKey
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.due import SUPPRESSING
from mock_providers.sendgrid.state.event_webhooks import EventWebhook
from mock_providers.sendgrid.state.mail import Mail, Recipient
from mock_providers.spoilt import Signature
from mock_providers.webhooks import Outcome, Webhook, Webhooks

Event = dict[str, Any]

_IP = "198.51.100.17"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"

_DETAILS: dict[str, Event] = {
    "processed": {},
    "delivered": {"response": "250 2.0.0 OK", "ip": _IP, "tls": 1},
    "deferred": {"response": "400 try again later", "attempt": "5"},
    "dropped": {"reason": "Bounced Address", "status": "5.0.0"},
    "bounce": {
        "reason": "550 5.1.1 The email account that you tried to reach does not exist",
        "status": "5.1.1",
        "type": "bounce",
        "bounce_classification": "Invalid Address",
        "ip": _IP,
        "tls": 1,
    },
    "blocked": {
        "reason": "554 5.7.1 Message blocked",
        "status": "5.7.1",
        "type": "blocked",
        "bounce_classification": "Reputation",
        "ip": _IP,
        "tls": 1,
    },
    "open": {"useragent": _AGENT, "ip": _IP, "sg_machine_open": False},
    "click": {
        "useragent": _AGENT,
        "ip": _IP,
        "url": "https://example.com/",
        "url_offset": {"index": 0, "type": "html"},
    },
    "spamreport": {},
    "unsubscribe": {},
    "group_unsubscribe": {"useragent": _AGENT, "ip": _IP, "url": "https://example.com/", "asm_group_id": 1},
    "group_resubscribe": {"useragent": _AGENT, "ip": _IP, "url": "https://example.com/", "asm_group_id": 1},
}

_WITH_SMTP_ID = frozenset(("processed", "delivered", "deferred", "dropped", "bounce", "blocked"))


def make_event(
    account: SendGridAccount, kind: str, *, mail: Mail | None, recipient: Recipient | None, at: float | None = None
) -> Event:
    """An event with its type's fields, now or at a moment; custom arguments at the top level, reserved names win."""
    event: Event = dict(recipient.custom_args) if recipient is not None else {}
    event.update(
        {
            "email": recipient.email if recipient is not None else "someone@example.com",
            "timestamp": int(account.now() if at is None else at),
            "event": "bounce" if kind == "blocked" else kind,
            "sg_event_id": account.token(rng=account.event_rng),
        }
    )
    if mail is not None and recipient is not None:
        event["sg_message_id"] = recipient.sg_message_id
        if mail.categories:
            event["category"] = mail.categories  # an array, as every request has it: a string is refused
    if kind in _WITH_SMTP_ID:
        message_id = mail.message_id if mail is not None else account.token(rng=account.event_rng)
        event["smtp-id"] = f"<{message_id}@geopod-ismtpd-1>"
    event.update(_DETAILS[kind])
    return event


def _mail_of(event: Event) -> str | None:
    """The X-Message-Id with which an event's `sg_message_id` begins; None where it names no mail."""
    return str(event.get("sg_message_id") or "").partition(".")[0] or None


def _reported(event: Event) -> str:
    """What an event says: a block is a bounce by its type alone, and says less."""
    return "blocked" if event.get("type") == "blocked" else str(event.get("event", ""))


BATCH_BYTES = 768 * 1024

_SUPPRESSES = {"bounce": "bounces", "spamreport": "spam_reports", "unsubscribe": "unsubscribes"}

_DROPPED = (Step("dropped", after=(0.0, 0.0)),)


def split(events: list[Event]) -> list[list[Event]]:
    """The events in batches that stay below the vendor's size."""
    batches: list[list[Event]] = [[]]
    size = 0
    for event in events:
        length = len(json.dumps(event)) + 1
        if size + length > BATCH_BYTES and batches[-1]:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += length
    return batches


def _script(account: SendGridAccount, recipient: Recipient) -> Script:
    for fate in account.settings.fates:
        if fits(fate.to, recipient.email):
            return fate.script
    return account.settings.lifecycle


class SendGridWebhooks:
    """Makes the events of accepted mails and posts them in batches."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._batches: dict[tuple[str, str], list[Event]] = {}
        self._looked_at: tuple[Script, bool] = (), False

    def begin(self, account: SendGridAccount, mail: Mail) -> None:
        """Starts the script of every recipient; without a webhook URL nothing needs to run."""
        reported = bool(account.event_webhooks)
        for recipient in mail.recipients:
            recipient.script = _script(account, recipient) if recipient.dropped is None else _DROPPED
            if self._may_suppress(recipient.script):
                account.due.add(mail, recipient)
            if reported and (recipient.script or recipient.plan):
                recipient.reported = True
                self._webhooks.start("sendgrid", account.name, self._run(account, mail, recipient))

    def _may_suppress(self, script: Script) -> bool:
        # most mails have the script of the one before
        if script is not self._looked_at[0]:
            self._looked_at = script, any(step.status in SUPPRESSING for step in script)
        return self._looked_at[1]

    def begin_after(self, account: SendGridAccount, mail: Mail, decide: Callable[[], Awaitable[None]]) -> None:
        """Starts the scripts once it is decided who gets the mail; until then nothing happens to it."""

        async def begin() -> None:
            await decide()
            self.begin(account, mail)

        self._webhooks.start("sendgrid", account.name, begin())

    def settle(self, account: SendGridAccount, mail: Mail, recipient: Recipient) -> None:
        """Takes the planned steps that are due, each at its own time; whoever looks first, the webhooks get them."""
        mail.draw(recipient)
        while recipient.plan and recipient.plan[0].at <= account.now():
            if mail.batch_id is not None and mail.batch_id in account.stopped:
                recipient.plan = ()
                break
            step, recipient.plan = recipient.plan[0], recipient.plan[1:]
            event = make_event(account, step.status, mail=mail, recipient=recipient, at=step.at)
            if recipient.dropped is not None:
                event["reason"] = recipient.dropped
            self.note(account, event, recipient, at=step.at)
            if recipient.reported:
                self._enqueue(account, event)

    def catch_up(self, account: SendGridAccount) -> None:
        """Takes what is due of mails that bounce or are complained of, before somebody asks who is suppressed."""
        for mail, recipient in account.due.until(account.now()):
            self.settle(account, mail, recipient)

    def note(
        self, account: SendGridAccount, event: Event, recipient: Recipient | None, *, at: float | None = None
    ) -> None:
        """Keeps an event for the activity feed and the statistics, and suppresses whom it says to."""
        at = account.now() if at is None else at
        first = recipient is None or all(one["event"] != event["event"] for one in recipient.events)
        account.stats.happened(event, now=at, first=first)
        if recipient is not None:
            recipient.events.append(event)
        kind = _SUPPRESSES.get(str(event["event"]))
        email = event.get("email")
        if kind is None or not isinstance(email, str):
            return
        if event["event"] == "bounce" and event.get("type") == "blocked":
            kind = "blocks"
        account.suppressions.add(
            kind,
            email,
            now=at,
            reason=str(event.get("reason", "")),
            status=str(event.get("status", "")),
        )

    def post_soon(self, account: SendGridAccount, events: list[Event], *, url: str, signer: SigningKey | None) -> None:
        """Posts a batch in the background, with the account's retries."""
        self._webhooks.start("sendgrid", account.name, self._post_until_taken(account, events, url, signer))

    async def _run(self, account: SendGridAccount, mail: Mail, recipient: Recipient) -> None:
        mail.draw(recipient)
        while recipient.plan:
            await elapse(recipient.plan[0].at - account.now())
            self.settle(account, mail, recipient)

    def _enqueue(self, account: SendGridAccount, event: Event) -> None:
        for webhook in account.event_webhooks:
            if webhook.wants(event):
                self._enqueue_for(account, webhook, event)

    def _enqueue_for(self, account: SendGridAccount, webhook: EventWebhook, event: Event) -> None:
        key = (account.name, webhook.id)
        batch = self._batches.get(key)
        if batch is not None:
            batch.append(event)
            return
        batch = self._batches[key] = [event]
        flushing = self._webhooks.start("sendgrid", account.name, self._flush(account, webhook))
        # a reset may cancel it before it runs, and then nobody else would end the batch
        flushing.add_done_callback(lambda _: self._end_batch(key, batch))

    def _end_batch(self, key: tuple[str, str], batch: list[Event]) -> None:
        if self._batches.get(key) is batch:
            del self._batches[key]

    async def _flush(self, account: SendGridAccount, webhook: EventWebhook) -> None:
        await elapse(account.settings.event_batch_s)
        batch = self._batches.pop((account.name, webhook.id))
        # it may have been deleted, and the settings may have changed
        if webhook.url is not None and account.event_webhooks.get(webhook.id) is webhook:
            for part in split(batch):
                self.post_soon(account, part, url=webhook.url, signer=webhook.signer)

    async def _post_until_taken(
        self, account: SendGridAccount, events: list[Event], url: str, signer: SigningKey | None
    ) -> None:
        outcome = await self.post(account, events, url=url, signer=signer)
        for pause in account.settings.event_retries_s:
            if outcome.refused or (outcome.status is not None and 200 <= outcome.status < 300):
                return
            await elapse(pause)
            outcome = await self.post(account, events, url=url, signer=signer)

    async def post(
        self,
        account: SendGridAccount,
        events: list[Event],
        *,
        url: str,
        signer: SigningKey | None,
        signature: Signature = "valid",
        at_once: AtOnce | None = None,
        own: OwnBody | None = None,
    ) -> Outcome:
        """Posts one batch, or its `own` body, and waits for the receiver's answer; without a `signer` it isn't signed.

        With `at_once` it goes out together with others.
        """
        to = sorted({str(event["email"]) for event in events if "email" in event})
        fault = self._webhooks.fault_for("sendgrid", account.name, "event", to=to)
        if fault.signature is not None:
            signature = "tampered" if fault.signature == "tampered" else "missing"
        if fault.without_message_id:
            events = [{name: value for name, value in event.items() if name != "sg_message_id"} for event in events]
        parts = [[event] for event in events] if fault.split else [events]
        webhooks = [
            self._webhook(
                account, part, url=url, signer=signer, signature=signature, fault=fault, at_once=at_once, own=own
            )
            for part in parts
        ]
        if at_once is not None:
            # each part is one of those that go out together, so none may wait for another's answer
            outcomes = await asyncio.gather(*(self._webhooks.deliver(webhook) for webhook in webhooks))
        else:
            outcomes = [await self._webhooks.deliver(webhook) for webhook in webhooks]
        return outcomes[-1]

    def _webhook(
        self,
        account: SendGridAccount,
        events: list[Event],
        *,
        url: str,
        signer: SigningKey | None,
        signature: Signature,
        fault: WebhookFault,
        at_once: AtOnce | None,
        own: OwnBody | None,
    ) -> Webhook:
        own = own or OwnBody(content=events, format="json")
        body = own.written()
        headers = {"Content-Type": own.type, "User-Agent": "SendGrid Event API"}
        if signer is not None:
            headers |= signer.headers(account.now() - fault.stale_s, body, signature=signature)
        ids = {name for event in events if (name := _mail_of(event))}
        told: dict[str, Any] = {"signature": signature, "report": _reported(events[-1])}
        if len(events) > 1:
            told["reports"] = [[_mail_of(event), _reported(event)] for event in events]
        return Webhook(
            provider="sendgrid",
            account=account.name,
            kind="event",
            url=url,
            body=body,
            headers=headers,
            message=ids.pop() if len(ids) == 1 else None,
            to=sorted({str(event["email"]) for event in events if "email" in event}),
            params=own.content,
            extra=told,
            fault=fault,
            at_once=at_once,
        )
