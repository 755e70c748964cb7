"""Twilio: SMS and MMS."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from messaging_stack.providers.http import Endpoint, json_object, not_understood, refusal

if TYPE_CHECKING:
    import httpx

    from messaging_stack.providers.base import Outgoing
    from messaging_stack.settings import Settings


class TwilioClient:
    """Creates messages at Twilio; their delivery reports come to our webhook."""

    title = "Twilio"

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        url = f"{settings.twilio_base_url}/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
        credentials = f"{settings.twilio_account_sid}:{settings.twilio_auth_token.get_secret_value()}"
        headers = {
            "Authorization": f"Basic {b64encode(credentials.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        self._messages = Endpoint(client, url, headers=headers, timeout_s=settings.provider_timeout_s)
        self._status_callback = f"{settings.public_url}/api/v1/webhooks/twilio"

    def form(self, message: Outgoing) -> dict[str, str | list[str]]:
        """The request's parameters."""
        form: dict[str, str | list[str]] = {
            "To": message.recipient,
            "From": message.sender,
            "StatusCallback": self._status_callback,
        }
        if message.body:
            form["Body"] = message.body
        if message.attachments:
            form["MediaUrl"] = message.attachments
        return form

    async def send(self, message: Outgoing) -> str | None:
        """Creates the message; returns its SID."""
        response = await self._messages.post(urlencode(self.form(message), doseq=True).encode())
        answer = json_object(response)
        if response.is_success:
            sid = answer.get("sid")
            if not isinstance(sid, str) or not sid:
                raise not_understood(response, title=self.title)
            return sid
        raise refusal(response, message=str(answer.get("message", response.reason_phrase)), code=answer.get("code"))
