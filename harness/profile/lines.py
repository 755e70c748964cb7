"""On which line of a TOML file each key stands, so that an error can say where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

HEADER = re.compile(r"^\s*\[")
EMPTY = re.compile(r"^\s*(#.*)?$")
LONGEST = 400
"""Lines of one value, behind which it isn't looked for its end."""

Path = tuple[str, ...]


def lines_of(text: str) -> dict[Path, int]:
    """The line, from 1 on, of each table and key of a TOML file; of a file that is no TOML what comes before the fault.

    A key inside an inline table or an array has the line of the statement that it stands in.
    """
    found: dict[Path, int] = {}
    table: Path = ()
    for number, statement in statements(text):
        try:
            said = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            break
        if HEADER.match(statement):
            table = deepest(said)
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        else:
            for path in paths(said):
                found.setdefault(table + path, number)
    return found


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header, or key with its whole value, with the line on which it begins."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begin, statement = at, lines[at]
        at += 1
        if EMPTY.match(statement):
            continue
        while at < len(lines) and at - begin < LONGEST and not complete(statement):
            statement += "\n" + lines[at]
            at += 1
        yield begin + 1, statement


def complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def deepest(said: Any) -> Path:
    path: Path = ()
    while isinstance(said, dict | list) and said:
        if isinstance(said, list):
            said = said[-1]
            continue
        name, said = next(iter(said.items()))
        path += (name,)
    return path


def paths(said: Mapping[str, Any]) -> Iterator[Path]:
    """Every path in a table, outer ones first."""
    for name, value in said.items():
        yield (name,)
        if isinstance(value, Mapping):
            for path in paths(value):
                yield (name, *path)
