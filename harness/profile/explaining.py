"""What is wrong with a profile, in one line: the file, the line, the key, what was expected, and what to write."""

from __future__ import annotations

import difflib
import json
import re
import shlex
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import ProfileError
from harness.profile.base import KeyWrong
from harness.profile.model import Profile
from harness.profile.schema import EXAMPLES
from harness.profile.upgrading import Key, spelled

REMEDIES = {
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "string_type": 'write a text: "…"',
    "list_type": 'write a list: ["…"]',
    "dict_type": 'write a table: { name = "…" }',
    "model_type": "write a table: { … }, or its keys under a [header]",
    "model_attributes_type": "write a table: { … }, or its keys under a [header]",
    "missing": "it must be given",
    "too_short": "name at least one",
    "string_too_short": "it says nothing; write a word",
}
"""What to write, by pydantic's name of the mistake."""
LIMITS = {
    "greater_than": "write a number above {gt:g}",
    "greater_than_equal": "write a number of at least {ge:g}",
    "less_than": "write a number below {lt:g}",
    "less_than_equal": "write a number of at most {le:g}",
}
TYPES = ("string_type", "list_type", "dict_type", "model_type", "model_attributes_type", "int_type")
"""Mistakes of which an example says more than the type's name."""


class Source:
    """Where a profile comes from: its file's name, the lines of its keys, and which of them were moved."""

    def __init__(
        self, name: str, *, lines: Mapping[Key, int] | None = None, moved: Mapping[Key, Key] | None = None
    ) -> None:
        self.name = name
        self._lines = lines or {}
        self.moved = moved or {}

    def place(self, key: Key) -> str:
        """`file:line`, of the key itself or of the nearest table around it that the file has."""
        for depth in range(len(key), 0, -1):
            if key[:depth] in self._lines:
                return f"{self.name}:{self._lines[key[:depth]]}"
        return self.name

    def wrong(self, key: Key, why: str) -> ProfileError:
        """An error about a key, in the file's own words."""
        own = self.moved.get(key, key)
        return ProfileError(f"{self.place(own)}: {spelled(own)}: {why}" if own else f"{self.name}: {why}")


QUOTED = re.compile(r"'([^']*)'")
NO_TOML = (
    ("Cannot overwrite a value", "it is said twice; leave one of them out"),
    ("Cannot declare", "it is said twice; put their keys together"),
    ("Invalid value", 'a text stands in quotes: "…"'),
    ("Illegal character", "a text ends on its own line, with the quote that it began with"),
    ("Expected '='", "a key and its value have a = between them"),
)
"""What to do, by the beginning of what the parser says."""


def no_toml(path: Path, error: str) -> ProfileError:
    """What is wrong with a file that is no TOML; `error` is what its parser says of it."""
    found = re.search(r" \(at line (\d+), column (\d+)\)$", error)
    said = error[: found.start()] if found else error
    # tomllib shows a table's name as the tuple of its parts
    said = re.sub(r"\(((?:'[^']*',? ?)+)\)", lambda name: f"[{'.'.join(re.findall(QUOTED, name[1]))}]", said)
    remedy = next((remedy for begin, remedy in NO_TOML if said.startswith(begin)), "mend that line")
    place = f"{path}:{found[1]}: column {found[2]}" if found else str(path)
    return ProfileError(f"{place}: this is not TOML: {said}; {remedy}")


def explain(error: ValidationError, *, source: Source) -> ProfileError:
    """The first thing that is wrong with a profile, with the nearest known key and what to write instead."""
    problems = error.errors(include_url=False)
    # of a value that may be of several kinds, a table is meant to be the one of them that is a table
    tables = (one for one in problems[1:] if isinstance(problems[0]["input"], dict) and deeper(one, problems[0]))
    problem = next(tables, problems[0])
    same = [one for one in problems if keys(one)[: len(keys(problem))] == keys(problem)]
    key = keys(problem)
    if problem["type"] == "extra_forbidden":
        return source.wrong(key, unknown(key))
    if problem["type"] == "value_error":
        wrong = problem["ctx"]["error"]
        return source.wrong((*key, *wrong.key) if isinstance(wrong, KeyWrong) else key, str(wrong))
    if problem["type"] == "missing":
        return source.wrong(key, f"it is missing, and must be given{example(key)}")
    if len(same) > 1:
        said = " or ".join(dict.fromkeys(expected(one, alone=False) for one in same)).replace(" or write", " or")
        return source.wrong(key, f"{said}{example(key, problem['type'])}; got {shorten(problem.get('input'))}")
    told = problem["type"] == "list_type" and as_list(problem)
    more = "" if told else example(key, problem["type"])
    return source.wrong(key, f"{expected(problem)}{more}; got {shorten(problem.get('input'))}")


def deeper(one: ErrorDetails, first: ErrorDetails) -> bool:
    return len(keys(one)) > len(keys(first)) and keys(one)[: len(keys(first))] == keys(first)


def keys(problem: ErrorDetails) -> Key:
    """The keys of the file that lead to a mistake: names of types that pydantic tried are none."""
    path: list[str] = []
    model: Any = Profile
    for part in problem["loc"]:
        if not isinstance(part, str) or part.endswith("]"):  # `[key]`, or `dict[str,any]`
            continue
        inner = step(model, part)
        if not isinstance(model, Named) and (inner is None or model is Any) and a_type(part):
            continue
        path.append(part)
        model = inner
    return tuple(path)


TRIED = ("str", "int", "float", "bool", "list", "dict", "constrained-str", "nullable")


def a_type(part: str) -> bool:
    """Whether a word of pydantic's way to a mistake is the name of a type that it tried."""
    return part in TRIED or "[" in part or "-" in part or part[:1].isupper()


def step(model: Any, name: str) -> Any:
    """The model that a key of a model leads to, Any for a plain value; None where there is no such key."""
    if isinstance(model, Named):
        return model.value
    if is_table(model):
        field = model.model_fields.get(name)
        return None if field is None else inner(field.annotation)
    return model if model is not None and not isinstance(model, type) else None


def inner(annotation: Any) -> Any:
    """The model in an annotation, or its values' model; Any where there is none."""
    if is_table(annotation):
        return annotation
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        value = inner(arguments[1])
        return Named(value)
    return next((found for one in arguments if (found := inner(one)) is not Any), Any)


class Named:
    """A table of names of the user's own."""

    def __init__(self, value: Any) -> None:
        self.value = value


def expected(problem: ErrorDetails, *, alone: bool = True) -> str:
    """What should be there; `alone`: nothing else would do as well."""
    kind = problem["type"]
    context = problem.get("ctx", {})
    if kind in ("literal_error", "enum"):
        known = re.findall("'([^']*)'", str(context["expected"]))
        given = problem.get("input")
        close = difflib.get_close_matches(given, known, n=1) if isinstance(given, str) else []
        return f"write one of {context['expected']}" + (f" (did you mean {close[0]!r}?)" if close else "")
    if kind in LIMITS:
        return LIMITS[kind].format(**context)
    if alone and kind == "list_type" and (meant := as_list(problem)):
        return f"write a list: {meant}"
    if kind in ("model_type", "model_attributes_type") and tables_in(problem.get("input")):
        return f"there is one such table, so it stands in single brackets: [{'.'.join(keys(problem))}]"
    message = problem["msg"].replace("Input should be", "it should be")
    message = message[:1].lower() + message[1:]
    return REMEDIES.get(kind) or message


def tables_in(given: object) -> bool:
    """Whether a table was written as one of several: `[[send]]`."""
    return isinstance(given, list) and bool(given) and isinstance(given[0], Mapping)


def as_list(problem: ErrorDetails) -> str:
    """What was given, as the list that it was meant for; empty where that can't be told."""
    given = problem.get("input")
    if isinstance(given, bool) or not isinstance(given, str | int):
        return ""
    words: Any = [given]
    if isinstance(given, str) and keys(problem)[-1:] in (("command",), ("migrate",)):
        try:
            words = shlex.split(given)
        except ValueError:
            return ""
    return json.dumps(words, ensure_ascii=False)


def unknown(key: Key) -> str:
    known = known_keys(key[:-1])
    name = key[-1]
    close = difflib.get_close_matches(name, known, n=1)
    elsewhere = [title for title, names in TABLES.items() if name in names and title != ".".join(key[:-1])]
    if close:
        hint = f"did you mean {close[0]!r}?"
    elif 0 < len(elsewhere) <= 6:
        hint = f"it is one of {', '.join(f'[{title}]' for title in elsewhere)}"
    elif len(key) == 1:
        hint = f"known at the top are {', '.join(f'[{one}]' if one in NESTED else one for one in known)}"
    else:
        hint = f"known here: {', '.join(known)}"
    return f"there is no such key; {hint}"


def tables_of(model: type[BaseModel], title: str = "") -> dict[str, tuple[str, ...]]:
    """The keys of each table of a profile, by its name; tables of names of the user's own aren't among them."""
    found = {title: tuple(model.model_fields)} if title else {}
    for name, field in model.model_fields.items():
        below = inner(field.annotation)
        if is_table(below) and field.default is not None:
            found |= tables_of(below, f"{title}.{name}" if title else name)
    return found


def example(key: Key, kind: str = "missing") -> str:
    """What a value of this key looks like, as a line of the file; empty where nothing is known to show."""
    if key[-1:] == ("command",) and kind == "missing":
        return ': command = ["python", "worker.py"]'
    model: Any = Profile
    for part in key[:-1]:
        model = step(model, part)
    shown = EXAMPLES.get((getattr(model, "__name__", ""), key[-1])) if key else None
    return f", such as {key[-1]} = {toml(shown[0])}" if shown and kind in TYPES else ""


def toml(value: Any) -> str:
    """A value as a line of a TOML file has it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def is_table(model: Any) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def known_keys(path: Key) -> list[str]:
    model: Any = Profile
    for part in path:
        model = step(model, part)
    return list(model.model_fields) if is_table(model) else []


TABLES = tables_of(Profile)
NESTED = {*(one for one in TABLES if "." not in one), "env", "processes"}
"""The tables at the top, those of names of the user's own among them."""
