"""`harness capacity` on a real stack whose provider lets few through, what it writes, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.commands.capacity import code
from harness.reports.capacity import as_data, page, summary, told
from tests.load.test_searching import found, stack

ROOT = Path(__file__).resolve().parents[2]
ASKED = ["p99 of sent <= 400 ms"]


def data(*capacities: float, loses_at: float = 1e9) -> dict[str, Any]:
    numbers: list[int | None] = [1, 2, 4] if len(capacities) > 1 else [None]
    searched = [
        (number, found(stack(limit, loses_at=loses_at))) for number, limit in zip(numbers, capacities, strict=False)
    ]
    return as_data(searched, profile="a <stack>", asked=ASKED)


def test_the_scaling_is_told_by_worker() -> None:
    lines = list(told(data(100, 190, 250)))
    assert [line.partition(":")[0] for line in lines] == [
        "capacity with 1 worker",
        "capacity with 2 workers",
        "capacity with 4 workers",
    ]
    assert "1.00 times the first" in lines[0]
    assert "broken" in lines[2]


@pytest.mark.parametrize(
    ("it", "exit_code", "words"),
    [
        (data(100), 0, "capacity: 10"),
        (data(0.0), 1, "capacity: none was found"),
        (data(1000, loses_at=100), 1, "capacity: none, since 1 messages were lost"),
    ],
)
def test_the_exit_code_says_what_was_found(it: dict[str, Any], exit_code: int, words: str) -> None:
    assert code(it) == exit_code
    assert words in next(told(it))
    assert len(list(summary(it))) == 4


def test_a_generator_that_cannot_is_not_known() -> None:
    it = data(0.0)
    for one in (it["found"][0]["above"], *it["found"][0]["steps"]):
        one["outcome"] = "unknown"
    assert code(it) == 2


def test_the_page_stands_alone_and_names_nothing_unescaped() -> None:
    text = page(data(100, 190, 250))
    assert "a &lt;stack&gt;" in text
    assert "<stack>" not in text
    assert text.count("<figure>") == 3
    assert "http" not in text


def capacity(*options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "harness", "capacity", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return done.returncode, said


@pytest.mark.unmeasured
def test_a_slow_provider_bounds_no_rate_that_was_tried_and_breaks_every_threshold(tmp_path: Path) -> None:
    options = ["--build", str(tmp_path), "--rate", "8", "--most", "16", "--step", "2s", "--warm-up", "500ms"]
    exit_code, said = capacity(*options, "--proof", "2s", "--provider-latency", "700ms", "--threshold", ASKED[0])
    assert exit_code == 1, said
    assert "capacity: none was found: thresholds" in said or "capacity: none was found: p99 of sent" in said
    kept = json.loads((tmp_path / "capacity.json").read_text())
    assert kept["thresholds"] == ASKED
    assert {step["outcome"] for step in kept["found"][0]["steps"]} == {"broken"}
    assert all("provider" in step["in_the_way"] for step in kept["found"][0]["steps"]), said
    assert (tmp_path / "capacity.html").stat().st_size > 1000


@pytest.mark.unmeasured
def test_what_holds_is_proven_with_one_worker_and_with_two(tmp_path: Path) -> None:
    options = ["--build", str(tmp_path), "--rate", "10", "--most", "20", "--step", "2s", "--warm-up", "0s"]
    exit_code, said = capacity(*options, "--proof", "2s", "--workers", "1,2", "--threshold", "p99 of sent <= 9 s")
    assert exit_code == 0, said
    assert "capacity with 2 workers: 20 messages a second" in said
    assert said.count("no more was tried") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rate", "0"], "rate 0 is out of range"),
        (["--rate", "900", "--most", "100"], "--rate 900 is out of range"),
        (["--proof", "1s"], "--proof 1 s is shorter than a step"),
        (["--proof", "3000s"], "are too many messages"),
        (["--workers", "0"], "'0' are no numbers from 1 to 16; write 1,2,4"),
        (["--workers", "²"], "are no numbers"),
        (["--threshold", "quick"], "is no threshold; write 'p99 of sent <= 500 ms'"),
        (["--warm-up", "9s"], "--warm-up 9 s leaves nothing of 8 s"),
        (["--profile", "nowhere.toml"], "the profile nowhere.toml can't be read"),
    ],
)
def test_bad_input_is_told_in_a_line(options: list[str], words: str) -> None:
    exit_code, said = capacity(*options)
    assert (exit_code, words in said) == (3, True), said
