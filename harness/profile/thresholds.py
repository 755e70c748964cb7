"""What a load is asked to hold, as a line of words: `p99 of sent <= 500 ms`, `lost = 0`, `rate >= 200`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import field_validator

from harness.profile.base import Section

STAGES: Final = ("accepted", "queued", "called", "sent", "stored")
"""What a message comes to, in the words of a load's table."""
COUNTS: Final = ("lost", "failed", "dead", "duplicated", "unexpected", "unrecorded", "unfinished", "refused")
"""Numbers of the account that may be bounded."""
UNITS: Final = {"ms": 0.001, "s": 1.0}
MOST: Final = {"<=", "="}
FORMS: Final = "write 'p99 of sent <= 500 ms', 'max of api accepted <= 2 s', 'lost = 0' or 'rate >= 200'"
KINDS: Final = ("api", "queue", "webhook")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One of them: a latency of a stage in seconds, a count, or the messages sent a second, and its limit."""

    kind: Literal["latency", "count", "rate"]
    limit: float
    text: str
    stage: str = ""
    """The stage of a latency, or the word of a count."""
    user: str = ""
    """Of a latency: the kind of user whose messages it is of; "" for all."""
    percent: float = 100.0
    """Of a latency: how many percent of the messages don't exceed the limit."""


def threshold(text: str) -> Threshold:
    """The threshold that a line says; raises ValueError, with how to write one, for anything else."""
    words = text.replace("≤", " <= ").replace("≥", " >= ").replace("<=", " <= ").replace(">=", " >= ").split()
    plain = " ".join(words)
    match words:
        case ["rate", ">=", number] | ["rate", ">=", number, "/s"]:
            return Threshold("rate", amount(number, text), plain)
        case [word, "=", "0"] if word in COUNTS:
            return Threshold("count", 0.0, plain, stage=word)
        case [word, "<=", number] if word in COUNTS:
            return Threshold("count", amount(number, text), plain, stage=word)
        case [quantile, "of", *of, "<=", number, unit] if unit in UNITS:
            user, stage = (of[0], of[1]) if len(of) == 2 else ("", of[0] if of else "")
            if stage not in STAGES or (user and user not in KINDS) or len(of) > 2:
                raise ValueError(
                    f"{text!r} names no stage; known are {', '.join(STAGES)}, and {', '.join(KINDS)} before"
                )
            seconds = amount(number, text) * UNITS[unit]
            return Threshold("latency", seconds, plain, stage=stage, user=user, percent=percent(quantile, text))
    raise ValueError(f"{text!r} is no threshold; {FORMS}")


def amount(number: str, text: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"{number!r} in {text!r} is no number of 0 or more; {FORMS}")
    return value


def percent(word: str, text: str) -> float:
    if word in ("max", "p100"):
        return 100.0
    digits = word.removeprefix("p")
    if digits != word and digits.replace(".", "", 1).isdecimal() and 0 < float(digits) < 100:
        return float(digits)
    raise ValueError(f"{word!r} in {text!r} is no quantile; write p50, p99, p99.9 or max")


class Load(Section):
    """What `harness load` and `harness capacity` ask of the stack."""

    thresholds: list[str] = []
    """What must hold under load, a line each: `"p99 of sent <= 500 ms"`, `"lost = 0"`, `"rate >= 200"`."""

    @field_validator("thresholds")
    @classmethod
    def _known(cls, thresholds: list[str]) -> list[str]:
        for text in thresholds:
            threshold(text)
        return thresholds
