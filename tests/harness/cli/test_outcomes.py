"""Outcomes are pytest's: `harness verify` and plain pytest say the same of a suite with every kind of outcome in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
from harness_support import ROOT, Harness

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]

# a suite of one's own loads every plugin there is, and these take seconds
UNUSED = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:playwright", "-p", "no:pytest_httpserver")
SUITE = """
import pytest
from harness import accepted, provider_called, sms, status
from harness.errors import Inconclusive, Refuted

def test_pass(stack):
    stack.send(sms(body="hi")).expect(accepted())

def test_skip(stack):
    pytest.skip("not on this machine")

@pytest.mark.skipif(True, reason="never here")
def test_skipif(stack): ...

@pytest.mark.xfail(reason="known defect", strict=True)
def test_xfail(stack):
    stack.send(sms(body="hi")).expect(provider_called(times=2))

@pytest.mark.xfail(reason="mended")
def test_xpass(stack): ...

@pytest.mark.xfail(reason="mended", strict=True)
def test_xpass_strict(stack): ...

def test_assert(stack):
    assert stack.send(sms(body="hi")).message.body == "other"

def test_pytest_fail(stack):
    pytest.fail("no good")

def test_refuted(stack):
    stack.send(sms(body="hi")).expect(provider_called(times=2))

def test_own_code(stack):
    {}["nothing"]

def test_mistyped(stack):
    stack.send(sms()).expect(status("snet"))

def test_inconclusive(stack):
    error = Inconclusive("a list shows no pending entries")
    error.remedy = '[queue] unacked = "unacked"'
    raise error

@pytest.fixture
def broken():
    raise ValueError("in a fixture")

@pytest.fixture
def leaving():
    yield
    raise RuntimeError("in a teardown")

@pytest.fixture
def refuting(stack):
    raise Refuted("the record proves it")

def test_setup(stack, broken): ...
def test_teardown(stack, leaving): ...
def test_setup_refuted(refuting): ...
def test_no_such_fixture(stack, nowhere): ...

@pytest.mark.needs("mms")
def test_not_asked(stack):
    raise AssertionError("it must not be run")

def test_beside():
    assert 0, "not about the stack"
"""
EXPECTED = {
    "test_pass": ("pass", "met"),
    "test_skip": ("skipped", "not on this machine"),
    "test_skipif": ("skipped", "never here"),
    "test_xfail": ("xfailed", "failed as expected: known defect"),
    "test_xpass": ("pass", "passed, though it was expected to fail: mended"),
    "test_xpass_strict": ("fail", "it passed, though it was expected to fail: mended"),
    "test_assert": ("fail", "(test_mine.py:{assert})"),
    "test_pytest_fail": ("fail", "no good (test_mine.py:"),
    "test_refuted": ("fail", "provider_called(times=2): "),
    "test_own_code": ("error", "KeyError: 'nothing' (test_mine.py:"),
    "test_mistyped": (
        "error",
        "did you mean 'sent'? a word of the stack's own belongs in [statuses] order (test_mine.py:",
    ),
    "test_inconclusive": ("unknown", "a list shows no pending entries"),
    "test_setup": ("error", "ValueError: in a fixture (test_mine.py:"),
    "test_teardown": ("error", "RuntimeError: in a teardown (test_mine.py:"),
    "test_setup_refuted": ("fail", "the record proves it"),
    "test_no_such_fixture": ("error", "fixture 'nowhere' not found"),
    "test_not_asked": ("not asked", "the profile claims no mms"),
}


@pytest.fixture
def suite(harness: Harness) -> Path:
    path = harness.directory / "test_mine.py"
    path.write_text(SUITE)
    return path


@pytest.fixture
def sms_only(harness: Harness) -> Path:
    text = (ROOT / "harness.toml").read_text()
    return harness.profile(text.replace('channels = ["sms", "mms", "email"]', 'channels = ["sms"]'))


def said(build: Path) -> dict[str, tuple[str, str]]:
    """What the run says of each scenario: its last verdict, with the reason."""
    checks = json.loads((build / "verdicts.json").read_text())["checks"]
    checks = [check for check in checks if check["check"] != "whole-record"]
    return {check["scenario"]: (check["verdict"], check["reason"]) for check in checks}


def plain(*words: str | Path, build: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider", *UNUSED]
    command += ["--harness-build", str(build), *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_and_plain_pytest_say_the_same(harness: Harness, suite: Path, sms_only: Path) -> None:
    done = harness.verify("--scenarios", suite, "--profile", sms_only, env={"PYTEST_ADDOPTS": " ".join(UNUSED)})
    assert done.code == 1, str(done)
    found = said(harness.build)
    assert found.pop("test_beside") == ("error", "AssertionError: not about the stack")
    line = SUITE.splitlines().index('    assert stack.send(sms(body="hi")).message.body == "other"') + 1
    for scenario, (outcome, reason) in EXPECTED.items():
        assert found[scenario][0] == outcome, (scenario, found[scenario])
        assert reason.replace("{assert}", str(line)) in found[scenario][1], (scenario, found[scenario])
    assert "passed, though it was expected to fail: mended" in done.out
    assert "FAIL  2 of 14 scenarios passed; 1 not asked, 2 skipped, 1 xfailed" in done.out
    assert " passed, " not in done.out.splitlines()[-1], "pytest has no last word"
    counts = "8 failed, 2 passed, 3 skipped, 1 xfailed, 1 xpassed"
    assert "it must not be run" not in done.text

    alone = plain("--harness-profile", sms_only, suite, build=harness.directory / "plain")
    assert alone.returncode == 1, alone.stdout
    assert set(said(harness.directory / "plain")) == set(EXPECTED)
    assert {name: outcome for name, (outcome, _) in said(harness.directory / "plain").items()} == {
        name: outcome for name, (outcome, _) in EXPECTED.items()
    }
    for count in counts.split(", "):
        number, word = count.split()
        assert f"{number} {word}" in alone.stdout.splitlines()[-1], alone.stdout

    cases = {case.get("name"): case for case in parse(harness.build / "junit.xml").getroot().iter("testcase")}
    assert cases["test_not_asked"].find("skipped") is not None
    assert cases["test_own_code"].find("error") is not None
    assert "test_mine.py" in (cases["test_own_code"].findtext("error") or "")
    assert (cases["test_inconclusive"].findtext("error") or "").endswith('to know: [queue] unacked = "unacked"')
    allure = [json.loads(p.read_text()) for p in (harness.build.parent / "allure-results").glob("*-result.json")]
    shown = {result["name"]: result for result in allure}
    assert shown["test_not_asked"]["status"] == "skipped"
    assert shown["test_not_asked"]["statusDetails"]["message"] == "not asked: the profile claims no mms"


def test_what_judged_nothing_is_not_green(harness: Harness, suite: Path, sms_only: Path) -> None:
    env = {"PYTEST_ADDOPTS": " ".join(UNUSED)}
    done = harness.verify("--scenarios", suite, "--profile", sms_only, "-k", "skip or not_asked", env=env)
    assert done.code == 2, str(done)
    assert "UNKNOWN  nothing was judged; 1 not asked, 2 skipped" in done.out
    done = harness.verify("--scenarios", suite, "--profile", sms_only, "-k", "no_such_name", env=env)
    done.one_line_error("no scenario was selected: none matches --keyword 'no_such_name'")
    assert not (harness.build / "verdicts.json").exists(), "an earlier run's"


def test_a_rerun_that_passed_is_told_as_flaky(harness: Harness) -> None:
    pytest.importorskip("pytest_rerunfailures", reason="pytest-rerunfailures isn't installed")
    suite = harness.directory / "test_mine.py"
    suite.write_text(
        "import pytest\nfrom harness import provider_called, sms\nTRIES = []\n"
        "@pytest.mark.flaky(reruns=2)\ndef test_it(stack):\n    TRIES.append(1)\n"
        "    stack.send(sms(body='hi')).expect(provider_called(times=2 if len(TRIES) == 1 else 1))\n"
    )
    done = harness.verify("--scenarios", suite, env={"PYTEST_ADDOPTS": " ".join(UNUSED)})
    assert done.code == 0, str(done)
    assert "test_it passed on the 2nd try; the 1st said: provider_called(times=2)" in " ".join(done.out.split())
    assert {verdict for verdict, _ in said(harness.build).values()} == {"pass"}


def test_a_run_that_can_not_begin_is_one_line_under_plain_pytest_too(harness: Harness, suite: Path) -> None:
    alone = plain("--harness-profile", harness.directory / "none.toml", suite, build=harness.directory / "plain")
    assert alone.returncode == 3, alone.stdout
    assert "none.toml can't be read: No such file or directory; name one with --harness-profile" in alone.stdout
    assert "raise ProfileError" not in alone.stdout, "no traceback"
