"""What Twilio's webhooks say more, and what they leave out, where a message goes by WhatsApp."""

from __future__ import annotations

from typing import Any

from mock_providers.twilio.state.message import Message
from mock_providers.twilio.state.whatsapp import PREFIX

_KINDS = ("image", "audio", "video")
PROFILE_NAME = "Ada"
"""Who writes, where nobody says."""
GEOGRAPHY = tuple(f"{end}{what}" for end in ("From", "To") for what in ("City", "State", "Zip", "Country"))
"""What only a number's place tells: a WhatsApp message has none of it."""


def inbound_params(
    sender: str, media: list[dict[str, str]], *, profile_name: str | None, reply: dict[str, str], given: dict[str, str]
) -> dict[str, str]:
    """The parameters of an inbound WhatsApp message beside a text message's own.

    `reply` is what was chosen of a message's buttons or list, `given` what the caller says himself, which wins.
    """
    return {
        "MessageType": _kind(media, {**reply, **given}),
        "ProfileName": profile_name or PROFILE_NAME,
        "WaId": sender.removeprefix(PREFIX).removeprefix("+"),
        "ReferralNumMedia": "0",
        **reply,
    }


def _kind(media: list[dict[str, str]], params: dict[str, str]) -> str:
    if "ButtonText" in params or "ButtonPayload" in params:
        return "button"
    if "ListId" in params or "InteractiveData" in params:
        return "interactive"
    if "Latitude" in params:
        return "location"
    if not media:
        return "text"
    kind = media[0]["content_type"].partition("/")[0]
    return kind if kind in _KINDS else "document"


def status_params(message: Message, status: str, error_code: int | None) -> dict[str, str]:
    """The parameters of a WhatsApp message's status callback beside a text message's own."""
    params: dict[str, Any] = {"ChannelPrefix": "whatsapp", "ChannelToAddress": message.to.removeprefix(PREFIX)}
    if status in {"delivered", "read"}:
        params["EventType"] = status.upper()
    if error_code is not None and message.error_message is not None:
        params["ChannelStatusMessage"] = message.error_message
    return params
