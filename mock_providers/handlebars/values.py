"""JSON values as a template sees them: looked into by key and index alone, shown as JavaScript shows them."""

from __future__ import annotations

import re
from math import inf, isfinite, isnan, nan
from typing import Any

from mock_providers.handlebars.limits import Budget

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"}
)
"""What Handlebars escapes."""

_LONGEST_ESCAPE = 6
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,400}(?:\.[0-9]{0,400})?(?:[eE][+-]?[0-9]{1,4})?\s*")
_LONGEST_NUMBER = 400
_EXACT = 2**53


def member(value: Any, name: str) -> Any:
    """What an object has by a key, a list or text by an index, or its length; None of anything else."""
    if isinstance(value, dict):
        return value.get(name)
    if not isinstance(value, list | str):
        return None
    if name == "length":
        return len(value)
    n = index(name)
    return value[n] if n is not None and n < len(value) else None


def index(name: str) -> int | None:
    """The number that a name is, if it is a list's index."""
    return int(name) if _INDEX.fullmatch(name) is not None else None


def length(value: Any) -> int:
    """Characters of a text, items of a list; 0 of anything else, as the vendor has it."""
    return len(value) if isinstance(value, list | str) else 0


def empty(value: Any) -> bool:
    """What `with` takes for nothing: zero is something."""
    return value is None or value is False or value in ("", []) or (isinstance(value, float) and isnan(value))


def false(value: Any) -> bool:
    """What `if` takes for false: nothing, and zero."""
    return empty(value) or (isinstance(value, int | float) and value == 0)


def text(value: Any, budget: Budget) -> str:
    """A value as text; lists as their items with commas, objects by a word, as in JavaScript."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return _scalar(value)
    # lists in lists without recursion: however deep they are, each item is a step
    parts: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        budget.step()
        item = waiting.pop()
        if isinstance(item, _Comma):
            parts.append(",")
        elif isinstance(item, list):
            budget.step(len(item))
            for n, inner in enumerate(reversed(item)):
                if n:
                    waiting.append(_COMMA)
                waiting.append(inner)
        else:
            part = item if isinstance(item, str) else _scalar(item)
            budget.write(len(part) + 1)
            parts.append(part)
    return "".join(parts)


class _Comma:
    """Stands between two items of a list."""


_COMMA = _Comma()


def escaped(shown: str, budget: Budget) -> str:
    """A text for HTML; its room is taken before it is made."""
    if len(shown) * _LONGEST_ESCAPE > budget.output:
        # counted first only where it might be more than is left
        budget.write(len(shown) + sum(shown.count(chr(sign)) * (len(name) - 1) for sign, name in _ESCAPES.items()))
        return shown.translate(_ESCAPES)
    made = shown.translate(_ESCAPES)
    budget.write(len(made))
    return made


def number(value: Any) -> float:
    """A value as a number, as JavaScript compares them; not a number (NaN) where it is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int):
        return float(value) if abs(value) < 10**300 else inf if value > 0 else -inf
    if isinstance(value, float):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value) is not None:
        return float(value)
    return nan


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal after JavaScript's `==`: a number equals its text, objects only themselves."""
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return one is other
    if one is None or other is None:
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    if isinstance(one, bool) != isinstance(other, bool) and str in (type(one), type(other)):
        # the vendor compares after making one type of both: true is "true"
        return _scalar(one) == _scalar(other) or number(one) == number(other)
    return number(one) == number(other)


def less(one: Any, other: Any) -> bool:
    """Whether one is less than the other: texts that are no numbers by their letters, all else as numbers."""
    if isinstance(one, str) and isinstance(other, str) and isnan(number(one)):
        return one < other
    return number(one) < number(other)


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) < _EXACT:
        return str(value)
    return _float(number(value)) if isinstance(value, int | float) else "[object Object]"


def _float(value: float) -> str:
    """A number as JavaScript writes it: in digits from 1e-6 to 1e21, else with an exponent."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}e0".partition("e")
    whole, _, part = mantissa.partition(".")
    power = int(exponent.partition("e")[0]) + len(whole)
    digits = f"{whole}{part}"
    power -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    if 0 < power <= 21:
        return sign + (digits.ljust(power, "0") if len(digits) <= power else f"{digits[:power]}.{digits[power:]}")
    if -6 < power <= 0:
        return f"{sign}0.{'0' * -power}{digits}"
    more = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{more}e{'+' if power > 0 else '-'}{abs(power - 1)}"
