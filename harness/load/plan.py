"""What a load run is asked to do, in a form that every generating process can be sent."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, get_args
from uuid import NAMESPACE_URL, UUID, uuid5

from harness.errors import UsageError
from harness.profile.base import CHANNELS, Channel

Kind = Literal["api", "queue", "webhook"]
Shape = Literal["constant", "ramp", "spike"]
Gaps = Literal["poisson", "uniform"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MIX: Final[Mapping[Kind, float]] = {"api": 8.0, "queue": 1.0, "webhook": 1.0}
"""Who sends where nobody says."""
EACH: Final[Mapping[Kind, tuple[Channel, ...]]] = {"api": CHANNELS, "queue": CHANNELS, "webhook": ("sms",)}
"""What each kind of user sends to a stack that has every channel."""

MOST_MESSAGES = 200_000
MOST_USERS = 1000
"""Of each kind, in all processes together."""
LONGEST = 3600.0
DIGITS = string.digits + string.ascii_lowercase


def nonce() -> str:
    """Four characters that tell one run's tokens from another's."""
    return "".join(secrets.choice(DIGITS) for _ in range(4))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The load of one run. The same seed gives the same arrivals, whatever the number of processes."""

    rate: float = 100.0
    """Messages a second at the plateau."""
    duration: float = 60.0
    shape: Shape = "constant"
    gaps: Gaps = "poisson"
    seed: int = 1
    mix: Mapping[Kind, float] = field(default_factory=lambda: dict(MIX))
    channels: Mapping[Kind, Sequence[Channel]] = field(default_factory=lambda: dict(EACH))
    """In what each kind of user sends."""
    patience: float = 5.0
    """A start that is later than this is dropped."""
    nonce: str = field(default_factory=nonce)

    def __post_init__(self) -> None:
        for name, most in (("rate", 100_000.0), ("duration", LONGEST), ("patience", LONGEST)):
            value = getattr(self, name)
            if not 0 < value <= most:
                raise UsageError(f"{name} {value:g} is out of range; give one above 0 and up to {most:g}")
        for name, known in (("shape", get_args(Shape)), ("gaps", get_args(Gaps))):
            if getattr(self, name) not in known:
                raise UsageError(f"{name} {getattr(self, name)!r} isn't known; known are {', '.join(known)}")
        if unknown := set(self.mix) - set(KINDS):
            raise UsageError(f"no such user {', '.join(sorted(unknown))}; known are {', '.join(KINDS)}")
        if any(weight < 0 for weight in self.mix.values()) or not sum(self.mix.values()):
            raise UsageError("the mix of users needs weights of 0 or more, and one above 0; write api=8,queue=1")

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of user that send anything."""
        return [kind for kind in KINDS if self.mix.get(kind, 0) > 0]

    def of(self, kind: Kind) -> tuple[Channel, ...]:
        """The channels in which a kind of user sends."""
        return tuple(self.channels.get(kind, ()))

    def again(self) -> Plan:
        """The same load with tokens of its own."""
        return replace(self, nonce=nonce())

    def token(self, number: int) -> str:
        """The mark in the body of an arrival's message; the harness's probes know it by its form."""
        digits = ""
        while number:
            number, digit = divmod(number, 36)
            digits = DIGITS[digit] + digits
        return f"#h{self.nonce}{digits:0>6}"

    def message_id(self, number: int) -> UUID:
        """The id of an arrival's prepared row."""
        return uuid5(NAMESPACE_URL, self.token(number))

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Plan:
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields)


def parse_mix(text: str) -> dict[Kind, float]:
    """`api=8,queue=1` as weights; a name alone weighs 1."""
    mix: dict[Kind, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, weight = part.partition("=")
        kind = next((kind for kind in KINDS if kind == name), None)
        if kind is None:
            raise UsageError(f"no such user {name!r}; known are {', '.join(KINDS)}")
        try:
            mix[kind] = float(weight) if equals else 1.0
        except ValueError:
            raise UsageError(f"{part!r} has no number for a weight; write {name}=1") from None
    return mix
