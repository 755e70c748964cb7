"""A draft as the TOML file that people read: each guess with its reason, each gap as a line to fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.discovery.draft import Draft, Guess, Key, Open
from harness.profile import Profile

BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
WIDEST: Final = 118
"""Characters of a line that still has its comment beside it."""
HEAD: Final = """\
#:schema {schema}
# Written by `harness init`. Each comment says from what a line was guessed: "seen" happened, "read" stood written
# somewhere, "guessed" goes by names alone. What is commented out waits for you. Editors show every key once
# `harness profile schema > profile.schema.json` has written the file that the first line names.
version = 2
"""
SAID: Final = {"seen": "seen", "likely": "read", "guess": "guessed"}
TABLES: Final = tuple(Profile.model_fields)


def written(draft: Draft, *, schema: str) -> str:
    """The whole file."""
    lines = [HEAD.format(schema=schema).rstrip("\n")]
    tables: dict[Key, list[tuple[str, Guess | Open]]] = {}
    both: list[tuple[Key, Guess | Open]] = [*draft.guesses.items(), *draft.open.items()]
    for key, one in both:
        tables.setdefault(key[:-1], []).append((key[-1], one))
    for table in sorted(tables, key=order):
        entries = tables[table]
        if table:
            mark = "" if any(isinstance(one, Guess) for _, one in entries) else "# "
            lines += ["", f"{mark}[{'.'.join(map(name_of, table))}]"]
        lines += list(lines_of(entries))
    return "\n".join(lines) + "\n"


def order(table: Key) -> tuple[int, Key]:
    return (TABLES.index(table[0]) if table and table[0] in TABLES else -1, table)


def lines_of(entries: list[tuple[str, Guess | Open]]) -> Iterator[str]:
    """The lines of a table; a reason that holds for several in a row is said once."""
    before = ""
    for name, one in entries:
        if isinstance(one, Open):
            yield f"# {name_of(name)} = {toml(one.example)}  # fill in: {one.what}"
            before = ""
            continue
        line = f"{name_of(name)} = {toml(one.value)}"
        why = f"{SAID[one.sure]}: {one_line(one.why)}"
        if why == before:
            yield line
        elif len(line) + len(why) + 4 <= WIDEST:
            yield f"{line}  # {why}"
        else:
            yield f"# {why}"
            yield line
        before = why


def one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def name_of(name: str) -> str:
    return name if BARE.fullmatch(name) else toml(name)


def toml(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name_of(str(name))} = {toml(one)}" for name, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
