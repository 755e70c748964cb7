"""JSON that a client sends: what no reader could take again is none, so that nothing recorded spoils a list."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

DEEPEST = 200
"""Lists and objects inside one another: far more than a mail has, and far less than Python's stack takes."""


def read(text: str | bytes) -> Any:
    """The value that a text holds; raises ValueError for what is no JSON.

    That is NaN and the infinities, also as a number that is too large (1e999), and what is nested too deep.
    """
    decoded = text if isinstance(text, str) else text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        value = _decode(decoded)
    except RecursionError:
        raise _too_deep() from None
    # most have far fewer brackets, and are looked at no further
    if decoded.count("[") + decoded.count("{") > DEEPEST and is_deep(value):
        raise _too_deep()
    return value


def is_deep(value: Any, most: int = DEEPEST) -> bool:
    """Whether more lists and objects are inside one another than `most`; found without recursion."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _too_deep() -> ValueError:
    return ValueError(f"more than {DEEPEST} lists and objects inside one another")


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse, parse_float=_number).decode
