"""What is wrong with a profile, in one line that says what to write instead."""

from __future__ import annotations

import difflib

from pydantic import BaseModel, ValidationError

from harness.profile.model import Process, Profile


def explain(error: ValidationError, *, source: str) -> str:
    """The first thing that is wrong with a profile, in one line, with the nearest known key."""
    problem = error.errors(include_url=False)[0]
    where = [str(part) for part in problem["loc"]]
    name = ".".join(where)
    if problem["type"] == "extra_forbidden":
        known = known_keys(where[:-1])
        close = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
        return f"{source}: unknown key {name!r}; {hint}"
    given = "" if problem["type"] == "missing" else f", got {shorten(problem.get('input'))}"
    return f"{source}: {name}: {problem['msg'][:1].lower()}{problem['msg'][1:]}{given}"


def shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def known_keys(path: list[str]) -> list[str]:
    model: type[BaseModel] = Profile
    for part in path:
        field = model.model_fields.get(part)
        inner = field.annotation if field else Process
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else Process
    return list(model.model_fields)
