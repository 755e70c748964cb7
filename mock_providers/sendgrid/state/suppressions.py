"""Suppressions: addresses that get no more mail, as lists of their own and in unsubscribe groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

KINDS = ("bounces", "blocks", "spam_reports", "invalid_emails", "unsubscribes")

_DROPPED: dict[str, tuple[str, str]] = {
    "bounces": ("Bounced Address", "bypass_bounce_management"),
    "spam_reports": ("Spam Reporting Address", "bypass_spam_management"),
    "invalid_emails": ("Invalid", ""),
    "unsubscribes": ("Unsubscribed Address", "bypass_unsubscribe_management"),
}
"""Why a mail to an address on a list is dropped, and the mail setting that sends it all the same.

A block is a temporary refusal: the vendor lists it and goes on sending.
"""


@dataclass(slots=True)
class Group:
    """An unsubscribe group and who left it."""

    id: int
    name: str
    description: str
    is_default: bool = False
    members: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "is_default": self.is_default,
            "last_email_sent_at": None,
            "unsubscribes": len(self.members),
        }


class Suppressions:
    """All the lists of an account."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self.groups: dict[int, Group] = {}

    def __bool__(self) -> bool:
        return bool(self.groups) or any(self.lists.values())

    def add(self, kind: str, email: str, *, now: float, reason: str = "", status: str = "") -> None:
        entry: dict[str, Any] = {"created": int(now), "email": email}
        if kind in {"bounces", "blocks"}:
            entry |= {"reason": reason, "status": status}
        elif kind == "invalid_emails":
            entry["reason"] = reason
        elif kind == "spam_reports":
            entry["ip"] = "198.51.100.17"
        self.lists[kind][email.lower()] = entry

    def add_group(self, *, name: str, description: str = "") -> Group:
        group = Group(max(self.groups, default=100) + 1, name, description)
        self.groups[group.id] = group
        return group

    def reason_to_drop(self, email: str, mail: dict[str, Any]) -> str | None:
        """Why a recipient of a mail is dropped, or None if it goes out."""
        settings = mail.get("mail_settings") or {}
        if _enabled(settings, "bypass_list_management"):
            return None
        folded = email.lower()
        for kind, (reason, bypass) in _DROPPED.items():
            if folded in self.lists[kind] and not (bypass and _enabled(settings, bypass)):
                return reason
        group = self.groups.get((mail.get("asm") or {}).get("group_id", 0))
        return "Unsubscribed Address" if group is not None and folded in group.members else None


def _enabled(settings: dict[str, Any], name: str) -> bool:
    setting = settings.get(name)
    return isinstance(setting, dict) and setting.get("enable") is True
