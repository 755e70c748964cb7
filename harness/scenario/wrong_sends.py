"""Sends that are no messages, made of the profile's template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from harness.profile.templates import rendered
from harness.scenario.messages import Message
from harness.scenario.stack import Stack

WRONG: Final[dict[str, dict[str, Any]]] = {
    "a recipient that is none": {"to": "nobody"},
    "no recipient": {"to": ""},
    "no body": {"body": "", "attachments": []},
    "a type that there isn't": {"type": "pigeon", "channel": "pigeon"},
    "a number for a recipient": {"to": 7},
    "an object for a body": {"body": {"a": 1}},
}
"""What the placeholders of a send stand for that is no message."""
RIGHT: Final[dict[str, tuple[str, ...]]] = {"email": ("no body",)}
"""What is a message of a channel all the same: a mail may be its subject alone."""
NO_ID: Final = "none"
"""What nobody's ids look like."""


def wrong_sends(stack: Stack, right: Message) -> Iterator[tuple[str, Any]]:
    """What is wrong with each, and its body; what a send of this stack doesn't say is left out."""
    send = stack.profile.send.of(right.type)
    whole = rendered(send.body, right.values())
    for what, values in WRONG.items():
        texts = all(isinstance(value, str | list) for value in values.values())
        wrong = rendered(send.body, {**right.values(), **values})
        is_one = wrong == whole or what in RIGHT.get(right.type, ())
        if not is_one and (texts or send.format == "json"):
            yield what, wrong
    if send.format == "json":
        yield "a list for a message", [whole]
        yield "nothing in it", {}
        yield "half of its JSON", json.dumps(whole).encode()[: -len(right.token)]


def other_id(known: str) -> str:
    """An id such as the stack gives them, that no message has: of digits a far larger one, else others in its place."""
    if known.isdecimal():
        return str(int(known) + 10**9)
    turned = str.maketrans("0123456789abcdef", "5678901234efabcd")
    return known[:-12] + known[-12:].translate(turned)
