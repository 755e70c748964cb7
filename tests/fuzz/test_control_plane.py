"""The control plane, fuzzed from its own OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from target import Target

ROUND = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def test_every_operation(target: Target, http: httpx.Client, share: Callable[[], bool]) -> None:
    schema = schemathesis.openapi.from_dict(http.get("/_mock/openapi.json").json())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 25
    while True:
        for operation in operations:
            run(operation, target, http)
        if not share():
            return


def run(operation: Any, target: Target, http: httpx.Client) -> None:
    known = {"account": (target.twilio.name, target.sendgrid.name), "provider": ("twilio", "sendgrid")}

    @ROUND
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        for name, values in known.items():
            # half of the time one that exists, so that what lies behind is reached
            if name in (case.path_parameters or {}) and len(str(case.path_parameters[name])) % 2:
                case.path_parameters[name] = values["sendgrid" in operation.path]
        if operation.path == "/_mock/wait":
            case.query = {**(case.query or {}), "within": 0.01}
        request = case.as_transport_kwargs(base_url=target.server.url)
        if operation.path == "/_mock/accounts" and isinstance(case.body, dict):
            # no account may be made that later rounds can't tell from their own
            case.body.pop("account_sid", None)
        response = http.request(
            request["method"],
            request["url"],
            params=request.get("params"),
            json=request.get("json"),
            content=request.get("data") if isinstance(request.get("data"), bytes | str) else None,
            headers={"content-type": "application/json"},
        )
        assert response.status_code < 500, response.text
        assert str(response.status_code) in operation.definition.raw["responses"], response.text
        if response.status_code >= 400:
            assert {"error", "hint"} <= set(response.json())

    send()
    http.request("DELETE", "/_mock/faults")
    for gate in http.get("/_mock/gates").json()["gates"]:
        http.delete(f"/_mock/gates/{gate['id']}")
