"""Disturbances as text, the design, the sequential test, and the first difference of two records."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.shaking.comparing import Step, differences
from harness.shaking.design import drawn, single
from harness.shaking.disturbance import SORTS, parse, telling
from harness.shaking.loads import loaded
from harness.shaking.sequential import bound, runs_for
from harness.shaking.settling import reduced


@pytest.mark.parametrize(
    "text",
    [
        "worker=slow:300ms",
        "provider=slow:1.5s",
        "tests=after:tests/test_x.py::test_y[a:b]",
        "tests=shuffled:7",
        "state=left-over:3",
        "clock=scale:0.5",
        "order=crash-before-ack",
        "tests=reversed",
    ],
)
def test_a_text_stands_for_one_disturbance(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "worker", "worker=fast", "worker=slow:-1s", "worker=slow:0s", "state=left-over:1.5", "tests=reversed:2"],
)
def test_what_is_none_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_each_sort_says_what_it_is_and_is_parsed_again() -> None:
    for sort in SORTS:
        assert sort.words
        if sort.unit != "test":
            assert parse(str(telling(sort.name))) == telling(sort.name)


def test_the_design_is_the_same_for_the_same_seed_and_no_delay_is_longer_than_asked() -> None:
    first, again, other = (list(itertools.islice(drawn(seed, slowest=0.4), 50)) for seed in (1, 1, 2))
    assert first == again != other
    delays = [one.strength for many in [*single(slowest=0.4), *first] for one in many if one.sort.unit == "time"]
    assert max(delays) == 0.4


def test_the_more_clean_runs_the_lower_the_share() -> None:
    assert bound(0, 0.95) == 1.0
    assert runs_for(0.1, 0.95) == 29
    assert bound(29, 0.95) < 0.1 < bound(28, 0.95)


def test_a_strength_is_made_smaller_as_its_kind_allows() -> None:
    assert reduced(parse("worker=slow:1s"), 0.5) == 0.5
    assert reduced(parse("state=left-over:3"), 0.5) == 2
    assert reduced(parse("state=left-over:1"), 0.5) is None
    assert reduced(parse("order=crash-before-ack"), 0.5) is None


def test_the_first_difference_is_what_came_on_the_other_side_of_the_look() -> None:
    calm = [Step(0.0, "queue.appended"), Step(0.1, "database.status sent"), Step(0.5, "the test passed")]
    other = [Step(0.0, "queue.appended"), Step(0.5, "the test failed"), Step(1.0, "database.status sent")]
    late = [Step(0.0, "queue.appended"), Step(0.4, "database.status sent"), Step(0.5, "the test passed")]
    assert differences(calm, other) == (1, 2)
    assert differences(calm, late) == (1, 1)
    assert differences(calm, calm) == (None, None)


@pytest.mark.parametrize("kind", ["cpu", "io"])
def test_load_ends_with_its_block(kind: str) -> None:
    def children() -> set[str]:
        return set(Path("/proc/self/task").joinpath(str(main()), "children").read_text().split())

    def main() -> int:
        import os

        return os.getpid()

    before = children()
    with loaded(kind, 2):  # type: ignore[arg-type]  # reason: one of the two
        assert len(children() - before) == 2
    assert children() - before == set()
