"""A message, and its JSON."""

from __future__ import annotations

import json
import time
from json.encoder import encode_basestring_ascii as quote
from random import Random
from typing import Any, NamedTuple

from mock_providers.lifecycle import Plan, Script, plan_from
from mock_providers.twilio.segments import count_segments

API_VERSION = "2010-04-01"

FINAL = frozenset(("delivered", "undelivered", "failed", "canceled", "read", "received"))

_RANK = {
    "accepted": 0, "scheduled": 0, "queued": 1, "sending": 2, "sent": 3,
    "delivered": 4, "undelivered": 4, "failed": 4, "canceled": 4, "read": 5,
}  # fmt: skip


FAILURES = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    63003: "Channel could not find To address",
    63016: "Failed to send freeform message because you are outside the allowed window. "
    "If you are using WhatsApp, please use a Message Template.",
    63024: "Invalid message recipient",
}
"""What a delivery that failed later says."""

BEFORE_SENDING = frozenset(("accepted", "scheduled", "queued", "sending", "canceled"))


class Media(NamedTuple):
    """One attachment: its SID and where the sender said it is."""

    sid: str
    url: str


class Message:
    """One message of an account; `number` is its place in the account's order of creation.

    `template` says that WhatsApp lets it through at any time.
    """

    __slots__ = (
        "account_sid",
        "body",
        "callback_url",
        "created",
        "direction",
        "error_code",
        "from_",
        "media",
        "num_segments",
        "number",
        "plan",
        "pool_sender",
        "script",
        "send_at",
        "sent",
        "service_sid",
        "sid",
        "status",
        "template",
        "to",
        "updated",
    )  # fmt: skip

    def __init__(
        self,
        *,
        number: int,
        sid: str,
        account_sid: str,
        to: str,
        from_: str | None,
        body: str,
        status: str,
        num_segments: int,
        now: float,
        direction: str = "outbound-api",
        service_sid: str | None = None,
        callback_url: str | None = None,
        media: tuple[Media, ...] = (),
        pool_sender: str | None = None,
        template: bool = False,
    ) -> None:
        self.number = number
        self.sid = sid
        self.account_sid = account_sid
        self.to = to
        self.from_ = from_
        self.body = body
        self.status = status
        self.num_segments = num_segments
        self.direction = direction
        self.service_sid = service_sid
        self.callback_url = callback_url
        self.media = media
        self.pool_sender = pool_sender
        self.template = template
        self.created = now
        self.updated = now
        self.sent: float | None = None
        self.error_code: int | None = None
        self.script: Script = ()
        self.plan: Plan = ()
        self.send_at: float | None = None

    @property
    def uri(self) -> str:
        return f"/{API_VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"

    def move(self, status: str, *, now: float, error_code: int | None = None) -> None:
        """Takes a status, forwards only: a late `sent` leaves a delivered message delivered."""
        if _RANK.get(status, 0) < _RANK.get(self.status, 0):
            return
        self.status = status
        self.updated = now
        self.error_code = error_code
        if self.pool_sender is not None and status not in {"accepted", "scheduled", "canceled"}:
            self.from_, self.pool_sender = self.pool_sender, None
            self.num_segments = count_segments(self.body).count
        if status not in BEFORE_SENDING and self.sent is None:
            self.sent = now

    def stop(self) -> None:
        """Forgets what was still to come."""
        self.script, self.plan = (), ()

    def draw(self) -> Plan:
        """The plan, drawn by the SID when it is first wanted: the same message has the same one."""
        if self.script:
            begins = self.created if self.send_at is None else self.send_at
            self.plan = plan_from(self.script, now=begins, rng=Random(self.sid))  # noqa: S311  # reason: repeatable
            self.script = ()
        return self.plan

    def settle(self, now: float) -> None:
        """Takes the planned steps that are due."""
        self.draw()
        while self.plan and self.plan[0].at <= now:
            step, self.plan = self.plan[0], self.plan[1:]
            self.move(step.status, now=step.at, error_code=step.error_code)

    @property
    def error_message(self) -> str | None:
        return None if self.error_code is None else FAILURES.get(self.error_code, "Unknown error")

    def to_json(self) -> dict[str, Any]:
        """The fields of the API's answer."""
        fields: dict[str, Any] = json.loads(message_json(self))
        return fields


def message_json(message: Message) -> str:
    """`to_json` as text, put together by hand: every send answers with one."""
    m, uri = message, message.uri
    return (
        f'{{"account_sid":"{m.account_sid}","api_version":"{API_VERSION}","body":{quote(m.body)},'
        f'"date_created":"{rfc2822(m.created)}","date_sent":{_date(m.sent)},"date_updated":"{rfc2822(m.updated)}",'
        f'"direction":"{m.direction}","error_code":{_null(m.error_code)},"error_message":{_text(m.error_message)},'
        f'"from":{_text(m.from_)},"messaging_service_sid":{_text(m.service_sid)},"num_media":"{len(m.media)}",'
        f'"num_segments":"{m.num_segments}","price":null,"price_unit":"USD","sid":"{m.sid}","status":"{m.status}",'
        f'"subresource_uris":{{"media":"{uri}/Media.json"}},"to":{quote(m.to)},"uri":"{uri}.json"}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else quote(value)


def _null(value: int | None) -> str:
    return "null" if value is None else str(value)


def _date(at: float | None) -> str:
    return "null" if at is None else f'"{rfc2822(at)}"'


encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_last: tuple[int, str] = (-1, "")


def rfc2822(at: float) -> str:
    """A time as the API writes it: `Thu, 24 Aug 2023 05:01:45 +0000`."""
    global _last  # noqa: PLW0603  # reason: thousands of messages share one second
    second = int(at)
    if _last[0] != second:
        t = time.gmtime(second)
        _last = (
            second,
            f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} {t.tm_year} "
            f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000",
        )
    return _last[1]
