"""How the vendor words a mistake of type, and where its help is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from mock_providers.sendgrid.errors import HELP, Problem

Json = dict[str, Any]
Problems = list[Problem]

BAD_REQUEST = Problem("Bad Request")
"""What the vendor says of a body that its decoder refuses before any rule is looked at: no field, no help."""

SHOWN = 200
"""Characters of a client's value that a message repeats."""

_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class Terms(NamedTuple):
    """What the rules need to know beside the mail: the time, and what the account has."""

    now: float
    custom_args_bytes: int
    groups: Collection[int] = ()
    """Ids of the account's unsubscribe groups; none means that any id is taken."""
    ip_pools: tuple[str, ...] = ()
    """Names of the account's IP pools; none means that any name is taken."""


def type_name(value: Any) -> str:
    """The JSON type of a decoded value, in the words of JSON Schema."""
    return _NAMES.get(type(value), "null")


def wrong_type(expected: str, value: Any, field: str, topic: str | None = None) -> Problem:
    """A value of another type than the field's; `topic` is the anchor of its help."""
    message = f"Invalid type. Expected: {expected}, given: {type_name(value)}."
    return Problem(message, field, help_on(topic))


def help_on(topic: str | None) -> str | None:
    return None if topic is None else f"{HELP}{topic}"


def shown(value: Any) -> str:
    """A client's value as a message repeats it; of a list or an object only what it is."""
    if isinstance(value, list | dict):
        return type_name(value)
    return (value if isinstance(value, str) else str(value))[:SHOWN]


def is_whole(value: Any) -> bool:
    return type(value) is int
