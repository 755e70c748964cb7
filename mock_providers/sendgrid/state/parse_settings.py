"""Inbound Parse settings: which host's mail goes where, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any

MOST_HOSTS = 500
"""Hosts an account may have settings for; the vendor names no number, and memory has to end somewhere."""


@dataclass(slots=True, kw_only=True)
class ParseSetting:
    """One host's setting: the mail as it came (`send_raw`), with a spam report (`spam_check`), or neither."""

    hostname: str
    url: str
    spam_check: bool = False
    send_raw: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "hostname": self.hostname,
            "spam_check": self.spam_check,
            "send_raw": self.send_raw,
        }


def setting_for(settings: dict[str, ParseSetting], to: str) -> ParseSetting | None:
    """The setting of the first recipient whose host has one."""
    for _, address in getaddresses([to]):
        setting = settings.get(address.rpartition("@")[2].lower())
        if setting is not None:
            return setting
    return None
