"""Body templates: a request's body with placeholders such as `{to}` for what a message, or a webhook, has."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

MESSAGE: Final = (
    *("to", "from", "body", "subject", "html", "reply_to", "attachments", "metadata", "token", "type", "channel"),
    *("idempotency_key", "now"),
)
"""What a send's template may name."""
REPLY: Final = ("to", "from", "body", "subject", "attachments", "provider_id", "type", "channel", "now")
"""What a reply's template may name."""
REPORT: Final = ("provider_id", "status", "error", "channel", "now")
"""What a delivery report's template may name."""
ALONE: Final = frozenset({"attachments", "metadata"})
"""What is no text, so that nothing can stand beside it."""
LEFT_OUT: Final = object()


def checked(names: tuple[str, ...]) -> Any:
    """A validator of templates over these names; raises ValueError with the first thing that is wrong."""

    def check(value: object) -> object:
        for text in texts(value):
            check_text(text, names)
        return value

    return check


def check_text(text: str, names: tuple[str, ...]) -> None:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}; a brace of its own is written twice, {{{{ or }}}}") from error
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in names:
            known = ", ".join(f"{{{one}}}" for one in names)
            raise ValueError(f"{text!r} names {{{name}}}; known here are {known}")
        if spec or conversion:
            raise ValueError(f"{text!r}: write {{{name}}} alone, without a format")
        if name in ALONE and text != f"{{{name}}}":
            raise ValueError(f"{text!r}: {{{name}}} is no text, so it stands alone")


def texts(value: object) -> Iterator[str]:
    """Every text of a template: keys aren't filled in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


Body = Annotated[dict[str, Any] | list[Any] | str, BeforeValidator(checked(MESSAGE))]
"""A send's body: a table, a list, or a text."""
HookBody = Annotated[dict[str, Any] | list[Any] | str, BeforeValidator(checked(REPLY))]
"""A reply's body: a table, a list, or a text."""
ReportBody = Annotated[dict[str, Any] | list[Any] | str, BeforeValidator(checked(REPORT))]
"""A delivery report's body: a table, a list, or a text."""
Filled = Annotated[str, BeforeValidator(checked(MESSAGE))]
"""A header's value."""


def rendered(template: Any, values: Mapping[str, Any]) -> Any:
    """A template with its placeholders filled in.

    A text that is one placeholder keeps the value's type; a member whose value is a placeholder of something that
    isn't there (None, or an empty list or table) is left out.
    """
    if isinstance(template, str):
        parts = list(string.Formatter().parse(template))
        if len(parts) == 1 and parts[0][0] == "" and parts[0][1] is not None:
            value = values.get(parts[0][1])
            return LEFT_OUT if value is None or value in ([], {}, ()) else value
        present = {name: "" if value is None else value for name, value in values.items()}
        return template.format_map(Missing(present))
    if isinstance(template, Mapping):
        filled = {name: rendered(one, values) for name, one in template.items()}
        return {name: value for name, value in filled.items() if value is not LEFT_OUT}
    if isinstance(template, list | tuple):
        return [value for value in (rendered(one, values) for one in template) if value is not LEFT_OUT]
    return template


class Missing(dict[str, Any]):
    """Values of which those that aren't there are empty."""

    def __missing__(self, _: str) -> str:
        return ""


def is_flat(value: object) -> bool:
    """Whether a template's value can stand in a form: a text or a number, or a list of them."""
    return isinstance(value, str | int | float | bool) or (
        isinstance(value, list) and all(isinstance(one, str | int) for one in value)
    )


def as_fields(body: object) -> dict[str, str | list[str]]:
    """A body as a form's fields, none where it is no table; what JSON writes without quotes is a text like any."""
    if not isinstance(body, Mapping):
        return {}
    return {
        name: list(map(as_field, value)) if isinstance(value, list) else as_field(value) for name, value in body.items()
    }


def as_field(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, Mapping) else str(value)


def names_in(template: Any) -> frozenset[str]:
    """The placeholders that a template names."""
    return frozenset(
        name for text in texts(template) for _, name, _, _ in string.Formatter().parse(text) if name is not None
    )
