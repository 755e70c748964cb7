"""A verification harness for asynchronous messaging backends.

The names a scenario needs are here; they are loaded when first used, so that the small processes of a deployment stay
small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.scenario.expectations import accepted, acknowledged, claimed, provider_called, queued, status
    from harness.scenario.messages import Message, email, mms, sms
    from harness.scenario.stack import Stack
    from harness.scenario.tracked import TrackedFlow

_HOMES = {
    "harness.scenario.expectations": ("accepted", "acknowledged", "claimed", "provider_called", "queued", "status"),
    "harness.scenario.messages": ("Message", "email", "mms", "sms"),
    "harness.scenario.stack": ("Stack",),
    "harness.scenario.tracked": ("TrackedFlow",),
}

__all__ = [
    "Message",
    "Stack",
    "TrackedFlow",
    "accepted",
    "acknowledged",
    "claimed",
    "email",
    "mms",
    "provider_called",
    "queued",
    "sms",
    "status",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
