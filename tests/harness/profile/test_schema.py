"""The profile's JSON Schema: it takes each profile of this checkout, and says all that an editor can show."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.profile import Profile
from harness.profile.explaining import known_keys
from harness.profile.schema import EXAMPLES, models, schema
from harness.profile.upgrading import upgraded

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = schema()


def profiles() -> Iterator[str]:
    listed = subprocess.run(["git", "ls-files", "*.toml"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and set(tomllib.loads(path.read_text(encoding="utf-8"))) <= set(known_keys(())):
            yield name


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert "null" not in str(SCHEMA)


@pytest.mark.parametrize("name", sorted(profiles()))
def test_it_takes_each_profile_of_the_checkout(name: str) -> None:
    table, _ = upgraded(tomllib.loads((ROOT / name).read_text(encoding="utf-8")))
    jsonschema.validate(table, SCHEMA)


def test_the_checkout_has_profiles() -> None:
    assert {"harness.toml", "examples/orders/orders.toml"} <= set(profiles())


@pytest.mark.parametrize(
    "table",
    [
        {"images": {"redis": "redis:7"}, "queue": {"dead": ""}},
        {"images": {"redis": ["redis:7", "redis:8"]}},
        {"statuses": {"queued": ["NEW", 0], "sent": {"row": 2, "api": ["sent", "done"]}, "order": [0, 1, 2]}},
        {"send": {"id": {"header": "Location", "match": "[^/]+$"}, "email": {"body": [{"to": "{to}"}]}}},
        {"send": {"id": "/data/id", "accepted": [202]}},
    ],
)
def test_it_takes_what_the_profile_takes(table: dict[str, Any]) -> None:
    jsonschema.validate(table, SCHEMA)
    Profile.model_validate(table)


@pytest.mark.parametrize(
    "table",
    [
        {"queue": {"strems": {}}},
        {"images": {"redis": []}},
        {"statuses": {"queued": {"rwo": 1}}},
        {"statuses": {"queued": []}},
        {"send": {"method": "FETCH"}},
        {"send": {"id": "id"}},
        {"send": {"id": {"heder": "Location"}}},
        {"send": {"accepted": [20]}},
        {"version": 3},
        {"processes": {"api": {"command": []}}},
    ],
)
def test_it_refuses_what_the_profile_refuses(table: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(table, SCHEMA)
    with pytest.raises(ValueError, match="validation error"):
        Profile.model_validate(table)


def test_every_key_is_explained() -> None:
    tables = {"Profile": SCHEMA, **SCHEMA["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, table in tables.items()
        for key, said in table.get("properties", {}).items()
        if not said.get("description") and not any("$ref" in one for one in (said, *said.get("allOf", ())))
    ]
    assert silent in ([], ["Profile.processes"])


@pytest.mark.parametrize(("table", "key"), EXAMPLES)
def test_each_example_is_one(table: str, key: str) -> None:
    said = SCHEMA if table == "Profile" else SCHEMA["$defs"][table]
    assert said["properties"][key]["examples"] == EXAMPLES[table, key]
    whole = {**said["properties"][key], "$defs": SCHEMA["$defs"]}
    for example in EXAMPLES[table, key]:
        jsonschema.validate(example, whole)


def test_its_tables_are_the_models() -> None:
    assert {model.__name__ for model in models()} == {"Profile", *SCHEMA["$defs"]}
