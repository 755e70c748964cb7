"""The plugin beside the thirty and more most used ones: all start together, and what ours says stays right.

Made once in an environment of its own, with the package installed from this checkout as anybody would install it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from plugin_support import ROOT, SCENARIO, Project, Said

from harness.plugin.options import OPTIONS

pytestmark = [pytest.mark.xdist_group("beside"), pytest.mark.unmeasured]

REQUIRED = "MESSAGING_HARNESS_REQUIRE_INDEX"
COMMON = (
    *("anyio", "pytest-asyncio", "pytest-benchmark", "pytest-cov", "pytest-django", "pytest-html", "pytest-mock"),
    *("pytest-profiling", "pytest-randomly", "pytest-repeat", "pytest-rerunfailures", "pytest-sugar", "pytest-timeout"),
    "pytest-xdist",
)
"""Those that most projects have one or the other of; a scenario is run with what they do."""
MOST_USED = (
    *COMMON,
    *("hypothesis", "pytest-aiohttp", "pytest-base-url", "pytest-bdd", "pytest-check", "pytest-docker", "pytest-env"),
    *("pytest-flask", "pytest-forked", "pytest-freezer", "pytest-httpx", "pytest-instafail", "pytest-json-report"),
    *("pytest-localserver", "pytest-metadata", "pytest-order", "pytest-recording", "pytest-socket", "pytest-split"),
    *("pytest-subtests", "pytest-testmon", "syrupy"),
)
"""As far as they can stand side by side: pytest-dotenv clashes with pytest-env, pytest-snapshot with syrupy."""
NEEDED = ("django",)
"""What one of them needs and doesn't install."""

TRIVIAL = """
import asyncio
import pytest

def test_plain():
    pass

@pytest.mark.asyncio
async def test_async():
    await asyncio.sleep(0)

def test_mocked(mocker):
    assert mocker.Mock() is not None

def test_measured(benchmark):
    benchmark.pedantic(int, rounds=1)

@pytest.mark.timeout(30)
def test_timed():
    pass
"""
FLAKY = """
import pytest
from harness import provider_called, sms

TRIES = []

@pytest.mark.flaky(reruns=2)
def test_flaky(stack):
    TRIES.append(1)
    stack.send(sms(body="hi")).expect(provider_called(times=2 if len(TRIES) == 1 else 1))
"""
LISTED = re.compile(r"^(\w+)(?: \[\w+ scope\])? -- (.+):\d+$", re.MULTILINE)
"""How `pytest --fixtures` names a fixture and its file."""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an environment with all of them in it; made once a session."""
    place = tmp_path_factory.mktemp("beside") / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    package = f"{ROOT}[embedded,mocks,reference]"
    install = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*install, package, *MOST_USED, *NEEDED], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = f"the plugins can't be installed: {done.stderr.strip().splitlines()[-1]}"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(reason)
        pytest.skip(f"{reason}; {REQUIRED}=1 makes this a failure")
    return str(place / "bin" / "python")


@pytest.fixture
def beside(python: str, tmp_path: Path) -> Project:
    return Project(tmp_path / "theirs", python=python)


def run(project: Project, *words: str, scenario: bool = False) -> Said:
    # what is installed is asked, not this checkout
    profile = [f"--harness-profile={ROOT / 'harness.toml'}"] if scenario else []
    return project.pytest(*profile, *words, plugins=(), env={"PYTHONPATH": ""})


def test_all_of_them_start_and_ours_are_listed(beside: Project) -> None:
    done = run(beside, "--help")
    assert done.code == 0, str(done)
    options = set(re.findall(r"^ +(--harness-[a-z-]+)", done.out, flags=re.MULTILINE))
    assert options == {option.flag for option in OPTIONS}
    beside.write(test_theirs=TRIVIAL)
    done = run(beside)
    assert done.code == 0, str(done)
    done.counts("5 passed")
    assert not (beside.folder / "build").exists()


def test_no_name_of_ours_is_anybody_elses(beside: Project) -> None:
    listed = run(beside, "--fixtures")
    assert listed.code == 0, str(listed)
    homes = defaultdict(set)
    for name, place in LISTED.findall(listed.out):
        homes[name].add(place)
    ours = {name for name, places in homes.items() if any("/harness/" in p or "/mock_providers/" in p for p in places)}
    assert {"stack", "history", "mock_providers", "twilio", "sendgrid"} <= ours, str(listed)
    assert {name: homes[name] for name in ours if len(homes[name]) > 1} == {}
    marks = re.findall(r"^@pytest\.mark\.(\w+)", run(beside, "--markers").out, re.MULTILINE)
    assert [marks.count(name) for name in ("check", "needs")] == [1, 1], marks


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-n", "2"),
        ("--profile",),
        ("--count", "2"),
        ("-p", "no:randomly", "-p", "no:sugar"),
        ("-n", "1", "--reruns", "1", "--html", "report.html", "--cov", "theirs", "--timeout", "100", "--force-sugar"),
    ],
    ids=" ".join,
)
def test_a_scenario_passes_beside_them(beside: Project, words: Sequence[str]) -> None:
    beside.write(test_ours=SCENARIO)
    done = run(beside, *words, scenario=True)
    assert done.code == 0, str(done)
    assert set(done.verdicts().values()) == {"pass"}
    often = 2 if "--count" in words else 1
    assert f"{often} of {often} scenarios passed" in done.out, str(done)
    if "--html" in words:
        assert "test_scenario" in (beside.folder / "report.html").read_text()
    if "--profile" in words:
        assert "cumtime" in done.out, str(done)


@pytest.mark.parametrize("words", [(), ("-n", "1"), ("--force-sugar",)], ids=" ".join)
def test_a_rerun_is_told_as_flaky_beside_them(beside: Project, words: Sequence[str]) -> None:
    beside.write(test_ours=FLAKY)
    done = run(beside, *words, scenario=True)
    assert done.code == 0, str(done)
    assert done.verdicts() == {"test_flaky": "pass"}
    assert "test_flaky passed on the 2nd try" in " ".join(done.out.split()), str(done)


def test_a_run_of_theirs_alone_is_as_it_is_without_us(beside: Project) -> None:
    beside.write(test_theirs=TRIVIAL + "\ndef test_fails():\n    assert 0\n")
    ours, without = (run(beside, "-p", "no:randomly", *words) for words in ((), ("-p", "no:harness.plugin")))
    assert ours.code == without.code == 1
    for said in (ours, without):
        said.counts("1 failed", "5 passed")
    assert "verdict" not in ours.out
