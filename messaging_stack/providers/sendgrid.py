"""SendGrid: email."""

from __future__ import annotations

import json
from email.utils import parseaddr
from html import escape
from typing import TYPE_CHECKING, Any

import httpx

from messaging_stack.providers.http import Endpoint, json_object, not_understood, refusal

if TYPE_CHECKING:
    from messaging_stack.providers.base import Outgoing
    from messaging_stack.settings import Settings


class SendGridClient:
    """Sends mail through SendGrid; its events come to our webhook."""

    title = "SendGrid"

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        headers = {
            "Authorization": f"Bearer {settings.sendgrid_api_key.get_secret_value()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        url = f"{settings.sendgrid_base_url}/v3/mail/send"
        self._mail_send = Endpoint(client, url, headers=headers, timeout_s=settings.provider_timeout_s)
        self._default_subject = settings.email_default_subject

    def mail(self, message: Outgoing) -> dict[str, Any]:
        """The request's JSON. Attachments are URLs of someone else's; they are linked, not fetched."""
        subject, html, reply_to = (_text(message.metadata.get(name)) for name in ("subject", "html", "reply_to"))
        text = "\n\n".join(part for part in (message.body, "\n".join(message.attachments)) if part)
        content = [{"type": "text/plain", "value": text}] if text else []
        if html:
            content.append({"type": "text/html", "value": html + "".join(map(_link, message.attachments))})
        return {
            "personalizations": [{"to": [{"email": message.recipient}]}],
            "from": {"email": message.sender},
            "subject": subject or self._default_subject,
            "content": content,
            "custom_args": {"message_id": str(message.id)},
            **({"reply_to": _person(reply_to)} if reply_to else {}),
        }

    async def send(self, message: Outgoing) -> str | None:
        """Sends the mail; returns its X-Message-Id."""
        response = await self._mail_send.post(json.dumps(self.mail(message)).encode())
        if response.is_success:
            message_id: str | None = response.headers.get("X-Message-Id")
            if message_id is None and response.status_code != httpx.codes.ACCEPTED:
                raise not_understood(response, title=self.title)
            return message_id
        errors = json_object(response).get("errors")
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        raise refusal(response, message=str(first.get("message", response.reason_phrase)), code=first.get("field"))


def _text(value: Any) -> str:
    """A value of the metadata, which may be anything, where it is a text."""
    return value if isinstance(value, str) else ""


def _link(url: str) -> str:
    return f'<p><a href="{escape(url)}">{escape(url)}</a></p>'


def _person(address: str) -> dict[str, str]:
    """`Name <address>` as the provider has it."""
    name, bare = parseaddr(address)
    return {"email": bare, **({"name": name} if name else {})}
