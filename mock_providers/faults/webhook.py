"""What can go wrong with a webhook on its way to the stack."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError
from mock_providers.faults.latency import LONGEST_S

SIGNATURES = ("tampered", "missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFault:
    """Dropped, late, repeated, after its successor, badly signed, stale, in pieces, or without its message id."""

    drop: bool = False
    delay_s: float = 0.0
    duplicate: int = 1
    reorder: bool = False
    signature: str | None = None
    stale_s: float = 0.0
    split: bool = False
    without_message_id: bool = False

    @classmethod
    def read(cls, value: object) -> WebhookFault:
        given = Checked(value, where="fault: webhook")
        signature = given.optional_text("signature")
        if signature is not None and signature not in SIGNATURES:
            raise given.wrong("signature", f"one of {', '.join(SIGNATURES)}", signature)
        fault = cls(
            drop=given.flag("drop", False),
            delay_s=given.number("delay_s", 0.0) or 0.0,
            duplicate=given.integer("duplicate", 1, least=1) or 1,
            reorder=given.flag("reorder", False),
            signature=signature,
            stale_s=given.number("stale_s", 0.0) or 0.0,
            split=given.flag("split", False),
            without_message_id=given.flag("without_message_id", False),
        )
        given.done()
        if fault == cls():
            raise ConfigError("fault: webhook does nothing; give it drop, delay_s, duplicate, reorder, …")
        if fault.duplicate > 100 or fault.delay_s > LONGEST_S:
            raise ConfigError(f"fault: webhook: at most 100 duplicates and {LONGEST_S:g} s of delay")
        return fault

    def effects(self) -> dict[str, Any]:
        """What it changes, by name, but for the delay."""
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if one.name != "delay_s" and getattr(self, one.name) != one.default
        }

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
