"""Replaying a record: what was answered badly then is answered badly again, in the same order."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from mock_providers.errors import ControlError

_TEXT = 16_000
"""Characters of a text that tell a call from others: a fault's text is a part of it."""
_DISTURBED = {"reset": "reset", "empty": "empty", "truncated": "truncate"}


def faults_from(lines: bytes, *, account: str | None, timing: bool = False) -> list[dict[str, Any]]:
    """The faults that make a server answer as the record says.

    Calls are told apart by provider, endpoint, recipient and text. One that failed becomes a fault for its
    turn among its like; one that succeeded is processed again. With `timing` every answer takes as long as it did.
    """
    turns: Counter[tuple[Any, ...]] = Counter()
    calls: dict[int, dict[str, Any]] = {}
    faults: list[dict[str, Any]] = []
    for number, line in enumerate(lines.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            kind, call = entry["type"], entry["call"]
            if kind == "called":
                calls[call] = entry
            elif kind == "answered" and call in calls:
                fault = _fault(calls.pop(call), entry, turns, account=account, timing=timing)
                if fault is not None:
                    faults.append(fault)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ControlError(
                f"line {number} is not an entry of a journal", hint="send what GET /_mock/export gave", status=400
            ) from None
    return faults


def _fault(
    called: dict[str, Any],
    answered: dict[str, Any],
    turns: Counter[tuple[Any, ...]],
    *,
    account: str | None,
    timing: bool,
) -> dict[str, Any] | None:
    to = called["to"][0] if called["to"] else None
    own = account if account is not None else called["account"]
    match = {"provider": called["provider"], "account": own, "endpoint": called["endpoint"]}
    match |= {"to": to, "text": called["text"] and called["text"][:_TEXT]}
    alike = tuple(match.values())
    turns[alike] += 1
    fault: dict[str, Any] = {
        "match": {name: value for name, value in match.items() if value},
        "nth": turns[alike],
    }
    if timing:
        fault["latency_s"] = answered["elapsed_ms"] / 1000
    disturbed = _DISTURBED.get(answered["outcome"])
    if disturbed is not None:
        fault[disturbed] = True
        if answered["message"] and disturbed != "truncate":
            fault["accept"] = True
    elif answered["status"] is not None and answered["status"] >= 400:
        fault |= {"status": answered["status"]}
        name = "message" if called["provider"] == "sendgrid" else "code"
        if answered["error"] is not None:
            fault[name] = answered["error"]
        if answered["message"]:
            fault["accept"] = True
    elif not timing:
        return None
    return fault
