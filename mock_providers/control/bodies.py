"""What a call carried: its body, its attachments, and what its recipients would see."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from mock_providers import client_json
from mock_providers.control.answers import answer
from mock_providers.control.calls import cursor
from mock_providers.errors import ControlError
from mock_providers.sendgrid.rendering import aside
from mock_providers.sendgrid.rendering import rendered as rendered_mails
from mock_providers.twilio.segments import count_segments
from mock_providers.world import World


async def body(world: World, request: Request) -> Response:
    """The body of a call, as it came where it was long, else as the journal's entry has it."""
    entry = _entry(world, request)
    kept = world.bodies.get(entry["seq"])
    kind = entry["headers"].get("content-type", "application/octet-stream")
    if kept is None:
        params = entry["params"]
        if entry["provider"] == "twilio" and isinstance(params, dict):
            kept = urlencode(params, doseq=True, errors="replace").encode()
        else:
            kept = params.encode("utf-8", "replace") if isinstance(params, str) else json.dumps(params).encode()
    return Response(kept, headers={"content-type": "text/plain; charset=utf-8", "x-original-content-type": kind})


async def attachment(world: World, request: Request) -> Response:
    """One attachment of a mail, decoded."""
    attachments = _mail(world, request).get("attachments")
    n = cursor(request.path_params["n"], name="attachment")
    try:
        found = attachments[n]  # type: ignore[index]  # reason: whatever it is, it may not have one
        content = b64decode(found["content"], validate=True)
    except (KeyError, IndexError, TypeError, ValueError):
        raise ControlError("there is no such attachment", hint="they are counted from 0", status=404) from None
    name = quote(str(found.get("filename", "attachment")), safe="", errors="replace")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "x-content-type-options": "nosniff"}
    return Response(content, media_type="application/octet-stream", headers=headers)


async def rendered(world: World, request: Request) -> Response:
    """Subject and contents of a mail, for each of its personalizations; `left_out` is how many more there are."""
    entry, payload = _entry(world, request), _mail(world, request)
    account = world.sendgrid.get(str(entry["account"]))
    templates = account.templates if account is not None else {}
    try:
        mails, left_out = await aside(partial(rendered_mails, payload, templates))
    except (AttributeError, TypeError, RecursionError):
        raise ControlError("the call is not a mail that could be sent", hint="see its answer") from None
    return answer({"mails": mails, "left_out": left_out})


async def segments(world: World, request: Request) -> Response:  # noqa: ARG001  # reason: a view's shape
    """How many segments a text takes, and in which encoding."""
    counted = count_segments(request.query_params.get("text", ""))
    return answer({"encoding": counted.encoding, "units": counted.units, "count": counted.count})


def _mail(world: World, request: Request) -> dict[str, Any]:
    entry = _entry(world, request)
    kept = world.bodies.get(entry["seq"])
    try:
        payload = client_json.read(kept) if kept is not None else entry["params"]
    except ValueError:
        payload = None
    if entry["endpoint"] != "mail.send" or not isinstance(payload, dict):
        raise ControlError("the call is not a mail", hint="give the call of a mail.send", status=404)
    return payload


def _entry(world: World, request: Request) -> dict[str, Any]:
    entry = world.journal.entry(cursor(request.path_params["call"], name="call"))
    if entry is None or entry["type"] != "called" or not _is_call(entry):
        raise ControlError("there is no such call", hint="GET /_mock/calls?type=called lists them", status=404)
    return entry


def _is_call(entry: dict[str, Any]) -> bool:
    """Whether an entry has what every call has; a journal's file may hold others."""
    return isinstance(entry.get("headers"), dict) and "params" in entry and "endpoint" in entry
