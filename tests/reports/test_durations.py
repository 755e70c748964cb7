"""What a run's time went into, in the line after its verdict."""

from __future__ import annotations

from pathlib import Path

from harness.reports.console import SLOWEST, closing
from harness.results import Result, Results


def results(*elapsed: float, ready_s: float = 1.5, ending_s: float = 0.75) -> Results:
    it = Results(ready_s=ready_s, ending_s=ending_s)
    done = ready_s + sum(elapsed) + ending_s
    for number, seconds in enumerate(elapsed):
        name, told = f"test_{number}", {"outcome": "pass", "reason": "", "elapsed_s": seconds, "after_s": done}
        it.items.append(Result(scenario=name, check="check", **told))
    return it


def test_deploy_suite_teardown_and_the_longest_scenarios_stand_after_the_verdict() -> None:
    said = closing(results(0.5, 3.0, 1.0, 2.0), build=Path("build")).plain
    longest = "test_1 3.0 s, test_3 2.0 s, test_2 1.0 s"
    assert f"spent: deploy 1.5 s, suite 6.5 s, teardown 0.8 s; longest: {longest}" in said
    assert longest.count(",") == SLOWEST - 1
    few = closing(results(1.0), build=Path("build")).plain
    assert few.endswith("spent: deploy 1.5 s, suite 1.0 s, teardown 0.8 s"), "of so few each stands in the table"


def test_a_run_without_a_stack_of_ours_says_nothing_of_it() -> None:
    assert "spent" not in closing(results(1.0, ready_s=0.0), build=Path("build")).plain
    assert "spent" not in closing(results(), build=Path("build")).plain
    assert "spent" not in closing(results(1.0, ending_s=0.0), build=Path("build")).plain, "several side by side"
