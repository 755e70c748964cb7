"""What a project's source says by its patterns: routes with their fields, queue names, settings; it is never run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.discovery.operations import Operation
from harness.discovery.words import meaning

SUFFIXES: Final = (".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".go", ".php", ".java")
SKIPPED: Final = frozenset(
    {
        "node_modules",
        "venv",
        ".venv",
        "env",
        "dist",
        "build",
        "target",
        "vendor",
        "__pycache__",
        "site-packages",
        "tests",
    }
)
MOST: Final = 400
"""Files that are read."""
LARGEST: Final = 300_000
"""Bytes of a file that is read."""

ROUTES: Final = (
    # a decorator, or a call, that is named as the method is
    re.compile(r"""\b\w+\.(get|post|put|patch)\(\s*["'`](/[^"'`\s]{0,150})["'`]"""),
    # Flask's route and add_url_rule, with the first of their methods
    re.compile(
        r"""(?:\.route|add_url_rule)\(\s*["'](/[^"'\s]{0,150})["'](?:[^()]{0,200}?methods\s*=\s*[\[(]\s*["'](\w+))?"""
    ),
    # the same of Starlette's Route
    re.compile(r"""\bRoute\(\s*["'](/[^"'\s]{0,150})["'](?:[^()]{0,200}?methods\s*=\s*[\[(]\s*["'](\w+))?"""),
)
READ: Final = re.compile(
    r"""\b(?:asked|body|data|payload|json|form|req|request|b|d)\b(?:\.(?:body|json|form))?(?:\[|\.get\()["'](\w{1,40})["']"""
)
ATTRIBUTE: Final = re.compile(r"""\b(?:req|request|ctx)\.body\.(\w{1,40})""")
ALIAS: Final = re.compile(r"""\b(\w{1,40})\s*=\s*(?:await\s+)?\w{1,40}\.(?:body\b|get_json\(|json\(|form\b|data\b)""")
DESTRUCTURED: Final = re.compile(
    r"""\{([\w\s,:]{1,200})\}\s*=\s*(?:await\s+)?(?:req|request|ctx)(?:\.request)?\.body((?:\.\w{1,40})?)"""
)
TUPLE: Final = re.compile(r"""\bfor\s+\w+\s+in\s+\(([^()]{1,200})\)""")
WORD: Final = re.compile(r"""["'](\w{1,40})["']""")
LOCATION: Final = re.compile(r"""location["']?\s*[:(]\s*f?["'`]?(/[^"'`\s]{1,150})""", re.IGNORECASE)
ANSWERED: Final = re.compile(r"""(?:json|jsonify|dict|JSONResponse|json_response)\(\s*\{?([^(){}]{1,300})""")
NAMED: Final = re.compile(r"""(?:^|[,{\s])["']?(\w{1,40})["']?\s*[:=]""")
NEAR: Final = 1800
"""Characters behind a route in which its handler is looked for."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of a project; `name` is its path within."""

    name: str
    text: str

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1


def read(directory: Path) -> list[Source]:
    """The project's source files, the nearest to its top first; none of what was installed or built."""
    found: list[Source] = []
    for place, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        for name in sorted(files):
            path = Path(place) / name
            if path.suffix not in SUFFIXES or path.is_symlink() or len(found) >= MOST:
                continue
            try:
                if path.stat().st_size <= LARGEST:
                    text = path.read_text(encoding="utf-8", errors="replace")
                    found.append(Source(name=str(path.relative_to(directory)), text=text))
            except OSError:
                continue
    return found


def operations(sources: list[Source]) -> list[Operation]:
    """The routes that these files name, with the fields that their handlers seem to read."""
    return [one for source in sources for one in routes(source)]


def routes(source: Source) -> Iterator[Operation]:
    matches = sorted(
        ((one.start(), one, number) for number, each in enumerate(ROUTES) for one in each.finditer(source.text)),
        key=lambda entry: entry[0],
    )
    begins = [begin for begin, _, _ in matches]
    for begin, match, number in matches:
        method, path = (match[1], match[2]) if number == 0 else (match[2] or "GET", match[1])
        until = next((one for one in begins if one > begin), len(source.text))
        near = handler(source, begin) or source.text[begin : min(until, begin + NEAR)]
        taken = fields(near) if method.upper() != "GET" else {}
        yield Operation(
            method=method.upper(),
            path=path,
            why=f"{source.name}:{source.line(begin)}",
            body=taken,
            answer=answered(near),
            sure=bool(taken) or method.upper() == "GET",
        )


def handler(source: Source, begin: int) -> str:
    """The function that a route names, where it stands elsewhere in the same file."""
    said = source.text[begin : begin + 300].partition("\n\n")[0]
    named = re.search(r"view_func\s*=\s*(\w{1,60})", said) or re.search(
        r"""["'`]\s*,\s*(?:\w{1,60}\.)?(\w{1,60})\s*[,)]""", said
    )
    if named is None:
        return ""
    name = re.escape(named[1])
    found = re.search(
        rf"^[^\S\n]*+(?:(?:async\s+)?(?:def|function)\s+{name}\b|const\s+{name}\s*=)", source.text, re.MULTILINE
    )
    return source.text[found.start() : found.start() + NEAR] if found else ""


def fields(text: str) -> dict[str, object]:
    """The names that a handler reads of a body, as a tree; nothing where they mean nothing to us."""
    nested = DESTRUCTURED.search(text)
    if nested is not None:
        names = [name.partition(":")[0].strip() for name in nested[1].split(",")]
        inner: dict[str, object] = {name: "string" for name in names if name}
        below = nested[2].removeprefix(".")
        return {below: inner} if below else inner
    names = [match[1] for pattern in (READ, ATTRIBUTE) for match in pattern.finditer(text)]
    for alias in dict.fromkeys(ALIAS.findall(text)):
        reading = rf"""\b{re.escape(alias)}(?:\.get\(["']|\[["']|\.)(\w{{1,40}})"""
        names += re.findall(reading, text)
    for match in TUPLE.finditer(text):
        names += WORD.findall(match[1])
    meant = [name for name in dict.fromkeys(names) if meaning(name) is not None]
    return dict.fromkeys(meant, "string") if len(meant) > 1 else {}


def answered(text: str) -> dict[str, object]:
    """The names that a handler answers with, as far as they stand flat."""
    found = ANSWERED.search(text)
    return dict.fromkeys(NAMED.findall(found[1]), "string") if found else {}
