"""A line of `make examples` is only ok where what was seen is what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.examples.catalogue import ANSWERED_BY, EXAMPLES
from tests.examples.judging import of_defect, of_right
from tests.quality.verifying import Row

EXAMPLE = EXAMPLES["celery-fastapi"]
DEFECT = EXAMPLE.defects[0]


def said(scenario: str, verdict: str = "pass", reason: str = "", check: str = "worker-processed") -> dict[str, Any]:
    return {"check": check, "scenario": scenario, "verdict": verdict, "reason": reason}


RIGHT = [said(f"test_{number}") for number in range(9)] + [said(f"{begin}…") for begin in ANSWERED_BY.values()]


@pytest.mark.parametrize(
    ("verdicts", "code", "wrong"),
    [
        (RIGHT, 0, ""),
        ([*RIGHT, said("the whole record", "pass", check="whole-record"), said("test_mms", "not asked")], 0, ""),
        (RIGHT, 2, "it ended with 2"),
        (RIGHT[1:], 0, "11 scenarios were asked"),
        ([*RIGHT, said("test_1", "fail", "lost")], 0, "worker-processed fail: lost (test_1)"),
        ([*RIGHT, said("test_new", "unknown", "unseen")], 0, "worker-processed unknown: unseen"),
        ([*RIGHT[:-1], said("test_more")], 0, "[claims] several_workers = true, and no test_two"),
    ],
)
def test_a_right_one(tmp_path: Path, verdicts: list[dict[str, Any]], code: int, wrong: str) -> None:
    profile = tmp_path / "harness.toml"
    profile.write_text("[claims]\nretries = true\nredelivery = true\nseveral_workers = true\nidempotency = false\n")
    line = of_right(EXAMPLE, Row("right", tuple(verdicts)), code=code, profile=profile)
    assert wrong in line.wrong
    assert bool(wrong) == bool(line.wrong)


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [
        (said("test_1", "fail", f"{DEFECT.because}: the API did it", DEFECT.caught_by), ""),
        (said("test_1", "fail", "no entry within 5 s", DEFECT.caught_by), "doesn't fail with"),
        (said("test_1", "unknown", DEFECT.because, DEFECT.caught_by), "doesn't fail with"),
        (said("test_1", "fail", DEFECT.because, "webhooks"), "doesn't fail with"),
        ({**said("test_1", "fail", "lost", DEFECT.caught_by), "also": [f"fail: {DEFECT.because}"]}, ""),
    ],
)
def test_a_wrong_one(verdict: dict[str, Any], wrong: str) -> None:
    line = of_defect(EXAMPLE, DEFECT, Row(DEFECT.name, (*RIGHT, verdict)))
    assert wrong in line.wrong
    assert bool(wrong) == bool(line.wrong)
    assert DEFECT.because in line.seen or wrong


def test_a_run_without_verdicts_is_never_ok() -> None:
    assert of_defect(EXAMPLE, DEFECT, Row(DEFECT.name, (), error="no verdicts")).wrong == "no verdicts"


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda example: example.name)
def test_each_has_its_three_mistakes_and_its_readme_names_them(example: Any) -> None:
    readme = (Path("examples") / example.name / "README.md").read_text(encoding="utf-8")
    assert len(example.defects) == 3
    for defect in example.defects:
        assert f"| `{defect.name}` |" in readme
        assert defect.because in readme
        assert defect.caught_by in readme
