"""Does the API show a message as it was sent, or as it came in: part by part, as far as the profile says where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from harness.checks.carried import bare
from harness.checks.mixed_up import DIGITS
from harness.checks.quoting import apart
from harness.checks.sent import Sent, told_of
from harness.profile import Profile

Found = Iterator[tuple[str, str]]
"""Each part that was compared, with how it differs, or ""."""


def from_sent(message: Sent, shown: Mapping[str, Any], profile: Profile) -> Found:
    """How what the API shows of a message differs from what was sent, as far as the stack was told that."""
    told, own = told_of(message, profile), profile.messages
    wanted: dict[str, Any] = {"body": message.body, "to": message.to}
    if message.type not in profile.providers.senders:
        wanted["from"] = message.sender
    wanted |= {"attachments": list(message.attachments), "metadata": dict(message.metadata)}
    if message.type == "email":
        wanted |= {"subject": message.subject, "html": message.html, "reply_to": message.reply_to}
    for part, value in wanted.items():
        if part not in told or (part not in shown and not asked_for(part, value, profile)):
            continue
        given = shown.get(part)
        if part == "body" and (message.type in own.changes or message.type in own.footer):
            # it may have been stored before it was changed, or after
            yield part, "" if message.token in str(given) else f"the API shows the body {given!r}"
        else:
            yield part, differs(part, given, value)


def from_received(parts: Mapping[str, Any], shown: Mapping[str, Any], profile: Profile) -> Found:
    """How what the API shows of a message that came in differs from what was delivered."""
    for part, value in parts.items():
        if part in shown or asked_for(part, value, profile):
            yield (
                part,
                rehosted(shown.get(part), value) if part == "attachments" else differs(part, shown.get(part), value),
            )


def asked_for(part: str, value: Any, profile: Profile) -> bool:
    """Whether a part that isn't shown should be: the profile's file says where, and the message has it."""
    places: Mapping[Any, str] = profile.look.shows if "shows" in profile.look.model_fields_set else {}
    return bool(value) and bool(places.get(part))


def differs(part: str, given: Any, wanted: Any) -> str:
    """How one part differs, in words; "" where it doesn't."""
    if wanted in (None, "", [], {}) and given in (None, "", [], {}):
        return ""
    if given is None:
        return f"the API doesn't show its {part}, expected {wanted!r:.200}"
    match part:
        case "from" | "to":
            same = person(str(given)) == person(wanted)
        case "reply_to":
            same = parseaddr(str(given)) == parseaddr(wanted)
        case "metadata":
            same = isinstance(given, Mapping) and all(given.get(name) == value for name, value in wanted.items())
        case "attachments":
            same = urls(given, wanted) == wanted
        case "files":
            same = len(given) == len(wanted) if isinstance(given, list) else True
            same = same and all(name in json.dumps(given, ensure_ascii=False) for name in wanted)
        case _:
            same = given == wanted
    if same:
        return ""
    if isinstance(given, str) and isinstance(wanted, str):
        one, other = apart(given, wanted)
        return f"the API shows its {part} as {one}, expected {other}"
    return f"the API shows its {part} as {given!r:.200}, expected {wanted!r:.200}"


def rehosted(given: Any, wanted: Sequence[str]) -> str:
    """How media that came in differ; a stack may keep them elsewhere, so many of them."""
    found = urls(given, wanted)
    if found is not None and len(found) == len(wanted) and not set(found) & set(wanted):
        return ""
    return differs("attachments", given, list(wanted))


def urls(given: Any, wanted: Sequence[str]) -> list[str] | None:
    """The URLs in a list of them, or of tables that have one each; None for what is no list."""
    if not isinstance(given, list):
        return None
    return [url_of(one, wanted) for one in given]


def url_of(one: Any, wanted: Sequence[str]) -> str:
    values = list(one.values()) if isinstance(one, Mapping) else [one]
    return next((str(value) for value in values if value in wanted), str(values[0]) if values else "")


def person(address: str) -> str:
    """Whom an address names: a number by its last digits, however it is written; a mail's without its name."""
    if "@" in address:
        return bare(address).casefold()
    return "".join(character for character in address if character.isdigit())[-DIGITS:]
