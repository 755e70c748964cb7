"""What is written beside the verdicts: JUnit XML, a Markdown summary, and what Allure wants to know of a run."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from harness.reports import about, junit, summary
from harness.results import Result, Results

STORY = "claim | <b>bold</b>\n~~~~\nlast line \x00 end"


def results() -> Results:
    found = Results()
    for number, outcome in enumerate(("pass", "fail", "unknown")):
        found.add(
            Result(
                scenario=f"test_{outcome}[a|b]",
                check="one" if number < 2 else "two",
                outcome=outcome,  # type: ignore[arg-type]  # reason: the words above are outcomes
                reason=f"reason of {outcome}",
                elapsed_s=0.25,
                story=STORY,
            )
        )
    return found


def test_junit_counts_failures_and_errors_and_survives_any_text(tmp_path: Path) -> None:
    junit.write(tmp_path / "deep" / "junit.xml", results(), stack={})
    root = parse(tmp_path / "deep" / "junit.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("time")) == ("3", "1", "1", "0.750")
    assert [suite.get("name") for suite in root] == ["one", "two"]
    failure = root.find("./testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "reason of fail"
    assert "\N{REPLACEMENT CHARACTER} end" in (failure.text or "")
    assert root.find("./testsuite[@name='two']/testcase/error") is not None
    assert len(root.findall(".//testcase")) == 3


def test_junit_says_where_each_stands_and_how_to_judge_it_again(tmp_path: Path) -> None:
    found = Results()
    words = {"scenario": "test_x", "check": "one", "reason": "why", "elapsed_s": 0.1}
    found.add(Result(outcome="unknown", file="tests/test_x.py", line=7, remedy="[queue] url", **words))  # type: ignore[arg-type]  # reason: as they are
    junit.write(tmp_path / "junit.xml", found, stack={"profile": "mine", "settings": ["A", "B"]})
    root = parse(tmp_path / "junit.xml").getroot()
    about = {one.get("name"): one.get("value") for one in root.findall("./testsuite/properties/property")}
    assert about == {"profile": "mine", "settings": "A, B", "replay": f"harness replay {tmp_path}"}
    case = root.find("./testsuite/testcase")
    assert case is not None
    assert (case.get("file"), case.get("line")) == ("tests/test_x.py", "7")
    said = {one.get("name"): one.get("value") for one in case.findall("./properties/property")}
    assert said == {"verdict": "unknown", "remedy": "[queue] url"}


def test_junit_of_a_run_that_could_not_begin(tmp_path: Path) -> None:
    found = Results(unusable="no server")
    junit.write(tmp_path / "junit.xml", found, stack={})
    error = parse(tmp_path / "junit.xml").getroot().find(".//error")
    assert error is not None
    assert error.get("message") == "no server"


def test_the_summary_is_a_table_and_goes_where_github_wants_it(tmp_path: Path) -> None:
    shown = tmp_path / "step.md"
    shown.write_text("before\n", encoding="utf-8")
    summary.write(tmp_path, results(), {"GITHUB_STEP_SUMMARY": str(shown)})
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert shown.read_text(encoding="utf-8") == "before\n" + text
    assert "| one | ❌ fail | 1/2 | reason of fail | 0.50 s |" in text
    assert "fail: test_fail[a\\|b]" in text
    assert text.count("~~~~") == 4, "a story can't end its own block"
    summary.write(tmp_path, Results(unusable="no server"), {})
    assert "no server" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_allure_is_told_what_was_verified_and_by_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    about.write(tmp_path, stack={"profile": "a=b", "settings": ["X", "Y"], "empty": None}, verdict="fail")
    lines = (tmp_path / "environment.properties").read_text(encoding="utf-8").splitlines()
    assert {"verdict = fail", "profile = a\\=b", "settings = X, Y"} <= set(lines)
    assert not any(line.startswith("empty") for line in lines)
    assert json.loads((tmp_path / "executor.json").read_text(encoding="utf-8"))["type"] == "local"
    names = [rule["name"].partition(":")[0] for rule in json.loads((tmp_path / "categories.json").read_bytes())]
    assert names == ["fail", "unknown", "infrastructure", "error"]


def test_github_is_known_by_its_variables() -> None:
    said = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "5", "GITHUB_RUN_NUMBER": "7"}
    found = about.executor(said)
    assert (found["buildOrder"], found["buildUrl"]) == (7, "https://github.com/o/r/actions/runs/5")
