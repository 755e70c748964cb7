"""A damaged record comes to what is left of it, or to a line; `damage.py` judges many more of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from damage import judged

from harness.record.opening import Parts, parts_of
from harness.replay.judging import Wanted, replay

pytestmark = [pytest.mark.xdist_group("replay"), pytest.mark.unmeasured]
SHARES = 6


@pytest.mark.parametrize("share", range(SHARES))
def test_damage_is_told_and_nothing_is_made_up(run: Path, share: int) -> None:
    parts = parts_of(run)
    assert {judged(parts, random.Random(share * 1000 + n)) for n in range(20)}


def test_a_torn_line_costs_what_rests_on_it(run: Path) -> None:
    """The last event that the whole record was judged by: what was asked before it is answered as it was."""
    parts = parts_of(run)
    whole = next(line for line in replay(parts, Wanted()).lines if line.check == "whole-record")
    assert whole.before is not None
    lines = parts.history.split(b"\n")
    last = int(whole.before["asked"]["events"]) - 1
    lines[last] = lines[last][:-20]
    found = replay(Parts(parts.name, b"\n".join(lines), parts.verdicts), Wanted())
    assert [number for number, _ in found.damaged] == [last + 1]
    again = next(line for line in found.lines if line.check == "whole-record")
    assert again.outcome == "unknown"
    assert "can't be read" in again.why
    assert any(line.outcome == "pass" and not line.differs for line in found.lines)
