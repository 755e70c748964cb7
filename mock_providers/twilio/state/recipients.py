"""Settings about single recipients: which sends are refused, and what becomes of the ones that aren't."""

from __future__ import annotations

from dataclasses import dataclass

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError
from mock_providers.glob import fits
from mock_providers.lifecycle import Script, Step
from mock_providers.twilio.errors import ERRORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Sends to (and from) a pattern are refused with this error code: regions, landlines, full queues."""

    to: str
    from_: str
    code: int

    def meets(self, to: str, sender: str | None) -> bool:
        return fits(self.to, to) and fits(self.from_, sender or "")

    @classmethod
    def read_all(cls, given: Checked, name: str) -> tuple[Refusal, ...]:
        found = []
        for where, item in items(given, name):
            one = Checked(item, where=where)
            code = one.integer("code")
            if code not in ERRORS:
                raise one.wrong("code", "an error code of the table in docs/twilio-products.md", code)
            found.append(cls(to=one.glob("to", "*"), from_=one.glob("from", "*"), code=code))
            one.done()
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Messages to a pattern end in this status, with this error code."""

    to: str
    status: str
    error_code: int | None

    @classmethod
    def read_all(cls, given: Checked, name: str) -> tuple[Fate, ...]:
        found = []
        for where, item in items(given, name):
            one = Checked(item, where=where)
            status = one.text("status")
            if status not in _PATHS:
                raise one.wrong("status", f"one of {', '.join(_PATHS)}", status)
            found.append(cls(to=one.glob("to"), status=status, error_code=one.integer("error_code")))
            one.done()
        return tuple(found)

    def script(self) -> Script:
        *before, last = _PATHS[self.status]
        return (*map(Step, before), Step(last, error_code=self.error_code))


_PATHS: dict[str, tuple[str, ...]] = {
    "sent": ("sent",),
    "delivered": ("sent", "delivered"),
    "undelivered": ("sent", "undelivered"),
    "failed": ("failed",),
    "read": ("sent", "delivered", "read"),
}


def items(given: Checked, name: str) -> list[tuple[str, object]]:
    """A setting's tables, each with its place for error messages; raises ConfigError if it is no list."""
    value = given.any(name, [])
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{given.where}: {name} must be a list of tables, saw {value!r}")
    return [(f"{given.where}: {name} {n}", item) for n, item in enumerate(value, 1)]
