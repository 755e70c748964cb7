"""Objects of names and strings: custom arguments, substitutions, sections, a template's data."""

from __future__ import annotations

from typing import Any

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import BAD_REQUEST, Json, Problems, Terms, help_on, wrong_type

CUSTOM_ARGS_BYTES = 10_000
SUBSTITUTIONS = 10_000

_ARGS = "personalizations.custom_args"
_TEXT = {str}
_TEXT_OR_NULL = {str, type(None)}
_WIDEST = 4
"""Bytes that a character may have in UTF-8."""


def custom_args(value: Any, problems: Problems, terms: Terms) -> None:
    """The mail's own; those of a personalization go over them (`own_args`)."""
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, "custom_args", _ARGS))
    elif not _all_texts(value):
        # public reports have this answer, where the list has "All values of custom arguments object must be strings"
        problems.append(BAD_REQUEST)
    elif _is_over(value, terms.custom_args_bytes):
        problems.append(_over("custom_args", terms))


def own_args(value: Any, shared: Any, n: int, problems: Problems, terms: Terms) -> None:
    """A personalization's custom arguments, and what they come to with the mail's."""
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, f"personalizations.{n}.custom_args", _ARGS))
    elif not value:
        problems.append(Problem("custom_args cannot be empty.", f"personalizations.{n}.custom_args", help_on(_ARGS)))
    elif not _all_texts(value):
        problems.append(BAD_REQUEST)
    else:
        merged = {**shared, **value} if shared and isinstance(shared, dict) and _all_texts(shared) else value
        if _is_over(merged, terms.custom_args_bytes):
            problems.append(_over(f"personalizations.{n}.custom_args", terms))


def substitutions(value: Any, n: int, problems: Problems, *, dynamic: bool) -> None:
    """A legacy template's tags; null is taken for a value, as the vendor takes it."""
    field, topic = f"personalizations.{n}.substitutions", "personalizations.substitutions"
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, field, topic))
        return
    if not set(map(type, value.values())) <= _TEXT_OR_NULL:
        # as for custom arguments: reported so, listed as "The substitution values must be an object of key/value …"
        problems.append(BAD_REQUEST)
    if len(value) > SUBSTITUTIONS:
        problems.append(Problem(f"You are limited to {SUBSTITUTIONS:,} substitutions.", field, help_on(topic)))
    if dynamic:
        problems.append(Problem("Substitutions may not be used with dynamic templating", field, help_on(topic)))


def template_data(value: Any, n: int, problems: Problems) -> None:
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, f"personalizations.{n}.dynamic_template_data"))


def sections(value: Any, problems: Problems, _: Terms) -> None:
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, "sections", "sections"))
    elif not _all_texts(value):
        problems.append(Problem("The section values must be strings.", "sections", help_on("sections")))


def _all_texts(value: Json) -> bool:
    return set(map(type, value.values())) <= _TEXT


def _is_over(args: dict[str, str], limit: int) -> bool:
    """Whether names and values have more bytes than that; they are encoded only where characters can't tell."""
    characters = sum(map(len, args)) + sum(map(len, args.values()))
    if characters * _WIDEST <= limit:
        return False
    return sum(len(text.encode("utf-8", "surrogatepass")) for pair in args.items() for text in pair) > limit


def _over(field: str, terms: Terms) -> Problem:
    message = (
        "The combined size of both global and personalization custom arguments may not exceed "
        f"{terms.custom_args_bytes:,} bytes per personalization."
    )
    return Problem(message, field, help_on(_ARGS))
