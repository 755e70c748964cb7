"""Backlog, costs and progress, sampled while a load lasts, and told to whoever shows them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from harness.load.backlog import Backlog, Costs, Sampler, Unread
from harness.load.conductor import Conductor
from harness.load.meter import Meter
from harness.load.schedule import Arrival

Watch = Callable[[dict[str, Any], Meter], None]
"""Told of each sample while the run lasts."""


class Samples:
    """Backlog and costs over the run, half a second apart."""

    def __init__(
        self,
        backlog: Backlog | Unread,
        costs: Costs,
        meter: Meter,
        *,
        page: Page,
        watch: Watch,
        waits: Callable[[], dict[str, int] | None] = lambda: None,
    ) -> None:
        self.rows: list[dict[str, Any]] = []
        self._backlog = backlog
        self._costs = costs
        self._meter = meter
        self._page = page
        self._watch = watch
        self._waits = waits
        self._sampler = Sampler(self._look)

    def _look(self) -> None:
        meter = self._meter
        counted = self._backlog.look()
        row = {"at": round(time.time() - meter.start, 2), **counted}
        row |= {"started": len(meter.started), "sent": meter.count("sent"), "outstanding": meter.outstanding}
        row["costs"], row["machine"] = self._costs.look(), self._costs.machine()
        row["waits"] = self._waits()
        if row["at"] >= 0:
            self.rows.append(row)
            self._page.backlog({name: value for name, value in row.items() if name != "costs"})
            self._watch(row, meter)

    @property
    def empty(self) -> bool:
        """Whether nothing waited on any stream at the last look."""
        return bool(self.rows) and self.rows[-1]["lag"] == 0 and self.rows[-1]["pending"] == 0

    def most(self, name: str) -> float:
        """The greatest share of a core that a process needed, in percent, the start of it left out."""
        return max((row["costs"].get(name, {}).get("cpu", 0.0) for row in self.rows[1:]), default=0.0)

    def start(self) -> None:
        self._sampler.start()

    def close(self) -> None:
        self._sampler.close()


class Page:
    """What Locust's own page is told: stages as entries, in batches, and the backlog."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._stages: list[tuple[str, float]] = []
        self._lock = threading.Lock()

    def stage(self, arrival: Arrival, stage: str, latency: float) -> None:
        if stage != "accepted":  # the generator enters that by itself
            with self._lock:
                self._stages.append((f"{arrival.kind}: {stage}", round(latency * 1000, 3)))

    def backlog(self, row: dict[str, Any]) -> None:
        with self._lock:
            stages, self._stages = self._stages, []
        self._conductor.tell_page(backlog=row, stages=stages)

    def end(self) -> None:
        """The load is over: Locust stops its users, and its page says so."""
        with self._lock:
            stages, self._stages = self._stages, []
        self._conductor.tell_page(stages=stages, stop=True)
