"""JSON that a client sends: what no reader could take again is none, so that nothing recorded spoils a list."""

from __future__ import annotations

import json
from json.scanner import make_scanner
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
        value = _value(decoded)
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


def _value(text: str) -> Any:
    # most bodies are an object and nothing around it: looking for blanks would take as long as half of the reading
    if text[:1] == "{":
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            end = -1
        if end == len(text):
            return value
    return _DECODER.decode(text)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_number)
_scan = make_scanner(_DECODER)  # type: ignore[arg-type]  # reason: typeshed has a scanner where a decoder belongs
