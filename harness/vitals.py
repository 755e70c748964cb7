"""What ends a run at once: a part that died under it."""

from __future__ import annotations

from harness.errors import PartDied
from harness.history import History


def died(history: History, part: str, why: str) -> None:
    """Records the death of a part and ends every wait with PartDied; `part` as a user calls it ("Redis", "the API")."""
    history.append("part.died", source="harness", data={"part": part, "reason": why})
    history.end(PartDied(f"{part} died under the run: {why}; what was recorded until then is kept"))
