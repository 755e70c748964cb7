"""The helpers that SendGrid names, and those of Handlebars: functions of values, found by name in these tables alone.

Source: SendGrid's "Using Handlebars". `each` and `with` change what names mean and stand in `rendering.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mock_providers.handlebars.dates import format_date
from mock_providers.handlebars.limits import Budget
from mock_providers.handlebars.values import empty, false, length, less, member, same, text

_DEFAULT = "default="


@dataclass(frozen=True, slots=True)
class Inline:
    """A helper that gives a value, and how many values it needs and takes."""

    gives: Callable[[list[Any], Budget], Any]
    needs: int
    takes: int


def _if(value: Any, options: dict[str, Any]) -> bool:
    return not (empty(value) if not false(options.get("includeZero")) else false(value))


def _unless(value: Any, options: dict[str, Any]) -> bool:
    return not _if(value, options)


def _insert(given: list[Any], budget: Budget) -> Any:
    """A value, or what stands beside it where there is none."""
    if given[0] is not None and given[0] != "":
        return given[0]
    return text(given[1], budget).removeprefix(_DEFAULT) if len(given) > 1 else None


def _lookup(given: list[Any], budget: Budget) -> Any:
    return given[0] if false(given[0]) and given[0] != [] else member(given[0], text(given[1], budget))


def _format_date(given: list[Any], budget: Budget) -> str:
    form, offset = text(given[1], budget), text(given[2], budget) if len(given) > 2 else ""
    budget.step(len(form) // 8)
    budget.write(len(form) * 9)  # no token is written longer: a day's name in full
    return format_date(given[0], form, offset)


BLOCKS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {"if": _if, "unless": _unless}
"""Blocks that ask one value."""

CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": same,
    "notEquals": lambda one, other: not same(one, other),
    "greaterThan": lambda one, other: less(other, one),
    "lessThan": less,
    "and": lambda one, other: not false(one) and not false(other),
    "or": lambda one, other: not false(one) or not false(other),
}
"""Blocks that compare two values; in brackets they give true or false."""

INLINE: dict[str, Inline] = {
    "insert": Inline(_insert, needs=1, takes=2),
    "formatDate": Inline(_format_date, needs=2, takes=3),
    "length": Inline(lambda given, _: length(given[0]), needs=1, takes=1),
    "lookup": Inline(_lookup, needs=2, takes=2),
    "log": Inline(lambda _, __: None, needs=0, takes=100),
}
