"""`harness shake` end to end: a few naive tests and a right one, each told for what it is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.shake.suites import ROOT, WORDS, Suite, command, written

pytestmark = [pytest.mark.unmeasured, pytest.mark.xdist_group("shake")]
SLEEPS = "test_waiting.py::test_sent_after_a_sleep"
SHARES = "test_sharing.py::test_one_call_in_all"
RIGHT = "test_team.py::test_sent_in_the_end"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = ("naive/test_waiting.py", "naive/test_sharing.py", "stable/test_team.py")
    return written(Suite("quick", files), tmp_path_factory.mktemp("shake") / "quick")


def shake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "150", "HOME": str(folder)}
    return subprocess.run(
        command(*words), cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600
    )


def test_each_is_told_for_what_it_is(folder: Path) -> None:
    done = shake(folder, *WORDS, "--runs", "14", "--below", "35", SLEEPS, SHARES, RIGHT)
    assert done.returncode == 1, done.stdout + done.stderr
    told = {one["test"]: one for one in json.loads((folder / "build/shake/shake.json").read_text())["tests"]}
    assert {name: one["verdict"] for name, one in told.items()} == {
        SLEEPS: "timing-dependent",
        SHARES: "timing-dependent",
        RIGHT: "stable",
    }, done.stdout
    assert told[SLEEPS]["at_fault"] == told[SHARES]["at_fault"] == "test"
    assert told[SLEEPS]["axis"] in ("worker=slow", "order=api-first", "provider=slow", "pause=worker")
    assert told[SHARES]["axis"] in ("state=left-over", "order of tests")
    assert any("the test failed" in what for _, what in told[SLEEPS]["failed"])
    assert told[SLEEPS]["reproduce"] in done.stdout


def test_the_command_that_reproduces_fails_each_time(folder: Path) -> None:
    done = shake(folder, *WORDS, "--only", "worker=slow:1s", "--times", "3", "--build", "build/again", SLEEPS)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{SLEEPS}: failed 3 of 3" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "worker=slwo"], "did you mean 'worker=slow'?"),
        (["--only", "worker=slow:fast"], "expected a time such as 300ms or 1.5s"),
        (["--only", "tests=after"], "expected the test that runs before"),
        (["--env", "API_URL"], "expected NAME=VALUE"),
        (["-x", "."], "leave it out"),
        (["--profile", "none.toml"], "none.toml"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, words: list[str], said: str) -> None:
    done = shake(folder, *words)
    assert done.returncode == 3, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_test_is_one_line(folder: Path) -> None:
    done = shake(folder, *WORDS, "--build", "build/none", "nowhere.py")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "nowhere.py" in done.stderr
    assert "Traceback" not in done.stderr
