"""A long record: copies of one are judged as one is, each by itself, and each at the same price."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from histories import CONTRACT, Script, gated, held, right
from judging import called_again

from harness.checks import Outcome, Verdict, whole_record
from harness.history import History, read
from harness.history.journal import encode

# where the packages alone are installed, the benchmarks aren't there
multiply = pytest.importorskip("benchmarks.checks.multiply").multiply

COPIES = 40


def long(script: Script, path: Path, *, copies: int) -> History:
    """The record of as many runs as copies, one after the other, as it is read from its file."""
    lines = [encode(event) + "\n" for event in script.history.events()]
    once = path / "once.jsonl"
    once.write_text("".join(lines).replace("1-0", "1700000000000-0"), encoding="utf-8")
    assert multiply(once, path / "long.jsonl", events=copies * len(lines)) == copies
    return read(path / "long.jsonl")


def numbers(verdict: Verdict) -> list[int]:
    return [int(number) for number in re.findall(r"\b(\d+) [a-z]", verdict.reason)]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [(right(), "pass"), (held(), "pass"), (gated(), "pass"), (called_again(right()), "fail")],
    ids=["right", "held", "gated", "called again"],
)
def test_many_runs_in_a_row_are_judged_as_one_is(script: Script, outcome: Outcome, tmp_path: Path) -> None:
    once, all_of_them = (whole_record(long(script, tmp_path, copies=n), CONTRACT) for n in (1, COPIES))
    assert once.outcome == all_of_them.outcome == outcome
    more = {number for number in numbers(all_of_them) if number == COPIES - 20}  # "and 20 more" of those that are named
    assert [number for number in numbers(all_of_them) if number not in more] == [n * COPIES for n in numbers(once)]


@pytest.mark.parametrize("script", [held(), gated(), called_again(held())], ids=["held", "gated", "called again"])
def test_a_record_twice_as_long_costs_twice_as_much(script: Script, tmp_path: Path) -> None:
    some, twice = (calls(long(script, tmp_path, copies=n)) for n in (COPIES, 2 * COPIES))
    assert twice < 2.2 * some


def calls(history: History) -> int:
    """How many functions are called to judge a record: what is slow is not asked of a clock."""
    number = 0

    def count(_: object, what: str, __: object) -> None:
        nonlocal number
        number += what in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        whole_record(history, CONTRACT)
    finally:
        sys.setprofile(before)
    return number
