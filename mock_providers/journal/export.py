"""The record in other forms: JSON lines, and HAR for tools that show HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mock_providers.journal.filter import DAMAGED, UNREADABLE

Entry = dict[str, Any]


def json_lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    for entry in entries:
        yield json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def har(entries: Iterable[Entry]) -> Iterator[bytes]:
    """A HAR 1.2 archive: vendor calls and webhooks, each with its answer; piece by piece.

    The numbers of entries that can't be shown so stand in `_damaged`.
    """
    yield b'{"log":{"version":"1.2","creator":{"name":"mock-providers","version":"1"},"entries":['
    waiting: dict[int, Entry] = {}
    odd: list[int] = []
    first = True
    for entry in entries:
        if entry["type"] in {"called", "callback.sent"}:
            waiting[entry["call"]] = entry
        elif entry["call"] in waiting:
            asked = waiting.pop(entry["call"])
            try:
                shown = json.dumps(_exchange(asked, entry), separators=(",", ":")).encode()
            except UNREADABLE:
                odd += [asked["seq"], entry["seq"]]
                continue
            yield shown if first else b"," + shown
            first = False
        elif entry["type"] == DAMAGED:
            odd.append(entry["seq"])
    yield b"]" + (b',"_damaged":%b' % json.dumps(odd).encode() if odd else b"") + b"}}"


def _exchange(asked: Entry, answered: Entry) -> Entry:
    outgoing = asked["type"] == "callback.sent"
    url = asked["url"] if outgoing else f"http://mock-providers{asked['path']}"
    headers = [{"name": name, "value": value} for name, value in asked.get("headers", {}).items()]
    request: Entry = {
        "method": asked.get("method", "POST"),
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": [
            {"name": name, "value": value} for name, value in parse_qsl(url.partition("?")[2], keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": -1,
    }
    if asked["params"]:
        form = asked["provider"] == "twilio" and isinstance(asked["params"], dict)
        text = urlencode(asked["params"], doseq=True, errors="replace") if form else json.dumps(asked["params"])
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        request["postData"] = {"mimeType": kind, "text": text}
    return {
        "startedDateTime": datetime.fromtimestamp(asked["at"], UTC).isoformat(),
        "time": answered["elapsed_ms"],
        "request": request,
        "response": {
            "status": answered["status"] or 0,
            "statusText": str(answered.get("outcome") or answered.get("error") or ""),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [],
            "content": {"size": -1, "mimeType": "", "text": answered.get("reply", "")},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": answered["elapsed_ms"], "receive": 0},
        "_seq": asked["seq"],
        "_provider": asked["provider"],
        "_account": asked["account"],
        "_message": answered.get("message"),
    }
