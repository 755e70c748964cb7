"""Template versions: shown, changed, made the active one, deleted; and a template with all of them copied."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mock_providers.asgi import Answer
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.rendering import warnings_of
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.state.template import Template, is_dynamic

_LONGEST = {"name": 100, "subject": 255, "html_content": 1_048_576, "plain_content": 1_048_576, "test_data": 1_048_576}
"""Texts of a version, and how many characters each may have (the vendor's OpenAPI file)."""

Version = dict[str, Any]


def _get(visit: Visit) -> Answer:
    return shown(_version(visit)[1])


def _update(visit: Visit) -> Answer:
    template, version = _version(visit)
    changes = _changes(visit.body())
    version |= changes
    if is_dynamic(template):
        version["warnings"] = warnings_of(version)
    if changes.get("active") == 1:
        _make_active(template, version)
    version["updated_at"] = template["updated_at"] = _now(visit)
    return shown(version)


def _activate(visit: Visit) -> Answer:
    template, version = _version(visit)
    _make_active(template, version)
    version["updated_at"] = template["updated_at"] = _now(visit)
    return shown(version)


def _delete(visit: Visit) -> Answer:
    template, version = _version(visit)
    template["versions"].remove(version)
    return Answer(204)


def _duplicate(visit: Visit) -> Answer:
    template = _template(visit)
    name = (visit.payload or {}).get("name", f"{template['name']} copy") if _is_body(visit) else None
    if not isinstance(name, str) or not name or len(name) > _LONGEST["name"]:
        raise SendGridError(400, Problem(f"name must be a string of 1 to {_LONGEST['name']} characters", "name"))
    identity, now = UUID(int=visit.account.rng.getrandbits(128)), _now(visit)
    new_id = f"d-{identity.hex}" if template["generation"] == "dynamic" else str(identity)
    versions = [{**one, "id": _new_id(visit), "template_id": new_id, "updated_at": now} for one in template["versions"]]
    copy = {**template, "id": new_id, "name": name, "updated_at": now, "versions": versions}
    visit.account.templates[new_id] = copy
    return shown(copy, 201)


def _make_active(template: Template, version: Version) -> None:
    for one in template["versions"]:
        one["active"] = 1 if one is version else 0


def _changes(body: dict[str, Any]) -> Version:
    """What a body changes of a version."""
    changes: Version = {}
    for name, longest in _LONGEST.items():
        if name in body:
            value = body[name]
            if not isinstance(value, str) or len(value) > longest or (name == "name" and not value):
                raise SendGridError(400, Problem(f"{name} must be a string of at most {longest} characters", name))
            changes[name] = value
    if "active" in body:
        if isinstance(body["active"], bool) or body["active"] not in (0, 1):
            raise SendGridError(400, Problem("active must be 0 or 1", "active"))
        changes["active"] = body["active"]
    if "generate_plain_content" in body:
        if not isinstance(body["generate_plain_content"], bool):
            raise SendGridError(400, Problem("generate_plain_content must be a boolean", "generate_plain_content"))
        changes["generate_plain_content"] = body["generate_plain_content"]
    if "editor" in body:
        if body["editor"] not in ("code", "design"):
            raise SendGridError(400, Problem("editor must be code or design", "editor"))
        changes["editor"] = body["editor"]
    return changes


def _template(visit: Visit) -> Template:
    template = visit.account.templates.get(visit.args[0])
    if template is None:
        raise not_found("template")
    return template


def _version(visit: Visit) -> tuple[Template, Version]:
    template = _template(visit)
    for version in template["versions"]:
        if version["id"] == visit.args[1]:
            return template, version
    raise not_found("template version")


def _is_body(visit: Visit) -> bool:
    return visit.payload is None or isinstance(visit.payload, dict)


def _new_id(visit: Visit) -> str:
    return str(UUID(int=visit.account.rng.getrandbits(128)))


def _now(visit: Visit) -> str:
    return datetime.fromtimestamp(int(visit.account.now()), UTC).strftime("%Y-%m-%d %H:%M:%S")


_TEMPLATE = "/v3/templates/([^/]+)"
_ONE = f"{_TEMPLATE}/versions/([^/]+)"
_SCOPE = "templates.versions"

ROUTES = [
    Route("templates.duplicate", "POST", _TEMPLATE, _duplicate, scope="templates.create"),
    Route("templates.versions.get", "GET", _ONE, _get, scope=f"{_SCOPE}.read"),
    Route("templates.versions.update", "PATCH", _ONE, _update, scope=f"{_SCOPE}.update"),
    Route("templates.versions.delete", "DELETE", _ONE, _delete, scope=f"{_SCOPE}.delete"),
    Route("templates.versions.activate", "POST", f"{_ONE}/activate", _activate, scope=f"{_SCOPE}.activate.create"),
]
