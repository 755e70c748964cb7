"""A profile's table as TOML text: what the standard library reads and doesn't write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def dumps(table: Mapping[str, Any]) -> str:
    """A table of strings, numbers, lists and tables as TOML; None, which TOML doesn't know, is an empty string."""
    return "\n".join(lines(table)) + "\n"


def lines(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    inner = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    if path:
        yield f"[{'.'.join(map(quoted, path))}]"
    for name, value in table.items():
        if name not in inner:
            yield f"{quoted(name)} = {value_of(value)}"
    for name, value in inner.items():
        yield from lines(value, (*path, name))


def quoted(text: str) -> str:
    # a JSON string is a TOML one, as long as it escapes nothing above the first plane
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value_of(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_of, value))}]"
    return quoted("" if value is None else value) if value is None or isinstance(value, str) else json.dumps(value)
