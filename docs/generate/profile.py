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
from harness.profile import Profile


def keys() -> str:
    """A section for each table of the profile: every key with its type, default and meaning."""
    return "\n\n".join(sections())


def sections() -> Iterator[str]:
    plain, tables = parted(Profile)
    yield "### At the top\n\n" + rows_of(plain)
    for name, field in tables:
        model = model_of(field.annotation)
        if get_origin(field.annotation) is dict:
            yield section(f"`[{name}.NAME]`", model)
        else:
            yield from nested(name, model)


def nested(title: str, model: type[BaseModel]) -> Iterator[str]:
    """A table's section, and those of the tables in it; several of one kind share one."""
    _, tables = parted(model)
    yield section(f"`[{title}]`", model)
    kinds: dict[type[BaseModel], list[str]] = {}
    for name, field in tables:
        kinds.setdefault(model_of(field.annotation), []).append(f"{title}.{name}")
    for kind, names in kinds.items():
        if len(names) == 1:
            yield from nested(names[0], kind)
        else:
            yield section(", ".join(f"`[{name}]`" for name in names), kind)


def section(title: str, model: type[BaseModel]) -> str:
    plain, _ = parted(model)
    if not plain:
        return f"### {title}\n\n{said(model)}"
    if not any(field.description for _, field in plain):  # the same keys as in the table around it
        keys = ", ".join(f"`{name}`" for name, _ in plain)
        return f"### {title}\n\n{said(model)} The keys of the table around it: {keys}."
    return f"### {title}\n\n{said(model)}\n\n{rows_of(plain)}"


def parted(model: type[BaseModel]) -> tuple[list[tuple[str, FieldInfo]], list[tuple[str, FieldInfo]]]:
    """A table's plain keys, and the tables in it."""
    plain: list[tuple[str, FieldInfo]] = []
    tables: list[tuple[str, FieldInfo]] = []
    for name, field in model.model_fields.items():
        (plain if model_of(field.annotation) is BaseModel else tables).append((name, field))
    return plain, tables


def model_of(annotation: Any) -> type[BaseModel]:
    """The table that a key is; BaseModel itself for one that is none, or may be something else as well."""
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    kinds = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) in (Union, types.UnionType) and len(kinds) == 1:
        annotation = kinds[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else BaseModel


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
        return " · ".join(f"`{shown(value)}`" for value in args)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_of(arg) for arg in args if arg is not type(None)))
    if origin is list:
        return f"list of {type_of(args[0])}"
    if origin is dict:
        return "table" if args[1] is Any else f"table of {type_of(args[1])}"
    if origin is not None and args:  # Annotated
        return type_of(args[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"table of {', '.join(f'`{name}`' for name in annotation.model_fields)}"
    return {str: "string", int: "integer", float: "number", bool: "boolean", Any: "value"}[annotation]


def shown(value: object) -> str:
    return value if isinstance(value, str) and value else toml(value)


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
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, BaseModel):
        return toml(value.model_dump(exclude_none=True))
    return json.dumps(value, ensure_ascii=False)
