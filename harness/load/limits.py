"""Who was at a limit: each process against a core, the machine against its cores, PostgreSQL by what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final

FULL: Final = 85.0
"""Percent of a core from which on a process that computes in one thread has none left."""
MACHINE_FULL: Final = 90.0
"""Percent of all cores from which on nobody here gets what it asks for."""
STRANGERS: Final = 30.0
"""Percent of all cores from which on others on this machine take part in what is measured."""
MANY_THREADS: Final = frozenset({"postgres", "redis", "machine"})
"""What isn't one thread: it is judged by the machine."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Shares over the time in which messages arrived, in percent of one core, and what was waited for."""

    processes: Mapping[str, float]
    cores: int
    busy: float
    """Of the whole machine, in percent of all its cores."""
    strangers: float
    """Of that, what none of ours took."""
    waits: Mapping[str, float]
    """Backends of PostgreSQL that were at work, on average, by what they waited for; "processor": for nothing."""
    lag: int | None
    """Entries that nobody had taken, at the most."""

    @property
    def full(self) -> list[str]:
        """The processes that had no processor time left, of those that compute in one thread."""
        return [name for name, cpu in self.processes.items() if cpu >= FULL and name not in MANY_THREADS]

    def to_json(self) -> dict[str, Any]:
        return {
            "processes": dict(self.processes),
            "cores": self.cores,
            "machine": self.busy,
            "others": self.strangers,
            "postgres_waits": dict(self.waits),
            "lag": self.lag,
        }


def limits(samples: Sequence[Mapping[str, Any]], *, cores: int, until: float) -> Limits:
    """What the samples say, of those up to so many seconds after the start; the first is left out, it has no before."""
    rows = [row for row in samples[1:] if row["at"] <= until] or list(samples[-1:])
    names = sorted({name for row in rows for name in row["costs"]})
    processes = {name: round(fmean(row["costs"].get(name, {}).get("cpu", 0.0) for row in rows), 1) for name in names}
    busy = fmean(row["machine"] for row in rows) if rows else 0.0
    lags = [row["lag"] for row in rows if row["lag"] is not None]
    return Limits(
        processes=processes,
        cores=cores,
        busy=round(busy, 1),
        strangers=round(max(0.0, busy - sum(processes.values()) / cores), 1),
        waits=waits_of(rows),
        lag=max(lags) if lags else None,
    )


def waits_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    known = [row["waits"] for row in rows if row.get("waits") is not None]
    names = sorted({name for one in known for name in one})
    return {name: round(fmean(one.get(name, 0) for one in known), 2) for name in names}
