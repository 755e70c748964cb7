"""From the keys of version 1 to those of version 2: the one place that knows the old names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Key = tuple[str, ...]

MOVED: Final[dict[Key, Key]] = {
    ("api", "send"): ("send", "path"),
    ("api", "message"): ("look", "path"),
    ("api", "messages"): ("listing", "path"),
    ("api", "conversations"): ("conversations", "path"),
    ("api", "webhook_twilio"): ("webhooks", "sms", "path"),
    ("api", "webhook_sendgrid"): ("webhooks", "email", "path"),
    **{
        ("database", name): ("database", "columns", name)
        for name in ("id", "status", "direction", "provider_id", "body")
    },
    ("providers", "twilio_account"): ("providers", "accounts", "twilio"),
    ("providers", "sendgrid_account"): ("providers", "accounts", "sendgrid"),
}
"""Where each key of version 1 is in version 2."""


class Clash(ValueError):
    """A file says one thing by its old and by its new key, or an old one where it says `version = 2`."""

    def __init__(self, key: Key, why: str) -> None:
        super().__init__(why)
        self.key = key


def upgraded(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[Key, Key]]:
    """The table in the keys of version 2, and where the file itself says what was moved: {new key: old key}.

    Raises Clash.
    """
    new: dict[str, Any] = copied(table)
    moved: dict[Key, Key] = {}
    for old, key in MOVED.items():
        section = new.get(old[0])
        if not isinstance(section, dict) or old[1] not in section:
            continue
        if new.get("version") == 2:
            raise Clash(old, f"in version 2 this is {spelled(key)}; write that, or leave version = 2 out")
        value = section.pop(old[1])
        put(new, key, value, old=old)
        moved[key] = old
        if old == ("api", "conversations") and isinstance(value, str):
            # version 1 asked for what stands below it
            table_of = new["conversations"]
            table_of["path"] = value.rstrip("/") + "/"
            table_of.setdefault("messages", value.rstrip("/") + "/{id}/messages")
        if not section:
            del new[old[0]]
    return new, moved


def put(table: dict[str, Any], key: Key, value: Any, *, old: Key) -> None:
    place = table
    for name in key[:-1]:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise Clash(old, f"it is {spelled(key)} now, and [{name}] is no table")
    if key[-1] in place:
        raise Clash(old, f"{spelled(key)} says the same; leave one of them out")
    place[key[-1]] = value


def copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: copied(one) for name, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value


def spelled(key: Key) -> str:
    """A key as a file writes it: `[webhooks.sms] path`."""
    return f"[{'.'.join(key[:-1])}] {key[-1]}" if len(key) > 1 else key[0]
