"""What becomes of a message after it was accepted, and when: the account's script."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from mock_providers.checked import LARGEST
from mock_providers.errors import ConfigError

DEFAULT_DELAY = (0.01, 0.05)
"""Seconds between two steps where a script names none: soon, but not at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One status, the seconds since the step before it (a range is drawn from, seeded), and an error code."""

    status: str
    after: tuple[float, float] = DEFAULT_DELAY
    error_code: int | None = None

    def delay(self, rng: Random) -> float:
        least, most = self.after
        return least if least == most else rng.uniform(least, most)


@dataclass(frozen=True, slots=True)
class Due:
    """A step of one message, at a time by its account's clock."""

    at: float
    status: str
    error_code: int | None = None


Script = tuple[Step, ...]
Plan = tuple[Due, ...]


def plan_from(script: Script, *, now: float, rng: Random) -> Plan:
    """The steps of a script as times, for a message accepted now."""
    due: list[Due] = []
    for step in script:
        now += step.delay(rng)
        due.append(Due(now, step.status, step.error_code))
    return tuple(due)


def parse_script(value: Any, *, named: dict[str, Script], statuses: frozenset[str], where: str) -> Script:
    """Reads a lifecycle setting: 'manual' is the empty script, a final status a whole default path to it."""
    if isinstance(value, str) and value in named:
        return named[value]
    if isinstance(value, list | tuple):
        return tuple(_step(item, statuses=statuses, where=f"{where}[{n}]") for n, item in enumerate(value))
    raise ConfigError(f"{where} must be one of {', '.join(named)}, or a list of [status, after_s] steps")


def _step(item: Any, *, statuses: frozenset[str], where: str) -> Step:
    match item:
        case {"status": status, **rest}:
            after, code = rest.get("after_s", 0), rest.get("error_code")
        case [status, after, code]:
            pass
        case [status, after]:
            code = None
        case _:
            raise ConfigError(f"{where} must be [status, after_s] or [status, after_s, error_code], saw {item!r}")
    if not isinstance(status, str) or status not in statuses:
        raise ConfigError(f"{where}: unknown status {status!r}; expected one of {', '.join(sorted(statuses))}")
    if code is not None and not isinstance(code, int):
        raise ConfigError(f"{where}: error_code must be a whole number, saw {code!r}")
    return Step(status, _range(after, where), code)


def _range(after: Any, where: str) -> tuple[float, float]:
    bounds = after if isinstance(after, list | tuple) else [after, after]
    match bounds:
        case [int() | float() as least, int() | float() as most] if 0 <= least <= most <= LARGEST:
            return float(least), float(most)
    raise ConfigError(f"{where}: after_s must be seconds or [least, most], saw {after!r}")
