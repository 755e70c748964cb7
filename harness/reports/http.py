"""What stack and providers said to each other, as HTTP reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.history import Event, Flow

ANSWERS = {"provider.called": "provider.answered", "callback.sent": "callback.answered"}


def exchanges(flow: Flow, *, start: float) -> str:
    """Every provider call and callback of a message: request, answer, and when, counted from `start`; or nothing."""
    parts = []
    for asked in flow.of(*ANSWERS):
        answers = [e for e in flow.of(ANSWERS[asked.kind]) if e.data.get("call") == asked.data.get("call")]
        parts.append("\n".join([*request(asked, start), "", *answer(answers, start)]))
    return "\n\n\n".join(parts)


def request(event: Event, start: float) -> list[str]:
    data = event.data
    url = urlsplit(str(data.get("url") or data.get("path") or ""))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"# {(event.at - start) * 1000:+.1f} ms, {event.kind}, {data.get('provider')}"]
    lines.append(f"{data.get('method') or 'POST'} {target} HTTP/1.1")
    headers: Mapping[str, Any] = data.get("headers") or ({"host": url.netloc} if url.netloc else {})
    lines += [f"{name}: {value}" for name, value in headers.items()]
    params = data.get("params")
    return [*lines, "", *body(params)] if params else lines


def body(params: Any) -> list[str]:
    """A form a field a line, anything deeper as JSON."""
    if isinstance(params, Mapping) and not any(isinstance(value, Mapping) for value in flattened(params)):
        return [f"{name}={value}" for name, given in params.items() for value in listed(given)]
    return json.dumps(params, indent=2, ensure_ascii=False, default=str).splitlines()


def flattened(params: Mapping[str, Any]) -> list[Any]:
    return [value for given in params.values() for value in listed(given)]


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def answer(events: list[Event], start: float) -> list[str]:
    """The answer's line, and what the journal kept of it."""
    if not events:
        return ["# no answer was recorded"]
    event, data = events[-1], events[-1].data
    status = data.get("status")
    lines = [f"# {(event.at - start) * 1000:+.1f} ms"]
    lines.append(f"HTTP/1.1 {status}" if status else f"# nothing was answered: {data.get('outcome') or 'unknown'}")
    kept = ("message", "error", "elapsed_ms")
    return [*lines, *(f"# {name}: {data[name]}" for name in kept if data.get(name) is not None)]
