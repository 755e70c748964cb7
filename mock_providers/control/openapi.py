"""The control plane's OpenAPI document, and a page that shows it."""

from __future__ import annotations

import html
import re
from typing import Any

from mock_providers.control.schemas import BODIES, QUERIES, SUMMARIES

_STATUSES = {
    "200": "What was asked for.",
    "201": "What was made.",
    "400": "The body is not a JSON object.",
    "401": "The control plane's token is missing or wrong.",
    "403": "The server isn't reached by a name of its own, or a page of another origin asks.",
    "404": "There is no such thing here.",
    "405": "The path has no such method.",
    "413": "The body is too large.",
    "415": "The body isn't said to be JSON.",
    "422": "Something in the request can't be; `error` says what, `hint` what to do.",
    "503": "The journal can't be written.",
}
_MADE = {("POST", "/_mock/faults"), ("POST", "/_mock/gates"), ("POST", "/_mock/accounts")}


def document(routes: list[tuple[str, str]]) -> dict[str, Any]:
    """The document for routes of (method, path)."""
    paths: dict[str, Any] = {}
    for method, path in routes:
        key = (method, path)
        operation: dict[str, Any] = {
            "summary": SUMMARIES[key],
            "operationId": re.sub(r"\W+", "_", f"{method} {path}").strip("_").lower(),
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
                for name in re.findall(r"{(\w+)}", path)
            ]
            + [{"name": name, "in": "query", "schema": schema} for name, schema in QUERIES.get(key, {}).items()],
            "responses": {
                status: {"description": words, **_content(status, key)}
                for status, words in _STATUSES.items()
                if status != ("200" if _made(key) else "201")
            },
        }
        if key in BODIES:
            operation["requestBody"] = {"content": {"application/json": {"schema": BODIES[key]}}}
        paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mock providers: control plane",
            "version": "1",
            "description": "What was called, what is to happen, and who exists.",
        },
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


def _made(key: tuple[str, str]) -> bool:
    return key in _MADE or (key[0] == "POST" and key[1].endswith(("/suppressions", "/replay")))


def _content(status: str, key: tuple[str, str]) -> dict[str, Any]:
    if status in {"200", "201"} and (key[1].endswith(("/body", "/{n}", "/export", "/docs", "/follow"))):
        return {}
    schema: dict[str, Any] = {"type": "object"}
    if status not in {"200", "201"}:
        schema = {"type": "object", "required": ["error", "hint"]}
    return {"content": {"application/json": {"schema": schema}}}


def page(routes: list[tuple[str, str]]) -> str:
    """The document as HTML."""
    described = document(routes)
    sections = []
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            rows = "".join(
                f"<tr><td><code>{html.escape(one['name'])}</code></td><td>{one['in']}</td>"
                f"<td>{html.escape(one['schema'].get('description', ''))}</td></tr>"
                for one in operation["parameters"]
            )
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            rows += "".join(
                f"<tr><td><code>{html.escape(name)}</code></td><td>body</td>"
                f"<td>{html.escape(one.get('description', ''))}</td></tr>"
                for name, one in body.get("properties", {}).items()
            )
            table = f"<table>{rows}</table>" if rows else ""
            sections.append(
                f"<section><h2><b>{method.upper()}</b> {html.escape(path)}</h2>"
                f"<p>{html.escape(operation['summary'])}</p>{table}</section>"
            )
    return _PAGE.replace("SECTIONS", "".join(sections))


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Control plane</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #8884;padding:.5rem 0}h2{font:600 1rem ui-monospace,monospace;margin:.3rem 0}
h2 b{display:inline-block;min-width:4.5rem;color:light-dark(#0b5fb0,#6cb4ff)}p{margin:.2rem 0}
h2,td{overflow-wrap:anywhere}td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style>
<h1>Control plane</h1><p>The document itself: <a href="/_mock/openapi.json">openapi.json</a> ·
<a href="/">what was called</a></p>SECTIONS</html>"""
