"""What the matrix tries, in which order, and what it calls caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality import defects
from tests.quality.choosing import concerned, concerned_first, kind_of, some_of_each
from tests.quality.defects import DEFECTS, HARMLESS, KINDS, Defect
from tests.quality.defects.second_stack import EDITS, EXAMPLE, Edit
from tests.quality.matrix import LONGEST_S, QUICK, judge
from tests.quality.second import changed
from tests.quality.verifying import RIGHT, Row

ROOT = Path(__file__).resolve().parents[2]
PASSES = Row(RIGHT, ({"check": "whole-record", "verdict": "pass", "reason": "", "after_s": 1},))
NAMED = DEFECTS["never queued"]


def row(*, check: str = NAMED.caught_by, reason: str = f"there is {NAMED.because}", after_s: float = 2.0) -> Row:
    return Row(NAMED.name, ({"check": check, "verdict": "fail", "reason": reason, "after_s": after_s},))


def test_each_defect_has_a_name_of_its_own_and_there_are_seventy() -> None:
    listed = [defect for kind in KINDS for defect in kind.DEFECTS]
    assert len(DEFECTS) == len(listed) >= 70


def test_every_file_of_defects_is_among_the_kinds() -> None:
    folder = Path(defects.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "defect", "races", "second_stack", "explored"}
    assert {kind.__name__.rpartition(".")[2] for kind in KINDS} >= {file for file in files if has_defects(file)}


def has_defects(file: str) -> bool:
    return "\nDEFECTS" in (Path(defects.__file__).parent / f"{file}.py").read_text(encoding="utf-8")


def test_caught_by_another_check_or_for_another_reason_is_not_caught() -> None:
    assert judge([PASSES, row()]) == []
    for missed in (row(check="webhooks"), row(reason="something else"), Row(NAMED.name, ())):
        [line] = judge([PASSES, missed])
        assert line.startswith("'never queued' isn't caught by message-queued")


def test_the_second_reason_of_a_fail_counts_and_that_of_an_unknown_does_not() -> None:
    also = {"check": NAMED.caught_by, "verdict": "fail", "reason": "first", "after_s": 1.0}
    assert judge([PASSES, Row(NAMED.name, ({**also, "also": [f"fail: {NAMED.because}"]},))]) == []
    assert judge([PASSES, Row(NAMED.name, ({**also, "also": [f"unknown: {NAMED.because}"]},))]) != []


def test_the_median_of_the_times_is_held_to_the_limit() -> None:
    late = LONGEST_S + 1
    assert judge([PASSES, row(after_s=late), row(), row()]) == []
    [line] = judge([PASSES, row(after_s=late), row(after_s=late), row()])
    assert "are the most" in line


def test_the_right_stack_has_to_pass_everything_and_to_be_judged() -> None:
    assert judge([Row(RIGHT, ())]) == ["the right stack wasn't judged"]
    bad = {"check": "webhooks", "verdict": "unknown", "reason": "", "after_s": 1}
    assert judge([Row(RIGHT, (*PASSES.verdicts, bad))]) == ["the right stack doesn't pass webhooks: unknown"]


@pytest.mark.parametrize(
    "file",
    [
        "harness/checks/message_queued.py",
        "scenarios/test_message_queued.py",
        "tests/quality/defects/sending.py",
        "messaging_stack/api/dispatch.py",
        "messaging_stack/retry.py",
    ],
)
def test_those_concerned_by_a_change_come_first(file: str) -> None:
    others = [defect for defect in DEFECTS.values() if defect is not NAMED]
    ordered = concerned_first([*others, NAMED], files=[file])
    first = [defect for defect in ordered if concerned(defect, [file])]
    assert ordered[: len(first)] == first
    assert (NAMED in first) is (file != "messaging_stack/retry.py")


def test_quick_takes_some_of_each_kind() -> None:
    chosen = some_of_each(list(DEFECTS.values()), most=QUICK)
    assert len(chosen) == min(QUICK, len(DEFECTS))
    assert {kind.__name__ for kind in KINDS if kind.DEFECTS} == set(map(kind_of, chosen))
    assert HARMLESS not in chosen


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_each_change_of_the_second_stack_fits_its_source_and_leaves_python(edit: Edit) -> None:
    source = (ROOT / "examples" / EXAMPLE / edit.file).read_text(encoding="utf-8")
    assert compile(changed(source, edit), edit.file, "exec") is not None
    with pytest.raises(ValueError, match="stands 0 times"):
        changed("", edit)


def test_a_defect_is_run_on_one_channel_unless_it_says_otherwise() -> None:
    assert Defect(name="x", caught_by="y", because="z", install=HARMLESS.install).channels == ("sms",)
