"""Twilio's webhooks: status callbacks and inbound messages, signed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from mock_providers.at_once import AtOnce
from mock_providers.clock import elapse
from mock_providers.faults.webhook import WebhookFault
from mock_providers.glob import fits
from mock_providers.lifecycle import Due, Script, Step
from mock_providers.own_body import OwnBody
from mock_providers.spoilt import Signature
from mock_providers.twilio.delivering import make_webhook
from mock_providers.twilio.overrides import split
from mock_providers.twilio.segments import count_segments
from mock_providers.twilio.state.account import ACCOUNT_SUSPENDED, TwilioAccount
from mock_providers.twilio.state.inbound_target import Target
from mock_providers.twilio.state.message import API_VERSION, Media, Message
from mock_providers.twilio.state.opt_outs import REPLIES, apply_keyword, keyword
from mock_providers.twilio.state.verify import Verification
from mock_providers.twilio.state.whatsapp import PREFIX
from mock_providers.twilio.twiml import Reply, is_readable, replies
from mock_providers.twilio.whatsapp import GEOGRAPHY, status_params
from mock_providers.webhooks import Outcome, Webhooks

OUTSIDE_WINDOW: Script = (Step("failed", error_code=63016),)
"""What becomes of free text that a person on WhatsApp hasn't asked for."""


class TwilioWebhooks:
    """Moves messages along their scripts and tells the stack."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def begin(self, account: TwilioAccount, message: Message) -> None:
        """Starts a message's script. Without a callback URL nothing needs to run: it settles when looked at."""
        if account.settings.test:
            return
        message.script = self._script(account, message)
        if message.script and message.callback_url:
            self._webhooks.start("twilio", account.name, self._run(account, message, message.draw()))

    def tell(self, account: TwilioAccount, message: Message, status: str) -> None:
        """Sends a status callback in the background, if the message has a callback URL."""
        if message.callback_url:
            self._webhooks.start("twilio", account.name, self.status(account, message, status))

    def note_code(self, account: TwilioAccount, verification: Verification, *, channel: str, text: str) -> None:
        """Records that a verification's code went out: in the journal alone, as no answer of the vendor's has it."""
        self._webhooks.note(
            "verification.sent",
            "twilio",
            account.name,
            {
                "message": verification.sid,
                "to": [verification.to],
                "text": text,
                "code": verification.code,
                "channel": channel,
                "service": verification.service_sid,
                "attempt": len(verification.sends),
            },
        )

    def note_check(self, account: TwilioAccount, verification: Verification, *, right: bool) -> None:
        """Records what became of a code that was handed in: the answer's status alone is 200 either way."""
        self._webhooks.note(
            "verification.checked",
            "twilio",
            account.name,
            {
                "message": verification.sid,
                "to": [verification.to],
                "service": verification.service_sid,
                "right": right,
                "check": verification.checks,
            },
        )

    def _script(self, account: TwilioAccount, message: Message) -> Script:
        script = account.settings.lifecycle
        fate: Script | None = None
        for one in account.settings.fates:
            if fits(one.to, message.to):
                script = fate = one.script()
                break
        if script and script is not fate and _is_outside_window(account, message):
            script = OUTSIDE_WINDOW
        if message.service_sid is not None and script:
            return (Step("queued", after=(0.0, 0.0)), *script)
        return script

    async def _run(self, account: TwilioAccount, message: Message, plan: tuple[Due, ...]) -> None:
        for step in plan:
            await elapse(step.at - account.now())
            if message.status == "canceled":
                return
            if message.error_code == ACCOUNT_SUSPENDED and account.settings.status != "active":
                await self.status(account, message, "failed", error_code=ACCOUNT_SUSPENDED)
                return
            message.settle(account.now())
            await self.status(account, message, step.status, error_code=step.error_code)

    async def status(
        self,
        account: TwilioAccount,
        message: Message,
        status: str,
        *,
        error_code: int | None = None,
        url: str | None = None,
        signature: Signature = "valid",
        duplicate: int = 1,
        told_of: str | None = None,
        at_once: AtOnce | None = None,
        own: OwnBody | None = None,
    ) -> Outcome | None:
        """Sends a status callback, `duplicate` times at once; None if the message has no callback URL.

        With `at_once` it goes out together with others: each duplicate is one of them. `told_of` is another SID than
        the message's, of which it tells where this one's callbacks go.
        """
        url = url or message.callback_url
        if url is None:
            return None
        sid = told_of or message.sid
        params = {
            "AccountSid": account.name,
            "ApiVersion": API_VERSION,
            "From": message.from_ or "",
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": message.to,
        }
        if message.service_sid:
            params["MessagingServiceSid"] = message.service_sid
        if error_code is not None:
            params["ErrorCode"] = str(error_code)
        if message.to.startswith(PREFIX):
            params |= status_params(message, status, error_code)
        if status in {"delivered", "undelivered"}:
            params["RawDlrDoneDate"] = datetime.fromtimestamp(account.now(), UTC).strftime("%y%m%d%H%M")
        webhook = make_webhook(
            account,
            "status",
            url,
            params,
            message=sid,
            fault=self._fault(account, "status", params),
            signature=signature,
            at_once=at_once,
            own=own,
            report=status,
        )
        outcomes = await asyncio.gather(*(self._webhooks.deliver(webhook) for _ in range(duplicate)))
        return outcomes[0]

    async def inbound(
        self,
        account: TwilioAccount,
        *,
        sid: str,
        sender: str,
        to: str,
        body: str,
        media: list[dict[str, str]],
        target: Target,
        more: dict[str, str] | None = None,
        signature: Signature = "valid",
        at_once: AtOnce | None = None,
        own: OwnBody | None = None,
    ) -> tuple[Outcome, list[Message]]:
        """Delivers an inbound message to the stack, and sends what its reply (or an opt-out keyword) asks for.

        `more` are parameters besides, or instead of, a text message's own. With `at_once` it goes out together with
        others. Where the target fails, its fallback is called: the outcome is then what that answered.
        """
        # the vendor heeds keywords of text messages; on WhatsApp a tapped "Yes" asks for nothing
        kind = keyword(body) if not sender.startswith(PREFIX) else None
        if sender.startswith(PREFIX):
            account.whatsapp.heard(to, sender, at=account.now())
        if kind is not None:
            apply_keyword(account, kind, sender=sender, to=to)
        if account.message(sid) is None:
            account.add(_received(account, sid=sid, sender=sender, to=to, body=body, media=media))
        params = {
            "AccountSid": account.name,
            "ApiVersion": API_VERSION,
            "Body": body,
            "From": sender,
            "FromCity": "",
            "FromCountry": "US",
            "FromState": "",
            "FromZip": "",
            "MessageSid": sid,
            "NumMedia": str(len(media)),
            "NumSegments": str(count_segments(body).count),
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": to,
            "ToCity": "",
            "ToCountry": "US",
            "ToState": "",
            "ToZip": "",
        }
        if kind is not None:
            params["OptOutType"] = kind
        for service in account.services_of(to):
            params["MessagingServiceSid"] = service.sid
        for n, item in enumerate(media):
            params[f"MediaUrl{n}"] = item["url"]
            params[f"MediaContentType{n}"] = item["content_type"]
        if sender.startswith(PREFIX):
            params = {name: value for name, value in params.items() if name not in GEOGRAPHY}
        params |= more or {}
        webhook = make_webhook(
            account,
            "inbound",
            target.url,
            params,
            message=sid,
            fault=self._fault(account, "inbound", params, body),
            signature=signature,
            method=target.method,
            text=body,
            at_once=at_once,
            own=own,
        )
        outcome = await self._webhooks.deliver(webhook)
        failure = None if webhook.fault.drop or outcome.refused else _failure(outcome)
        if failure is not None and target.fallback_url is not None:
            webhook = make_webhook(
                account,
                "inbound",
                target.fallback_url,
                {**params, "ErrorCode": failure, "ErrorUrl": split(target.url)[0]},
                message=sid,
                fault=self._fault(account, "inbound", params, body),
                signature=signature,
                method=target.fallback_method,
                text=body,
                own=own,
            )
            outcome = await self._webhooks.deliver(webhook)
        asked = [Reply(None, None, REPLIES[kind], ())] if kind is not None else []
        if outcome.status is not None and 200 <= outcome.status < 300:
            asked += replies(outcome.body)
        return outcome, [self._reply(account, reply, sender=sender, to=to) for reply in asked]

    def _reply(self, account: TwilioAccount, reply: Reply, *, sender: str, to: str) -> Message:
        message = Message(
            number=account.next_number(),
            sid=account.sid("MM" if reply.media else "SM"),
            account_sid=account.name,
            to=reply.to or sender,
            from_=reply.sender or to,
            body=reply.body,
            status="queued",
            num_segments=count_segments(reply.body).count,
            now=account.now(),
            direction="outbound-reply",
            media=tuple(Media(account.sid("ME"), url) for url in reply.media),
        )
        account.add(message)
        self.begin(account, message)
        return message

    def _fault(
        self, account: TwilioAccount, kind: str, params: dict[str, str], text: str | None = None
    ) -> WebhookFault:
        return self._webhooks.fault_for("twilio", account.name, kind, to=[params["To"]], text=text)


def _failure(outcome: Outcome) -> str | None:
    """The code that a fallback is told: no answer, no success, or something that is no TwiML; None for none of them."""
    if outcome.status is None:
        return "11205"
    if not 200 <= outcome.status < 300:
        return "11200"
    return None if is_readable(outcome.body) else "12100"


def _is_outside_window(account: TwilioAccount, message: Message) -> bool:
    """Whether WhatsApp refuses a message: it is no approved template, and who gets it hasn't written for a day."""
    if not message.to.startswith(PREFIX) or message.template or not account.settings.whatsapp_window:
        return False
    sender = message.from_ or message.pool_sender or ""
    return not account.whatsapp.is_open(sender, message.to, now=account.now())


def _received(
    account: TwilioAccount, *, sid: str, sender: str, to: str, body: str, media: list[dict[str, str]]
) -> Message:
    return Message(
        number=account.next_number(),
        sid=sid,
        account_sid=account.name,
        to=to,
        from_=sender,
        body=body,
        status="received",
        num_segments=count_segments(body).count,
        now=account.now(),
        direction="inbound",
        media=tuple(Media(account.sid("ME"), item["url"]) for item in media),
    )
