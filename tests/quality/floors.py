"""The floors of each package, from the top down: a room knows the floors below its own, and no other."""

from __future__ import annotations

from typing import Final

FLOORS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "harness": (
        ("commands",),
        ("shaking",),
        ("plugin", "load", "exploration", "campaign", "replay"),
        ("reports",),
        ("hindsight",),
        ("discovery",),
        ("session",),
        ("scenario",),
        ("deploy", "checks"),
        ("probes",),
        ("wire", "vitals", "record"),
        ("history", "profile", "results"),
        ("keeping", "content", "lint"),
        ("errors", "extras", "loop", "origin", "per_thread", "redact", "retry_after", "tls"),
        ("secret_text", "visible"),
    ),
    "messaging_stack": (
        ("cli",),
        ("api", "worker"),
        ("publishing", "delivery", "inbound", "reports"),
        ("database", "store", "queue", "providers", "migrations", "signatures", "retry"),
        ("settings", "status", "waiting", "batching"),
        ("errors", "logs", "metrics", "validation"),
    ),
    "mock_providers": (
        ("commands",),
        ("serving",),
        ("control",),
        ("world",),
        ("twilio.api", "sendgrid.api"),
        ("twilio.routes", "sendgrid.routes"),
        ("twilio.sending", "sendgrid.sending"),
        ("twilio.state", "sendgrid.state"),
        ("twilio.rules", "sendgrid.rules", "traffic"),
        ("faults",),
        ("journal",),
        ("client",),
        ("parts",),
    ),
}
ROOMS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "mock_providers": {
        "commands": ("cli", "commands"),
        "serving": ("app", "announcement", "in_process", "limited", "protocol", "server"),
        "world": ("config", "world"),
        "twilio.api": ("twilio.api", "twilio.front_door"),
        "twilio.sending": ("twilio.callbacks", "twilio.delivering", "twilio.overrides", "twilio.whatsapp"),
        "sendgrid.sending": ("sendgrid.events", "sendgrid.inbound_parse", "sendgrid.rendering", "sendgrid.templated"),
        "twilio.rules": (
            *("twilio.dialling", "twilio.errors", "twilio.numbers", "twilio.segments", "twilio.signature"),
            *("twilio.smart_encoding", "twilio.twiml"),
        ),
        "sendgrid.rules": (
            "sendgrid.activity_query",
            "sendgrid.errors",
            "sendgrid.optional_rules",
            "sendgrid.rules",
            "sendgrid.signature",
        ),
        "traffic": ("call", "exchange", "webhooks"),
        "client": ("client", "process", "pytest_plugin"),
        "parts": (
            *("accounts", "asgi", "at_once", "bodies", "checked", "client_json", "clock", "connection", "errors"),
            *("glob", "handlebars", "hosts", "lifecycle", "memory", "metrics", "own_body", "own_files", "packed"),
            *("posting", "redact", "secret_text", "spoilt", "targets", "unsupported", "visible"),
        ),
    },
}
"""Rooms that are several modules, which stand side by side for now; every other is named as what it is."""
CONTENT: Final = ("scenarios", "loadtests", "reports")
"""Folders of files that people read, copy and edit; nothing imports them, and they know the harness alone."""


def room_of(name: str, package: str) -> str | None:
    """The room that a module is in: the longest name that leads to it; None for a package's front door."""
    inner = name.removeprefix(package).lstrip(".")
    if inner in ("", "__main__") or (package == "mock_providers" and inner in ("twilio", "sendgrid")):
        return None
    own = ROOMS.get(package, {})
    rooms = [room for floor in FLOORS[package] for room in floor]
    leading = {place: room for room in rooms for place in own.get(room, (room,))}
    fitting = [place for place in leading if inner == place or inner.startswith(f"{place}.")]
    return leading[max(fitting, key=len)] if fitting else inner.partition(".")[0]


def picture(package: str) -> str:
    """The floors as ARCHITECTURE.md draws them."""
    rows = [" · ".join(rooms) for rooms in FLOORS[package]]
    width = max(map(len, [*rows, package])) + 2
    line = "─" * width
    walls = "\n".join(f"│{row:^{width}}│" for row in rows)
    return f"┌{f' {package} ':─^{width}}┐\n{walls}\n└{line}┘"
