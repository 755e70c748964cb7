"""The profile's JSON Schema, for editors that check TOML by one."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel, BeforeValidator

from harness.profile.base import one_or_more
from harness.profile.model import Profile

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PUBLISHED: Final = "profile.schema.json"
"""What the file is called where it is published."""

EXAMPLES: Final[dict[tuple[str, str], list[Any]]] = {
    ("Profile", "version"): [2],
    ("Profile", "env"): [{"REDIS_URL": "redis://{redis_host}:{redis_port}/0"}],
    ("Profile", "migrate"): [["{python}", "manage.py", "migrate"]],
    ("Process", "command"): [["{python}", "worker.py"], ["node", "worker.js"]],
    ("Process", "ready"): [{"log": "listening on"}, {"path": "/healthz"}],
    ("Process", "match"): ["celery -A tasks worker"],
    ("Api", "url"): ["http://127.0.0.1:8080"],
    ("Api", "headers"): [{"X-Api-Key": "${API_KEY}"}],
    ("Send", "body"): [{"phone": "{to}", "text": "{body}"}],
    ("Send", "accepted"): [[202]],
    ("Send", "id"): ["/data/id", {"header": "Location", "match": "[^/]+$"}],
    ("SendOf", "body"): [{"recipient": "{to}", "subject": "{subject}", "text": "{body}"}],
    ("Look", "path"): ["/notify/{id}"],
    ("Look", "status"): ["/data/status"],
    ("Look", "shows"): [{"body": "/data/text", "attachments": "/data/pictures"}],
    ("Webhook", "body"): [{"from": "{from}", "to": "{to}", "text": "{body}"}],
    ("Queue", "url"): ["redis://127.0.0.1:6379/0"],
    ("Queue", "kind"): ["celery"],
    ("Queue", "streams"): [{"sms": "jobs"}],
    ("Queue", "keys"): [{"sms": "mail"}],
    ("Queue", "message_id"): ["message_id", "/data/id"],
    ("Database", "url"): ["postgresql://app:${APP_PASSWORD}@127.0.0.1:5432/app"],
    ("Database", "columns"): [
        {"id": "job_id", "status": "state", "provider_id": "sid", "body": "text", "direction": ""}
    ],
    ("Database", "table"): ["notifications", 'app."Message"'],
    ("Statuses", "queued"): ["QUEUED", ["NEW", "QUEUED"], {"row": 0, "api": "pending"}],
    ("Statuses", "sent"): ["SENT", {"row": 2, "api": "sent"}],
    ("Providers", "accounts"): [{"twilio": "AC00000000000000000000000000000001", "sendgrid": "app"}],
    ("Messages", "recipients"): [{"sms": ["+15005550006"]}],
    ("Messages", "footer"): [{"sms": " -- ACME"}],
}
"""By the model's name and the key: what a value looks like. One of a key that there isn't (any more) is an error."""


def schema() -> dict[str, Any]:
    """The schema of version 2: every key with its meaning, its alternatives, its default and examples of it."""
    found = Profile.model_json_schema()
    tables = {"Profile": found, **found.get("$defs", {})}
    for model in models():
        properties = tables[model.__name__].get("properties", {})
        for name, field in model.model_fields.items():
            if any(isinstance(one, BeforeValidator) and one.func is one_or_more for one in field.metadata):
                one_may_stand_alone(properties[name])
    for (table, name), values in EXAMPLES.items():
        tables[table]["properties"][name]["examples"] = values
    for name, said in tables["SendOf"]["properties"].items():
        said["description"] = tables["Send"]["properties"][name]["description"]
    for table in tables.values():
        for said in table.get("properties", {}).values():
            without_null(said)
    found["$schema"] = DIALECT
    found["title"] = "Profile of a messaging stack"
    return found


def text() -> str:
    """The schema as the file that is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def models() -> Iterator[type[BaseModel]]:
    """Every table that a profile may have, the profile itself first."""
    seen: set[type[BaseModel]] = set()
    waiting: list[type[BaseModel]] = [Profile]
    while waiting:
        model = waiting.pop(0)
        if model in seen:
            continue
        seen.add(model)
        yield model
        for field in model.model_fields.values():
            waiting += models_in(field.annotation)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in typing.get_args(annotation):
        yield from models_in(one)


def one_may_stand_alone(said: dict[str, Any]) -> None:
    """Where a list is meant, one name may stand without brackets."""
    many = {key: said.pop(key) for key in ("type", "items", "minItems") if key in said}
    said["anyOf"] = [{"type": "string"}, many]


def without_null(said: dict[str, Any]) -> None:
    """TOML knows no null: what isn't there isn't written, or is ""."""
    kinds = [one for one in said.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1 and len(said["anyOf"]) > 1:
        del said["anyOf"]
        for key, value in kinds[0].items():
            said.setdefault(key, value)
    elif kinds:
        said["anyOf"] = kinds
    if said.get("default", ...) is None:
        del said["default"]
    elif "default" in said:
        said["default"] = filled(said["default"])


def filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: filled(one) for name, one in value.items() if one is not None}
    return value
