"""What people call things: recipients, texts, statuses, ids; all that is guessed from names alone stands here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from harness.profile.base import Channel

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "to": (
        *("to", "recipient", "phone", "phone_number", "to_number", "number", "mobile", "msisdn", "destination"),
        *("to_address", "address", "email", "to_email", "email_address", "mail_to", "dest", "recipients"),
    ),
    "from": ("from", "from_", "sender", "from_number", "from_address", "from_email", "source", "sender_id"),
    "body": ("body", "text", "message", "content", "msg", "message_body", "text_body", "plain", "sms"),
    "subject": ("subject", "title", "headline"),
    "html": ("html", "html_body", "body_html", "html_content"),
    "attachments": ("attachments", "media", "media_urls", "media_url", "files"),
    "metadata": ("metadata", "meta"),
    "type": ("type", "channel", "kind", "message_type", "medium"),
}
"""What a placeholder's field is called in a request."""
ID: Final = (
    *("id", "message_id", "uuid", "job_id", "notification_id", "ref", "reference", "mail_id", "sms_id", "key", "mail"),
    *("request_id", "task_id"),
)
STATUS: Final = ("status", "state", "message_status", "delivery_status", "phase")
BODY: Final = ("body", "text", "message", "content", "msg", "message_body", "text_body")
PROVIDER_ID: Final = (
    *("provider_message_id", "provider_id", "provider_ref", "provider_sid", "twilio_sid", "message_sid", "sid"),
    *("sendgrid_id", "x_message_id", "external_id", "external_ref", "vendor_id", "vendor_ref", "remote_id"),
)
DIRECTION: Final = ("direction", "inbound", "in_out")
STEPS: Final[dict[str, tuple[str, ...]]] = {
    "queued": (
        *("pending", "queued", "new", "waiting", "created", "accepted", "enqueued", "scheduled", "ready", "todo"),
        *("received_for_sending", "open"),
    ),
    "sent": (
        *("sent", "done", "handed over", "handed_over", "submitted", "dispatched", "completed", "complete", "success"),
        *("succeeded", "processed", "ok", "finished"),
    ),
    "delivered": ("delivered", "confirmed", "arrived"),
    "failed": ("failed", "failure", "error", "refused", "rejected", "undelivered", "undeliverable", "dead", "bounced"),
    "inbound": ("received", "inbound", "incoming"),
}
"""What a message's steps are called in rows and answers."""
BETWEEN: Final = ("sending", "processing", "in_progress", "in progress", "running", "retry", "retrying", "started")
"""What a status between the first and `sent` is called."""
SENDS: Final = ("send", "message", "notif", "sms", "text", "mail", "dispatch", "deliver", "outbound")
"""What stands in the path of a send."""
HOOKS: Final = ("webhook", "hook", "callback", "inbound", "twilio", "sendgrid", "incoming")
"""What stands in the path of a webhook."""
READY: Final = (
    "/ready",
    "/readyz",
    "/healthz",
    "/health",
    "/healthy",
    "/up",
    "/livez",
    "/status",
    "/ping",
    "/api/health",
    "/",
)
"""Where an API says that it is ready, likeliest first."""
OF_CHANNEL: Final[dict[Channel, tuple[str, ...]]] = {
    "sms": ("sms", "phone", "text", "msisdn", "mobile", "twilio"),
    "mms": ("mms", "media"),
    "email": ("email", "mail", "subject", "sendgrid"),
}
"""What speaks of a channel."""


def folded(name: str) -> str:
    """A name in lower case with underscores, whichever way it was put together."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-\s.]+", "_", name).lower().strip("_")


def meaning(field: str) -> str | None:
    """The placeholder that a request's field stands for; None where its name doesn't say."""
    name = folded(field) or field
    name = "from" if name == "from_" else name
    return next((what for what, names in FIELDS.items() if name in names), None)


def step_of(word: str) -> str | None:
    """The step that a status' word stands for."""
    plain = folded(word).replace("_", " ")
    return next((step for step, words in STEPS.items() if plain in [one.replace("_", " ") for one in words]), None)


def is_between(word: str) -> bool:
    """Whether a status' word stands between the first and `sent`."""
    return folded(word).replace("_", " ") in [one.replace("_", " ") for one in BETWEEN]


def first(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The first of the names that people use so: by the whole name, then by its end."""
    known = {folded(name): name for name in reversed(list(names))}
    words = list(wanted)
    for word in words:
        if word in known:
            return known[word]
    for word in words:
        for name, own in known.items():
            if name.endswith(f"_{word}"):
                return own
    return None


def channels_of(path: str, fields: Iterable[str]) -> list[Channel]:
    """The channels that a send speaks of: by its path, else by its fields, of which a `text` says nothing."""
    return channels_in([path]) or channels_in(name for name in fields if folded(name) not in ("text", "text_body"))


def channels_in(texts: Iterable[str]) -> list[Channel]:
    """The channels that these words speak of; none where they don't say."""
    said = " ".join(texts).lower()
    found: list[Channel] = [channel for channel, words in OF_CHANNEL.items() if any(word in said for word in words)]
    return found
