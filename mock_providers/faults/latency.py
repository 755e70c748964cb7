"""How long a disturbed call takes: always the same, or drawn from a distribution with a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from mock_providers.errors import ConfigError

LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds: `fixed`, `uniform` between two, `normal` (mean, deviation; never below 0) or `exponential` (mean)."""

    kind: str = "fixed"
    first: float = 0.0
    second: float = 0.0

    @classmethod
    def read(cls, value: Any, *, where: str) -> Latency:
        """A number of seconds, or {"uniform": [a, b]}, {"normal": [mean, deviation]}, {"exponential": mean}."""
        match value:
            case bool():
                pass
            case int() | float() if 0 <= value <= LONGEST_S:
                return cls(first=float(value))
            case {"exponential": int() | float() as mean, **rest} if not rest and 0 <= mean <= LONGEST_S:
                return cls(kind="exponential", first=float(mean))
            case {"uniform": [int() | float() as a, int() | float() as b], **rest} if (
                not rest and 0 <= a <= b <= LONGEST_S
            ):
                return cls(kind="uniform", first=float(a), second=float(b))
            case {"normal": [int() | float() as a, int() | float() as b], **rest} if not rest and (
                0 <= a <= LONGEST_S and 0 <= b <= LONGEST_S
            ):
                return cls(kind="normal", first=float(a), second=float(b))
        raise ConfigError(
            f"{where}: latency_s must be seconds (at most {LONGEST_S:g}), "
            '{"uniform": [a, b]}, {"normal": [mean, deviation]} or {"exponential": mean}'
        )

    def __bool__(self) -> bool:
        return self.first > 0 or self.second > 0

    def draw(self, rng: Random) -> float:
        match self.kind:
            case "uniform":
                return rng.uniform(self.first, self.second)
            case "normal":
                return min(max(rng.gauss(self.first, self.second), 0.0), LONGEST_S)
            case "exponential":
                return min(rng.expovariate(1 / self.first), LONGEST_S) if self.first else 0.0
        return self.first

    def to_json(self) -> Any:
        match self.kind:
            case "fixed":
                return self.first
            case "exponential":
                return {"exponential": self.first}
        return {self.kind: [self.first, self.second]}
