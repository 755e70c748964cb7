"""Dynamic templates: enough to send with `template_id` and see what the recipient would."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mock_providers.asgi import Answer, field
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.rendering import warnings_of
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.state.template import Template, is_dynamic


def _create(visit: Visit) -> Answer:
    name, account = visit.text("name"), visit.account
    generation = visit.body().get("generation", "legacy")
    if generation not in ("legacy", "dynamic"):  # a tuple: what a client sends may have no hash
        raise SendGridError(400, Problem("generation must be legacy or dynamic", "generation"))
    identity = UUID(int=account.rng.getrandbits(128))
    template = {
        "id": f"d-{identity.hex}" if generation == "dynamic" else str(identity),
        "name": name,
        "generation": generation,
        "updated_at": _now(visit),
        "versions": [],
    }
    account.templates[template["id"]] = template
    return shown(template, 201)


def _list(visit: Visit) -> Answer:
    generations = (field(visit.query, "generations") or "legacy").split(",")
    found = [one for one in visit.account.templates.values() if one["generation"] in generations]
    shown_page = found[: visit.number("page_size", 200)]
    return shown({"result": shown_page, "_metadata": {"count": len(shown_page)}})


def _get(visit: Visit) -> Answer:
    return shown(_template(visit))


def _rename(visit: Visit) -> Answer:
    template = _template(visit)
    template["name"] = visit.text("name")
    return shown(template)


def _delete(visit: Visit) -> Answer:
    del visit.account.templates[_template(visit)["id"]]
    return Answer(204)


def _add_version(visit: Visit) -> Answer:
    template, name, body = _template(visit), visit.text("name"), visit.body()
    version = {
        "id": str(UUID(int=visit.account.rng.getrandbits(128))),
        "template_id": template["id"],
        "name": name,
        "active": 0 if body.get("active") == 0 else 1,
        "subject": _text(body, "subject"),
        "html_content": _text(body, "html_content"),
        "plain_content": _text(body, "plain_content"),
        "generate_plain_content": True,
        "editor": "code",
        "updated_at": _now(visit),
    }
    if is_dynamic(template):
        version["warnings"] = warnings_of(version)
    if version["active"]:
        for other in template["versions"]:
            other["active"] = 0
    template["versions"].append(version)
    return shown(version, 201)


def _template(visit: Visit) -> Template:
    template = visit.account.templates.get(visit.args[0])
    if template is None:
        raise not_found("template")
    return template


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise SendGridError(400, Problem(f"{name} must be a string", name))
    return value


def _now(visit: Visit) -> str:
    return datetime.fromtimestamp(int(visit.account.now()), UTC).strftime("%Y-%m-%d %H:%M:%S")


_ALL, _ONE = "/v3/templates", "/v3/templates/([^/]+)"

ROUTES = [
    Route("templates.create", "POST", _ALL, _create, scope="templates.create"),
    Route("templates.list", "GET", _ALL, _list, scope="templates.read"),
    Route("templates.get", "GET", _ONE, _get, scope="templates.read"),
    Route("templates.update", "PATCH", _ONE, _rename, scope="templates.update"),
    Route("templates.delete", "DELETE", _ONE, _delete, scope="templates.delete"),
    Route("templates.versions.create", "POST", f"{_ONE}/versions", _add_version, scope="templates.versions.create"),
]
