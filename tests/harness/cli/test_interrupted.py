"""A run that ends early is never green, says after how many scenarios and why, and keeps what was judged until then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from harness_support import ROOT, Harness

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]

UNUSED = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:playwright", "-p", "no:pytest_httpserver")
ENV = {"PYTEST_ADDOPTS": " ".join(UNUSED)}
SUITE = """
import os, signal
import pytest
from harness import accepted, sms
from harness.vitals import died

@pytest.mark.parametrize("n", range(3))
def test_before(stack, n):
    stack.send(sms(body="hi")).expect(accepted())

def test_it(stack):
    {what}

@pytest.mark.parametrize("n", range(16))
def test_after(stack, n):
    stack.send(sms(body="hi")).expect(accepted())
"""
DIED = 'died(stack.history, "Redis", "it was killed"); stack.send(sms(body="hi")).expect(accepted())'
LINE = "Redis died under the run: it was killed; what was recorded until then is kept"


def suite_that(harness: Harness, what: str) -> Path:
    path = harness.directory / "test_mine.py"
    path.write_text(SUITE.format(what=what))
    return path


def verdicts(build: Path) -> dict[str, str]:
    table = json.loads((build / "verdicts.json").read_text())
    return {name: table.get(name, "") for name in ("verdict", "interrupted", "error")}


@pytest.mark.parametrize(
    ("what", "options", "code", "verdict", "why"),
    [
        (DIED, [], 3, "unknown", LINE),
        ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", [], 2, "unknown", "SIGTERM"),
        ("os.kill(os.getpid(), signal.SIGINT); signal.pause()", [], 2, "unknown", "SIGINT"),
        ("pytest.exit('enough', returncode=0)", [], 2, "unknown", "enough"),
        ("os._exit(0)", [], 2, "unknown", "os._exit(0) was called"),
        ("assert 0", ["-x"], 1, "fail", "stopped at the first that didn't pass, as -x asks"),
    ],
    ids=["part-died", "SIGTERM", "SIGINT", "pytest-exit", "os-exit", "x"],
)
def test_it_is_told_in_every_place(
    harness: Harness, what: str, options: list[str], code: int, verdict: str, why: str
) -> None:
    done = harness.verify("--scenarios", suite_that(harness, what), *options, env=ENV)
    assert done.code == code, str(done)
    assert "Traceback" not in done.text
    place = f"after {3 if verdict == 'unknown' else 4} of 20"
    found = verdicts(harness.build)
    assert (found["verdict"], found["interrupted"]) == (verdict, f"{place}: {why}")
    assert f"{verdict.upper()}  interrupted {place}" in done.out
    assert why in " ".join(done.out.split())
    assert f"interrupted {place}" in (harness.build / "summary.md").read_text()
    told = (harness.build.parent / "allure-results" / "environment.properties").read_text()
    assert f"interrupted = {place}" in told
    errors = [error.get("message", "") for error in parse(harness.build / "junit.xml").getroot().iter("error")]
    assert f"interrupted {place}: {why}" in errors
    assert (harness.build / "history.jsonl").stat().st_size > 1000


# the other worker's first scenario lasts until it is told to end: whoever is faster, it must begin no second one
TOLD = """
import time
from pathlib import Path
from harness import accepted, sms
from harness.vitals import died

def test_it(stack):
    died(stack.history, "Redis", "it was killed")
    stack.send(sms(body="hi")).expect(accepted())

def test_dies_too(stack):
    raise AssertionError("it comes after the one that died, in the same worker")
{others}
"""
OTHER = """
def test_other_{n}(stack):
    with Path({began!r}).open("a") as file:
        file.write("x")
    deadline = time.monotonic() + 60
    while not Path({stop!r}).exists() and time.monotonic() < deadline:
        time.sleep(0.01)  # reason: a file announces itself to nobody
"""


def test_where_a_part_died_the_other_workers_end_too(harness: Harness) -> None:
    began, stop = harness.directory / "began", harness.build / ".stop"
    others = "".join(OTHER.format(n=n, began=str(began), stop=str(stop)) for n in range(10))
    suite = harness.directory / "test_mine.py"
    suite.write_text(TOLD.format(others=others))
    done = harness.verify("--scenarios", suite, "-n", "2", env=ENV)
    done.one_line_error(LINE)
    assert len(began.read_text() if began.exists() else "") <= 1, "a worker began another scenario"
    assert verdicts(harness.build)["interrupted"].split(":")[0] in ("after 0 of 12", "after 1 of 12")
    assert not stop.exists()


def test_a_worker_that_crashed_is_an_error_of_its_scenario(harness: Harness) -> None:
    done = harness.verify("--scenarios", suite_that(harness, "os._exit(7)"), "-n", "2", env=ENV)
    assert done.code == 1, str(done)
    assert verdicts(harness.build)["verdict"] == "error"
    assert "crashed while running 'test_mine.py::test_it'" in done.out


def test_a_suite_that_can_not_be_collected_is_an_error(harness: Harness) -> None:
    done = harness.verify("--scenarios", suite_that(harness, "this is no Python"), env=ENV)
    assert done.code == 1, str(done)
    assert "SyntaxError: " in done.out
    assert verdicts(harness.build)["verdict"] == "error"


def test_what_an_earlier_run_left_is_gone_when_the_next_begins(harness: Harness) -> None:
    harness.build.mkdir(parents=True)
    allure = harness.build.parent / "allure-results"
    allure.mkdir()
    left = [harness.build / name for name in ("verdicts.json", "junit.xml", "summary.md", "history-gw0.jsonl")]
    left.append(allure / "1-result.json")
    kept = [harness.build / "notes.txt", allure / "notes.txt"]
    for path in (*left, *kept):
        path.write_text("{}")
    done = harness.refuse("--profile", harness.directory / "none.toml")
    done.one_line_error("none.toml can't be read")
    assert [path.name for path in left if path.exists()] == []
    assert all(path.exists() for path in kept), "what isn't ours stays"


def test_an_attached_stack_and_several_workers(harness: Harness) -> None:
    profile = harness.profile("[deploy]\ndriver = 'attached'\n[api]\nurl = 'http://127.0.0.1:1'\n")
    line = "an attached stack is one, and several workers would disturb each other on it; leave out -n"
    harness.refuse("--profile", profile, "-n", "2").one_line_error(line)


def test_too_few_files_may_be_open(harness: Harness) -> None:
    command = ["bash", "-c", 'ulimit -n 100; exec "$@"', "bash", *harness.command("verify", "--build", harness.build)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr.startswith("error: only 100 files may be open at once"), done.stderr


def test_too_few_files_in_mid_run(harness: Harness) -> None:
    what = "held = [open('/dev/null') for _ in range(2_000_000)]"
    done = harness.verify("--scenarios", suite_that(harness, what), env=ENV)
    done.one_line_error("the run can't go on: Too many open files; raise `ulimit -n`")
    assert verdicts(harness.build)["interrupted"].startswith("after 3 of 20")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that takes half of a run."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_full(harness: Harness, small_disk: Path) -> None:
    suite = suite_that(harness, "stack.send(sms(body='hi'))")
    done = harness.run("verify", "--build", small_disk / "verify", "--scenarios", suite, env=ENV)
    done.one_line_error("No space left on device; make room on the disk")
    assert "interrupted after" in done.out
    assert "scenarios passed" in done.out
    assert (small_disk / "verify" / "history.jsonl").stat().st_size > 1000
