"""What an API's own description says of a profile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.discovery import openapi
from harness.discovery.draft import Draft
from harness.discovery.operations import Operation, apply, put_send

NOTIFY: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/login": {"post": {"requestBody": {"content": {"application/json": {"schema": {"properties": {"to": {}}}}}}}},
        "/notify": {
            "post": {
                "parameters": [{"name": "X-Idempotency-Key", "in": "header"}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}}},
                "responses": {
                    "202": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}},
                    "422": {},
                },
            }
        },
        "/notify/{key}": {
            "get": {
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}}
                }
            }
        },
        "/hooks/twilio": {"post": {}},
        "/healthz": {"get": {}},
    },
    "components": {
        "schemas": {
            "Asked": {
                "properties": {"phone": {"type": "string"}, "text": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                "required": ["phone", "text"],
            },
            "Job": {"properties": {"job": {"$ref": "#/components/schemas/Inner"}}},
            "Inner": {"properties": {"id": {"type": "string"}, "state": {"enum": ["QUEUED", "SENT"]}}},
        }
    },
}


def drafted(document: Any) -> Draft:
    found = openapi.parsed(json.dumps(document))
    assert found is not None
    draft = Draft()
    apply(openapi.operations(found, why="OpenAPI"), draft)
    return draft


def test_a_send_is_found_with_its_body_and_its_places() -> None:
    draft = drafted(NOTIFY)
    assert draft.get("send", "path") == "/notify"
    assert draft.get("send", "body") == {"phone": "{to}", "text": "{body}"}
    assert (draft.get("send", "id"), draft.get("send", "status")) == ("/job/id", "/job/state")
    assert draft.get("send", "idempotency") == "X-Idempotency-Key"
    assert (draft.get("look", "path"), draft.get("look", "status")) == ("/notify/{id}", "/job/state")
    assert draft.get("api", "ready") == "/healthz"
    assert draft.get("webhooks", "sms", "path") == "/hooks/twilio"
    assert draft.get("webhooks", "email", "path") == ""
    assert draft.get("claims", "channels") == ["sms"]
    assert draft.guesses["send", "path"].why == "OpenAPI: POST /notify takes phone, text"


def test_what_nobody_can_fill_is_told() -> None:
    document = json.loads(json.dumps(NOTIFY))
    asked = document["components"]["schemas"]["Asked"]
    asked["properties"]["campaign"] = {"type": "integer"}
    asked["required"].append("campaign")
    draft = drafted(document)
    assert draft.get("send", "body") == {"phone": "{to}", "text": "{body}", "campaign": 1}
    assert draft.guesses["send", "body"].sure == "guess"
    assert "look what campaign must be" in draft.guesses["send", "body"].why


def test_swagger_2_with_a_form() -> None:
    fields = [{"name": name, "in": "formData", "type": "string", "required": True} for name in ("recipient", "message")]
    document = {
        "swagger": "2.0",
        "basePath": "/v1",
        "paths": {"/sms": {"post": {"parameters": fields, "responses": {}}}},
    }
    draft = drafted(document)
    assert draft.get("send", "path") == "/v1/sms"
    assert draft.get("send", "format") == "form"
    assert draft.get("send", "body") == {"recipient": "{to}", "message": "{body}"}


def test_a_list_of_recipients_and_a_table_within() -> None:
    schema = {
        "properties": {
            "message": {
                "properties": {"to": {"type": "array"}, "body": {"type": "string"}, "subject": {}},
                "required": ["to"],
            }
        }
    }
    body = {"content": {"application/json": {"schema": schema}}}
    draft = drafted(
        {"openapi": "3.0.0", "paths": {"/emails": {"post": {"requestBody": body, "responses": {"201": {}}}}}}
    )
    assert draft.get("send", "body") == {"message": {"to": ["{to}"], "body": "{body}", "subject": "{subject}"}}
    assert draft.get("claims", "channels") == ["email"]


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", '{"paths": {}}', '{"openapi": "3.0.0"}', '{"openapi": "3", "paths": []}', "[" * 5000],
)
def test_what_is_no_description(text: str) -> None:
    assert openapi.parsed(text) is None


def test_a_description_that_refers_to_itself_ends() -> None:
    loop = {"$ref": "#/components/schemas/A"}
    document = {
        "openapi": "3.0.0",
        "paths": {
            "/send": {"post": {"requestBody": {"content": {"application/json": {"schema": loop}}}}},
            "/x": [],
            "/y": None,
        },
        "components": {"schemas": {"A": {"properties": {"to": {"type": "string"}, "body": {}, "a": loop}}}},
    }
    draft = drafted(document)
    assert draft.get("send", "path") == "/send"
    assert drafted({**document, "components": {"schemas": {"A": loop}}}).get("send", "path") == "/send"


@pytest.mark.parametrize(
    ("headers", "key", "claims", "open_ones"),
    [
        (("Idempotency-Key",), "Idempotency-Key", None, False),
        (("X-Trace", "X-Request-Key"), "X-Request-Key", None, False),
        ((), "", False, False),
        (("X-Trace",), None, None, True),  # who takes a header that nobody knows may take a key by it
    ],
)
def test_the_header_of_a_key_is_told_by_its_name(
    headers: tuple[str, ...], key: str | None, claims: bool | None, open_ones: bool
) -> None:
    draft = Draft()
    put_send(Operation(method="POST", path="/x", why="read", body={"to": "string"}, headers=headers), draft)
    assert draft.get("send", "idempotency") == key
    assert draft.get("claims", "idempotency") == claims
    assert (("send", "idempotency") in draft.open) is open_ones
