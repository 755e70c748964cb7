"""`harness verify --faults`: what it says and judges, and what doesn't go with it."""

from __future__ import annotations

import json

import pytest
from harness_support import ROOT, Harness

pytestmark = [pytest.mark.unmeasured, pytest.mark.xdist_group("verify")]

FEW = ("--faults", "--seed", "3", "--fault-count", "4", "--messages", "40")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "1"], "--seed: only of a schedule of faults; add --faults"),
        (["--messages", "10", "--fault-count", "2"], "--fault-count, --messages: only of a schedule of faults"),
        (["--faults", "--check", "webhooks"], "--check: of scenarios, and --faults runs none; leave one of them away"),
        (["--faults", "--deep", "-x"], "--deep, -x: of scenarios, and --faults runs none"),
        (["--faults", "--deploy", "attached"], '[api] url: driver = "attached" needs it'),
        (["--faults", "--fault-count", "0"], "0 is not in the range"),
    ],
)
def test_what_does_not_go_together_is_one_line(harness: Harness, words: list[str], message: str) -> None:
    harness.refuse("--profile", ROOT / "harness.toml", *words).one_line_error(message)


def test_faults_are_made_told_and_accounted_for(harness: Harness) -> None:
    done = harness.verify("--profile", ROOT / "harness.toml", *FEW)
    assert done.code == 0, str(done)
    assert "--faults --seed 3 makes them again" in done.text
    assert "4 kinds" in done.text
    assert "0 lost" in done.text
    said = json.loads((harness.directory / "build" / "verify" / "verdicts.json").read_text(encoding="utf-8"))
    assert {one["check"]: one["verdict"] for one in said["checks"]} == {
        "faults": "pass",
        "outages": "pass",
        "whole-record": "pass",
    }
    assert said["stack"]["seed"] == 3
    assert len((harness.directory / "build" / "verify" / "schedule.txt").read_text(encoding="utf-8").splitlines()) == 4
