"""Annotations of a GitHub Actions job: at file and line, and no text of anybody's begins a command of its own."""

from __future__ import annotations

import pytest

from harness.reports.workflow_commands import MOST, workflow_commands
from harness.results import Result, Results, Said

GITHUB = {"GITHUB_ACTIONS": "true"}


def ended(
    outcome: Said, *, reason: str = "why", file: str = "tests/test_x.py", line: int = 7, remedy: str = ""
) -> Results:
    found = Results()
    words = {"scenario": "test_x[a,b]", "check": "one", "reason": reason, "elapsed_s": 0.1}
    found.add(Result(outcome=outcome, file=file, line=line, remedy=remedy, **words))  # type: ignore[arg-type]  # reason: as they are
    return found


def test_a_fail_stands_at_its_line() -> None:
    said = list(workflow_commands(ended("fail"), GITHUB))
    assert said == ["::error file=tests/test_x.py,line=7,title=fail one%3A test_x[a%2Cb]::why"]


def test_an_unknown_is_a_warning_with_what_would_decide_it() -> None:
    (said,) = workflow_commands(ended("unknown", remedy="[queue] url"), GITHUB)
    assert said.startswith("::warning ")
    assert said.endswith("::why%0Ato know: [queue] url")


@pytest.mark.parametrize("outcome", ["pass", "not asked", "skipped"])
def test_what_is_not_bad_is_not_annotated(outcome: Said) -> None:
    assert list(workflow_commands(ended(outcome), GITHUB)) == []


def test_outside_of_such_a_job_nothing_is_said() -> None:
    assert list(workflow_commands(ended("fail"), {})) == []


def test_a_file_outside_of_the_checkout_is_not_named() -> None:
    (said,) = workflow_commands(ended("fail", file="/elsewhere/test_x.py"), GITHUB)
    assert "file=" not in said


def test_no_reason_begins_a_command_of_its_own() -> None:
    (said,) = workflow_commands(ended("fail", reason="a\n::add-mask::b\r\n100 %"), GITHUB)
    assert said.endswith("::a%0A::add-mask::b\\x0d%0A100 %25")


def test_no_more_than_are_shown() -> None:
    found = Results()
    for number in range(MOST + 5):
        found.add(Result(scenario=f"test_{number}", check="one", outcome="fail", reason="why", elapsed_s=0.1))
    assert len(list(workflow_commands(found, GITHUB))) == MOST


def test_what_made_the_run_unusable_is_said() -> None:
    assert list(workflow_commands(Results(unusable="no server"), GITHUB)) == [
        "::error title=it couldn't be verified::no server"
    ]
