"""Where in an answer, or in an entry, something stands: JSON pointers, headers and patterns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from harness.profile.base import Section

LONGEST = 10_000
"""Characters of an answer in which a pattern is looked for: a pattern may be slow, and the text is the stack's."""


def a_pattern(value: object) -> object:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from error
    return value


Pattern = Annotated[str, BeforeValidator(a_pattern)]


def a_pointer(value: object) -> object:
    if isinstance(value, str) and value and not value.startswith("/"):
        raise ValueError(f'a JSON pointer begins with "/": write "/{value}"')
    return value


Pointer = Annotated[str, BeforeValidator(a_pointer), Field(json_schema_extra={"pattern": "^(/.*)?$"})]
"""A JSON pointer (RFC 6901); `""`: it is nowhere."""


class Place(Section):
    """A place in an answer that no JSON pointer can name."""

    header: str | None = None
    """The header in which it stands; not said: the whole body as text."""
    match: Pattern | None = None
    """A regular expression; what its first group matches, or all of it; not said: the whole text."""


Where = Pointer | Place
"""A JSON pointer into the body, or a header, or a pattern."""


def pointed(value: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to; None where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list | tuple) and name.isdecimal() and len(name) < 10 and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def plain(value: Any) -> str | None:
    """A value as the one word that an id or a status is; None for what is no such word."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def found(where: str | Place, *, text: str, headers: Mapping[str, str]) -> str | None:
    """The word that stands at a place of an answer; None where nothing stands there.

    `headers` are looked up as they are, so a mapping that ignores case is wanted.
    """
    if isinstance(where, str):
        return plain(pointed(parsed(text), where)) if where else None
    words = text if where.header is None else headers.get(where.header)
    if words is None or where.match is None:
        return (words or "").strip() or None
    match = re.search(where.match, words[:LONGEST])
    if match is None:
        return None
    return (match.group(1) if match.groups() else match.group()) or None


def parsed(text: str) -> Any:
    """A text as the JSON that it is; None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def spelled(where: str | Place) -> str:
    """A place, as people read it."""
    if isinstance(where, str):
        return where or "nowhere"
    return " ".join(
        part
        for part in (
            f"header {where.header}" if where.header else "the body",
            f"by {where.match!r}" if where.match else "",
        )
        if part
    )
