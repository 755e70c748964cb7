"""What is wrong with a profile, in one line: the file, the line, the key, what was expected, and what to write."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import ProfileError
from harness.profile.base import KeyWrong
from harness.profile.model import Profile
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
}
"""What to write, by pydantic's name of the mistake."""


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
        said = " or ".join(dict.fromkeys(expected(one) for one in same))
        return source.wrong(key, f"{said}; got {shorten(problem.get('input'))}")
    return source.wrong(key, f"{expected(problem)}; got {shorten(problem.get('input'))}")


def deeper(one: ErrorDetails, first: ErrorDetails) -> bool:
    return len(keys(one)) > len(keys(first)) and keys(one)[: len(keys(first))] == keys(first)


def keys(problem: ErrorDetails) -> Key:
    """The keys of the file that lead to a mistake: names of types that pydantic tried are none."""
    path: list[str] = []
    model: Any = Profile
    for part in problem["loc"]:
        if not isinstance(part, str):
            continue
        inner = step(model, part)
        if inner is None and (part == "[key]" or "[" in part or part in TRIED or is_model(part)):
            continue
        path.append(part)
        model = inner
    return tuple(path)


TRIED = ("str", "int", "float", "bool", "Place", "list", "dict", "constrained-str", "nullable")


def is_model(part: str) -> bool:
    return part[:1].isupper() or "-" in part


def step(model: Any, name: str) -> Any:
    """The model that a key of a model leads to, Any for a plain value; None where there is no such key."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        field = model.model_fields.get(name)
        return None if field is None else inner(field.annotation)
    return model if model is not None and not isinstance(model, type) else None


def inner(annotation: Any) -> Any:
    """The model in an annotation, or its values' model; Any where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
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


def expected(problem: ErrorDetails) -> str:
    kind = problem["type"]
    context = problem.get("ctx", {})
    if kind in ("literal_error", "enum"):
        return f"write one of {context['expected']}"
    message = problem["msg"].replace("Input should be", "it should be")
    message = message[:1].lower() + message[1:]
    remedy = REMEDIES.get(kind)
    return remedy or message


def unknown(key: Key) -> str:
    known = known_keys(key[:-1])
    close = difflib.get_close_matches(key[-1], known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
    return f"there is no such key; {hint}"


def example(key: Key) -> str:
    return ': command = ["python", "worker.py"]' if key[-1:] == ("command",) else ""


def shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def known_keys(path: Key) -> list[str]:
    model: Any = Profile
    for part in path:
        model = model.value if isinstance(model, Named) else step(model, part)
    if isinstance(model, Named):
        model = model.value
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
