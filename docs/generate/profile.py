"""The profile's keys, from its model: a table for each of its tables."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.tables import table
from harness.profile import Process, Profile


def keys() -> str:
    """A section for each table of the profile: every key with its type, default and meaning."""
    return "\n\n".join(sections())


def schema() -> str:
    """The profile's JSON Schema, for editors that check TOML by one."""
    found = Profile.model_json_schema()
    for name, said in found["$defs"]["Images"]["properties"].items():  # one name may stand alone, and is a list then
        many = {key: said.pop(key) for key in ("type", "items", "minItems") if key in said}
        found["$defs"]["Images"]["properties"][name] = {"anyOf": [{"type": "string"}, many], **said}
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "Profile of a messaging stack"
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def sections() -> Iterator[str]:
    plain: list[tuple[str, FieldInfo]] = []
    tables: list[tuple[str, FieldInfo]] = []
    for name, field in Profile.model_fields.items():
        (tables if is_table(field.annotation) else plain).append((name, field))
    yield "### At the top\n\n" + rows_of(plain)
    for name, field in tables:
        model: Any = Process if name == "processes" else field.annotation
        title = "`[processes.api]`, `[processes.worker]`" if name == "processes" else f"`[{name}]`"
        inner = {key: each for key, each in model.model_fields.items() if is_table(each.annotation)}
        own = {key: each for key, each in model.model_fields.items() if key not in inner}
        yield f"### {title}\n\n{said(model)}\n\n{rows_of(own.items())}"
        for key, each in inner.items():
            within: Any = each.annotation
            yield f"### `[{name}.{key}]`\n\n{said(within)}\n\n{rows_of(within.model_fields.items())}"


def is_table(annotation: Any) -> bool:
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def said(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def rows_of(fields: Any) -> str:
    rows = [
        [f"`{name}`", type_of(field.annotation), default_of(field), field.description or ""] for name, field in fields
    ]
    return table(["Key", "Type", "Default", "Meaning"], rows)


def type_of(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " · ".join(f"`{value}`" for value in args)
    if origin in (Union, types.UnionType):
        return type_of(next(arg for arg in args if arg is not type(None)))
    if origin is list:
        return f"list of {type_of(args[0])}"
    if origin is dict:
        return f"table of {type_of(args[1])}"
    if origin is not None and args:  # Annotated
        return type_of(args[0])
    return {str: "string", int: "integer", float: "seconds", bool: "boolean"}[annotation]


def default_of(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "must be given"
    if value is None or value in ({}, []):
        return "not said"
    return f"`{toml(value)}`"


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)
