"""All that each event says, as text, as long as all of them together may be."""

from __future__ import annotations

import json
from typing import Final

from harness.history import Event
from harness.reports.timeline import LONGEST, unfolded
from harness.visible import visible

BUDGET: Final = 24 << 20
"""Characters of all details of a page together."""
SHORTEST: Final = 120


class Details:
    """The details of the events in the order in which they are added."""

    def __init__(self, number: int) -> None:
        # nothing is kept beyond what a fair share may grow to
        self._most = LONGEST if number * SHORTEST < BUDGET else max(SHORTEST, 4 * BUDGET // max(number, 1))
        self._texts: list[str] = []
        self.left_out = ""

    def add(self, event: Event) -> None:
        data = {name: unfolded(value) for name, value in event.data.items()}
        text = json.dumps({"source": event.source, **data}, indent=1, ensure_ascii=False, default=str)
        shown = visible(text[: self._most + 1])
        self._texts.append(shown if len(text) <= self._most else shown[: self._most] + "…")

    def cut(self) -> list[str]:
        """The texts; where all are too long together, the long ones end earlier."""
        most = self._most
        while most > SHORTEST and sum(min(len(one), most) for one in self._texts) > BUDGET:
            most = max(SHORTEST, most * 3 // 4)
        long = sum(len(one) > most for one in self._texts)
        if long and most < LONGEST:
            self.left_out = f"of the {long} longest events the first {most} characters are here"
        return [one if len(one) <= most else one[:most] + "…" for one in self._texts]
