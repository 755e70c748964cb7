"""An API's own description (OpenAPI 3, or Swagger 2): its operations, what they take, what they answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.discovery.operations import Operation
from harness.discovery.words import meaning

PATHS: Final = (
    *("/openapi.json", "/api/openapi.json", "/swagger.json", "/v1/openapi.json", "/api/v1/openapi.json"),
    *("/docs/openapi.json", "/swagger/v1/swagger.json", "/api-docs", "/v3/api-docs", "/docs/json"),
)
"""Where such a document is found."""
METHODS: Final = ("get", "post", "put", "patch", "delete")
DEEPEST: Final = 6
MOST: Final = 500
"""Operations that are read."""


def parsed(text: str) -> Mapping[str, Any] | None:
    """The document, where a text is one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_one = (
        isinstance(found, dict) and isinstance(found.get("paths"), dict) and ("openapi" in found or "swagger" in found)
    )
    return found if is_one else None


def operations(document: Mapping[str, Any], *, why: str) -> list[Operation]:
    """Every operation that the document has, as far as it can be read."""
    base = document.get("basePath")
    prefix = base.rstrip("/") if isinstance(base, str) else ""
    found: list[Operation] = []
    for path, item in document["paths"].items():
        if not isinstance(item, dict):
            continue
        for method in METHODS:
            one = item.get(method)
            if isinstance(one, dict) and len(found) < MOST:
                shared = item.get("parameters")
                found.append(operation(document, method, f"{prefix}{path}", one, shared, why=why))
    return found


def operation(
    document: Mapping[str, Any], method: str, path: str, one: Mapping[str, Any], shared: Any, *, why: str
) -> Operation:
    listed = [*list_of(one.get("parameters")), *list_of(shared)]
    parameters = [resolved(document, each) for each in listed]
    schema, form = body_of(document, one, parameters)
    properties = schema.get("properties")
    required = schema.get("required")
    kinds = [
        value
        for name, each in (properties if isinstance(properties, dict) else {}).items()
        if meaning(name) == "type"
        for value in enum_of(document, each)
    ]
    code, answer = answer_of(document, one)
    return Operation(
        method=method.upper(),
        path=path,
        why=why,
        body=tree(document, schema) if isinstance(properties, dict) else {},
        required=frozenset(map(str, required)) if isinstance(required, list) else frozenset(),
        form=form,
        kinds=tuple(kinds),
        answer=tree(document, answer),
        code=code,
        headers=tuple(str(each.get("name")) for each in parameters if each.get("in") == "header"),
    )


def list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def resolved(document: Mapping[str, Any], value: Any, depth: int = 0) -> Mapping[str, Any]:
    """What a `$ref` within the document leads to; of alternatives the first that is something."""
    if not isinstance(value, dict) or depth > DEEPEST:
        return {}
    where = value.get("$ref")
    if isinstance(where, str):
        place: Any = document
        for name in where.removeprefix("#/").split("/"):
            place = place.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
        return resolved(document, place, depth + 1)
    merged: dict[str, Any] = {}
    for each in list_of(value.get("allOf")):
        part: Mapping[str, Any] = resolved(document, each, depth + 1)
        merged = {**merged, **part, "properties": {**merged.get("properties", {}), **part.get("properties", {})}}
    if merged:
        return {**merged, **{name: one for name, one in value.items() if name != "allOf"}}
    for each in (*list_of(value.get("anyOf")), *list_of(value.get("oneOf"))):
        part = resolved(document, each, depth + 1)
        if part and part.get("type") != "null":
            return {**part, **{name: one for name, one in value.items() if name not in ("anyOf", "oneOf")}}
    return value


def body_of(
    document: Mapping[str, Any], one: Mapping[str, Any], parameters: list[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], bool]:
    """What an operation takes, and whether it takes it as a form."""
    content = resolved(document, one.get("requestBody")).get("content")
    if isinstance(content, dict):
        for kind, said in content.items():
            if isinstance(said, dict) and ("json" in kind or "form" in kind):
                return resolved(document, said.get("schema")), "json" not in kind
    whole = next((each for each in parameters if each.get("in") == "body"), None)
    if whole is not None:
        return resolved(document, whole.get("schema")), False
    fields = {str(each.get("name")): each for each in parameters if each.get("in") == "formData"}
    return ({"properties": fields, "type": "object"}, True) if fields else ({}, False)


def answer_of(document: Mapping[str, Any], one: Mapping[str, Any]) -> tuple[int | None, Mapping[str, Any]]:
    """The first good answer: its code, and what it holds."""
    answers = one.get("responses")
    for code, said in answers.items() if isinstance(answers, dict) else ():
        if not str(code).startswith("2"):
            continue
        answer = resolved(document, said)
        content = answer.get("content")
        kinds = content.values() if isinstance(content, dict) else ()
        schema = next((each.get("schema") for each in kinds if isinstance(each, dict)), answer.get("schema"))
        return (int(code) if str(code).isdecimal() else None), resolved(document, schema)
    return None, {}


def enum_of(document: Mapping[str, Any], value: Any) -> Iterator[str]:
    said = resolved(document, value)
    yield from (str(one) for one in list_of(said.get("enum")))
    if "const" in said:
        yield str(said["const"])


def tree(document: Mapping[str, Any], schema: Any, depth: int = 0) -> Any:
    """A schema as a tree of names, with the type's name at each leaf."""
    said = resolved(document, schema)
    properties = said.get("properties")
    if isinstance(properties, dict) and depth < DEEPEST:
        return {str(name): tree(document, below, depth + 1) for name, below in properties.items()}
    return str(said.get("type", "string")) if depth else {}
