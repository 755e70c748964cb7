"""A flow told in text: one event a line, with times from the first, for failure messages and `harness trace`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from harness.history.event import Event

DETAILS: dict[str, tuple[str, ...]] = {
    "api.requested": ("operation", "method", "path"),
    "api.answered": ("operation", "status", "message_status", "elapsed_ms"),
    "queue.appended": ("stream", "id", "process"),
    "queue.claimed": ("stream", "id", "process", "how"),
    "queue.acked": ("stream", "id", "process"),
    "queue.deleted": ("stream", "id", "process"),
    "database.inserted": ("new", "by"),
    "database.status": ("old", "new", "by"),
    "provider.called": ("provider", "endpoint", "to"),
    "provider.answered": ("provider", "status", "message", "error"),
    "callback.sent": ("provider", "what", "status"),
    "callback.answered": ("provider", "status", "error"),
    "worker.log": ("process", "text"),
    "fault.began": ("fault", "target"),
    "fault.hit": ("fault", "target"),
    "fault.left": ("fault", "target"),
    "fault.ended": ("fault", "target"),
    "process.started": ("process", "pid"),
    "process.exited": ("process", "pid", "code"),
    "queue.counted": ("stream", "length", "pending", "lag"),
    "probe.started": ("kinds",),
    "probe.gap": ("reason",),
    "clock.measured": ("offset_s", "error_s"),
    "part.died": ("part", "reason"),
    "test.looked": ("where", "saw", "statement"),
}

WIDEST = 96


def brief(event: Event) -> str:
    """What one event says, in a few words."""
    parts = []
    for name in DETAILS.get(event.kind, ()):
        value = event.data.get(name)
        if value not in (None, "", []):
            parts.append(f"{name}={shorten(value)}")
    return " ".join(parts)


def shorten(value: Any, width: int = 48) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def tell(events: Sequence[Event], *, witnesses: Iterable[Event] = (), start: float | None = None) -> str:
    """The events as lines `+12.3 ms  kind  details`, witnesses marked with `»`."""
    if not events:
        return "  (nothing was recorded)"
    chosen = {event.seq for event in witnesses}
    rows = sorted(events, key=lambda event: (event.at, event.seq))
    origin = rows[0].at if start is None else start
    lines = []
    for event in rows:
        mark = "»" if event.seq in chosen else " "
        offset = f"{(event.at - origin) * 1000:+9.1f} ms"
        lines.append(f"{mark} {offset}  {event.kind:<18} {brief(event)}"[:WIDEST].rstrip())
    return "\n".join(lines)


def last_words(events: Sequence[Event]) -> str:
    """What each source last said, one line a source."""
    newest: dict[str, Event] = {}
    for event in events:
        newest[event.source] = event
    if not newest:
        return "  (no source has said anything)"
    end = max(event.at for event in newest.values())
    return "\n".join(
        f"  {source:<12} {(event.at - end) * 1000:+9.1f} ms  {event.kind} {brief(event)}"[:WIDEST].rstrip()
        for source, event in sorted(newest.items())
    )
