"""Latencies to three digits, in microseconds, that can be sent between processes and added up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hdrh.histogram import HdrHistogram

LONGEST_US = 3_600_000_000
QUANTILES = (50.0, 90.0, 99.0, 99.9)


class Histogram:
    """An HdrHistogram of seconds."""

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._inner: Any = HdrHistogram(1, LONGEST_US, 3)
        for value in values:
            self.record(value)

    def record(self, seconds: float) -> None:
        self._inner.record_value(min(LONGEST_US, max(1, round(seconds * 1e6))))

    @property
    def count(self) -> int:
        return int(self._inner.total_count)

    @property
    def max(self) -> float:
        """The greatest value in seconds, 0 where there is none."""
        return float(self._inner.get_max_value()) / 1e6 if self.count else 0.0

    def quantile(self, percent: float) -> float:
        """The value in seconds that so many percent don't exceed, 0 where there is none."""
        return float(self._inner.get_value_at_percentile(percent)) / 1e6 if self.count else 0.0

    def add(self, other: Histogram) -> None:
        self._inner.add(other._inner)

    def dumps(self) -> str:
        text: bytes = self._inner.encode()
        return text.decode("ascii")

    @classmethod
    def loads(cls, text: str) -> Histogram:
        histogram = cls()
        histogram._inner = HdrHistogram.decode(text.encode("ascii"))
        return histogram

    def summary(self) -> dict[str, float]:
        """Count, percentiles and maximum, in milliseconds."""
        found = {"count": float(self.count)}
        found |= {f"p{quantile:g}": round(self.quantile(quantile) * 1000, 3) for quantile in QUANTILES}
        return found | {"max": round(self.max * 1000, 3)}


def merged(parts: Iterable[Histogram]) -> Histogram:
    whole = Histogram()
    for part in parts:
        whole.add(part)
    return whole
