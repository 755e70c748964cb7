"""Scenarios that take long are left out unless they are asked for, and that is told."""

from __future__ import annotations

import subprocess
import sys

import pytest
from plugin_support import ENTRY_POINTS, ROOT, SCENARIO, Project

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]
BOTH = f"{SCENARIO}\n\nimport pytest\n\n@pytest.mark.deep\ndef test_long(stack):\n{SCENARIO.splitlines()[-1]}\n"
PLAIN = "import pytest\n\n@pytest.mark.deep\ndef test_theirs():\n    pass\n"
WORKERS = (*ENTRY_POINTS, "xdist.plugin")


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["here", "workers"])
def test_they_are_left_out_and_counted_once(project: Project, words: tuple[str, ...]) -> None:
    project.write(test_ours=BOTH)
    done = project.scenarios(*words, plugins=WORKERS if words else ENTRY_POINTS)
    assert done.verdicts() == {"test_scenario": "pass"}
    assert done.out.count("1 scenario that takes long was left out; --harness-deep runs them") == 1


def test_they_are_run_where_they_are_asked_for(project: Project) -> None:
    project.write(test_ours=BOTH)
    done = project.scenarios("--harness-deep")
    assert done.verdicts() == {"test_scenario": "pass", "test_long": "pass"}
    assert "left out" not in done.out


def test_the_mark_means_nothing_on_other_tests(project: Project) -> None:
    project.write(test_theirs=PLAIN)
    done = project.pytest()
    assert done.code == 0
    done.counts("1 passed")


def test_the_command_says_that_all_that_was_asked_for_takes_long(project: Project) -> None:
    project.write(test_ours=BOTH.partition("\n\n")[2].replace("def test_scenario", "def helper"))
    words = ["--profile", ROOT / "harness.toml", "--scenarios", "test_ours.py"]
    command = [sys.executable, "-m", "harness", "verify", *map(str, words)]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr.strip() == "ERROR: all 1 scenarios that were asked for take long, and are run by --deep"
