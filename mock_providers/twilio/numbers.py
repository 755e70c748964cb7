"""Addresses that Twilio sends to and from."""

from __future__ import annotations

import re

_E164 = re.compile(r"\+(?:1[2-9][0-9]{9}|[2-9][0-9]{6,14})")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_ALPHANUMERIC = re.compile(r"(?=[^A-Za-z]{0,10}[A-Za-z])[A-Za-z0-9 +\-_&.]{1,11}")
CHANNELS = frozenset(("whatsapp", "messenger", "rcs", "fbmessenger", "viber"))
_CHANNEL = re.compile(r"(whatsapp|messenger|rcs|fbmessenger|viber):(.+)")
_ANY_CHANNEL = re.compile(r"([a-z]+):.*", re.DOTALL)
_PUNCTUATION = str.maketrans("", "", " ().-")


def normal_recipient(text: str) -> str | None:
    """The recipient in the form the API echoes, or None if there can be no such number."""
    if _E164.fullmatch(text):
        return text
    channel = _CHANNEL.fullmatch(text)
    if channel is not None:
        name, address = channel.groups()
        return text if name != "whatsapp" or _E164.fullmatch(address) else None
    bare = text.translate(_PUNCTUATION)
    return bare if _E164.fullmatch(bare) else None


def normal_sender(text: str) -> str | None:
    """The sender in the form the API echoes: a number, a short code, an alphanumeric ID or a channel address."""
    number = normal_recipient(text)
    if number is not None:
        return number
    if _SHORT_CODE.fullmatch(text) or _ALPHANUMERIC.fullmatch(text):
        return text
    return None


def channel_of(address: str) -> str:
    """The channel that an address names, known or not; `sms` for numbers, short codes and alphanumeric senders."""
    if ":" not in address:
        return "sms"
    found = _ANY_CHANNEL.fullmatch(address)
    return found[1] if found is not None else "sms"


def is_short_code(text: str) -> bool:
    return _SHORT_CODE.fullmatch(text) is not None


def is_phone_number(text: str) -> bool:
    return _E164.fullmatch(text) is not None
