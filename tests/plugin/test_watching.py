"""Tests that only talk to the stack: they are run as ever, and told what the record says where they fail."""

from __future__ import annotations

from plugin_support import ENTRY_POINTS, Project

from harness.reports.finding import last_failed

XDIST = (*ENTRY_POINTS, "xdist.plugin")

TALKS = """
import os

import httpx


def send():
    message = {"type": "sms", "from": "+15557654321", "to": "+15551230001", "body": "hi"}
    return httpx.post(os.environ["HARNESS_API_URL"] + "/api/v1/messages/send", json=message).json()


def test_right():
    assert send()["id"]


def test_naive():
    sent = send()
    got = httpx.get(os.environ["HARNESS_API_URL"] + "/api/v1/messages/" + sent["id"]).json()
    assert got["status"] == "failed"
"""


def test_a_test_that_only_talks_is_told_and_gets_no_verdict(project: Project) -> None:
    project.write(test_plain=TALKS)
    said = project.scenarios("--harness-watch")
    said.counts("1 failed", "1 passed")
    assert "what the record says" in said.out
    assert "'failed' never came" in said.out
    assert "stack.follow(sent['id']).expect(status(\"failed\"))" not in said.out, "no wait would make it right"
    assert "scenarios passed" not in said.out


def test_without_the_option_nothing_is_deployed(project: Project) -> None:
    project.write(test_plain="import os\n\n\ndef test_here():\n    assert 'HARNESS_API_URL' not in os.environ\n")
    said = project.scenarios()
    said.counts("1 passed")
    assert not (project.folder / "build").exists()


def test_where_the_stack_can_not_be_had_the_run_ends_with_a_line(project: Project) -> None:
    project.write(test_plain=TALKS)
    said = project.pytest("--harness-watch", "--harness-profile=nowhere.toml")
    assert said.code == 3, str(said)
    assert "error: the profile nowhere.toml can't be read" in said.text
    assert "Traceback" not in said.text


def test_of_several_workers_the_record_that_is_named_is_there(project: Project) -> None:
    project.write(test_plain=TALKS, test_other=TALKS)
    said = project.scenarios("--harness-watch", "-n", "2", plugins=XDIST)
    said.counts("2 failed", "2 passed")
    build = project.folder / "build" / "verify"
    assert [path.name for path in build.glob("history*.jsonl")] == ["history.jsonl"]
    found = last_failed(build)
    assert sorted(one.scenario.name for one in found) == ["test_other.py::test_naive", "test_plain.py::test_naive"]
    assert [len(one.messages) for one in found] == [1, 1]


def test_what_fails_in_a_teardown_is_told_too(project: Project) -> None:
    late = """
@pytest.fixture
def late():
    yield
    assert httpx.get(f"{os.environ['HARNESS_API_URL']}/api/v1/messages/{send()['id']}").json()["status"] == "failed"


def test_late(late):
    pass


def test_after_it():
    pass
"""
    project.write(test_plain=TALKS.replace("import httpx", "import httpx\nimport pytest") + late)
    said = project.scenarios("--harness-watch", "-k", "test_late or test_after")
    said.counts("2 passed", "1 error")
    assert "'failed' never came" in said.out
