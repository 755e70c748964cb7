"""The floors of each package, from the top down: a room knows the floors below its own, and no other."""

from __future__ import annotations

from typing import Final

FLOORS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "harness": (
        ("commands",),
        ("plugin", "load", "exploration"),
        ("reports",),
        ("session",),
        ("scenario",),
        ("deploy", "checks"),
        ("probes",),
        ("wire", "vitals"),
        ("history", "profile", "results"),
        ("keeping", "content"),
        ("errors", "extras", "loop", "redact", "tls"),
    ),
    "messaging_stack": (
        ("cli",),
        ("api", "worker"),
        ("publishing", "delivery", "inbound", "reports"),
        ("database", "store", "queue", "providers", "migrations", "signatures", "retry"),
        ("settings", "status", "waiting", "batching"),
        ("errors", "logs", "metrics", "validation"),
    ),
}
CONTENT: Final = ("scenarios", "loadtests", "reports")
"""Folders of files that people read, copy and edit; nothing imports them, and they know the harness alone."""


def picture(package: str) -> str:
    """The floors as ARCHITECTURE.md draws them."""
    rows = [" · ".join(rooms) for rooms in FLOORS[package]]
    width = max(map(len, [*rows, package])) + 2
    line = "─" * width
    walls = "\n".join(f"│{row:^{width}}│" for row in rows)
    return f"┌{f' {package} ':─^{width}}┐\n{walls}\n└{line}┘"
