"""Inbound messages: reading those of each provider, and storing each once."""

from __future__ import annotations

import hashlib
import json
import re
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from messaging_stack.errors import InvalidMessage
from messaging_stack.store import webhooks
from messaging_stack.store.webhooks import Inbound
from messaging_stack.validation import MAX_TEXT, cleaned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from uuid import UUID

    import asyncpg
    from starlette.datastructures import Headers

_MESSAGE_ID = re.compile(r"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_MOST_MEDIA = 10
_LONGEST_NAME = 256  # of an address or an id: they are indexed, and an index's entries are bounded


def from_twilio(params: Mapping[str, str]) -> Inbound:
    """An SMS or MMS, in Twilio's field names or plain ones; raises InvalidMessage."""
    media = [cleaned(url) for url in _media(params)]
    return Inbound(
        provider_message_id=_required(params, "MessageSid", "SmsSid", "messaging_provider_id"),
        type="mms" if media or params.get("type") == "mms" else "sms",
        sender=_required(params, "From", "from"),
        recipient=_required(params, "To", "to"),
        body=_text(params.get("Body", params.get("body", ""))),
        attachments=media,
    )


def from_plain_mail(params: Mapping[str, str]) -> Inbound:
    """A mail in plain field names; raises InvalidMessage."""
    return Inbound(
        provider_message_id=_required(params, "messaging_provider_id", "message_id"),
        type="email",
        sender=_address(_required(params, "from")),
        recipient=_address(_required(params, "to")),
        body=_text(params.get("body", "")),
        metadata={"subject": cleaned(params["subject"])} if "subject" in params else {},
    )


async def from_inbound_parse(headers: Headers, body: bytes) -> Inbound:
    """A mail as Inbound Parse posts it; raises InvalidMessage."""
    fields, files = await _multipart(headers, body)
    known = _MESSAGE_ID.search(fields.get("headers", ""))
    message_id = cleaned(known[1]) if known else ""
    return Inbound(
        # Without a Message-ID of moderate length, the mail itself tells a repeated delivery from a new one.
        provider_message_id=message_id if 0 < len(message_id) <= _LONGEST_NAME else _fingerprint(fields),
        type="email",
        sender=_address(_required(fields, "from")),
        recipient=_address(_envelope_recipient(fields) or _required(fields, "to")),
        body=_text(fields.get("text") or fields.get("html", "")),
        metadata={"subject": cleaned(fields.get("subject", "")), "files": files},
    )


async def take(pool: asyncpg.Pool, message: Inbound) -> UUID | None:
    """Stores the message; returns its id, or None when it was stored before."""
    return await webhooks.store_inbound(pool, message)


def _required(params: Mapping[str, str], *names: str) -> str:
    for name in names:
        if value := params.get(name, "").strip():
            return cleaned(value)[:_LONGEST_NAME]
    raise InvalidMessage(f"expected {' or '.join(names)}", location=("body", names[0]))


def _text(value: str) -> str:
    return cleaned(value)[:MAX_TEXT]


def _address(value: str) -> str:
    """The bare address of `Name <address>`."""
    return parseaddr(value)[1] or value


def _media(params: Mapping[str, str]) -> list[str]:
    count = params.get("NumMedia", "0")
    most = min(int(count[:3]), _MOST_MEDIA) if count.isdecimal() else 0
    return [url for index in range(most) if (url := params.get(f"MediaUrl{index}"))]


def _envelope_recipient(fields: Mapping[str, str]) -> str | None:
    try:
        first = json.loads(fields.get("envelope", "{}"))["to"][0]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return cleaned(first)[:_LONGEST_NAME] if isinstance(first, str) else None


def _fingerprint(fields: Mapping[str, str]) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(sorted(fields.items())).encode()).hexdigest()


async def _multipart(headers: Headers, body: bytes) -> tuple[dict[str, str], list[dict[str, Any]]]:
    from starlette.formparsers import MultiPartException, MultiPartParser

    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(headers, stream())  # type: ignore[arg-type]  # reason: it only iterates
    parser.max_part_size = len(body) + 1  # before Starlette 0.40 there is no such limit, nor an option for it
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidMessage(f"expected a multipart form: {error}") from None
    fields: dict[str, str] = {}
    files: list[dict[str, Any]] = []
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = value
        else:
            files.append({"name": cleaned(value.filename or "")[:_LONGEST_NAME], "size": value.size})
    await form.close()
    return fields, files
