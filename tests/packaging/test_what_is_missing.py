"""What isn't installed is said in one line with the extra that brings it, whichever command needs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.packaging.environments import Environment

REFERENCE = ("--profile", "reference")
TEST = "def test_it(stack):\n    pass\n"


def one_line(done: subprocess.CompletedProcess[str], extra: str) -> None:
    """Fails where a command said anything else than the one line."""
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "Traceback" not in said
    lines = [line for line in said.splitlines() if "pip install" in line]
    assert len(lines) == 1, said
    assert f"pip install 'messaging-harness[{extra}]'" in lines[0]
    assert lines[0].startswith(("error: ", "mock-providers: ", "messaging-stack: "))


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["verify", "--help"], ["load", "--help"]])
def test_the_base_answers_what_needs_nothing(base: Environment, tmp_path: Path, words: list[str]) -> None:
    done = base.run("harness", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "messaging-harness" in done.stdout if words == ["--version"] else "--help" in done.stdout


def test_the_base_can_be_imported(base: Environment, tmp_path: Path) -> None:
    assert base.run("python", "-c", "import harness, mock_providers, messaging_stack", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["verify"], "attached"),
        (["verify", *REFERENCE, "-n", "2"], "attached"),
        (["up", *REFERENCE], "attached"),
        (["down"], "attached"),
        (["restart"], "attached"),
        (["status"], "attached"),
        (["send"], "attached"),
        (["trace", "x"], "attached"),
        (["doctor"], "attached"),
        (["load", *REFERENCE], "load"),
        (["explore", *REFERENCE], "explore"),
        (["down", "--orphans"], "containers"),
        (["report"], "reports"),
    ],
)
def test_on_the_base_alone(base: Environment, tmp_path: Path, words: list[str], extra: str) -> None:
    one_line(base.run("harness", *words, cwd=tmp_path), extra)


@pytest.mark.parametrize("words", [["serve", "--port", "0"]])
def test_the_mocks_on_the_base_alone(base: Environment, tmp_path: Path, words: list[str]) -> None:
    one_line(base.run("mock-providers", *words, cwd=tmp_path), "mocks")


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
def test_the_reference_stack_on_the_base_alone(base: Environment, tmp_path: Path, command: str) -> None:
    one_line(base.run("messaging-stack", command, cwd=tmp_path), "reference")


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["verify", *REFERENCE], "embedded"),
        (["verify", *REFERENCE, "-n", "2"], "embedded"),
        (["verify", *REFERENCE, "--deploy", "containers"], "containers"),
        (["up", *REFERENCE], "embedded"),
        (["load", *REFERENCE], "load"),
        (["explore", *REFERENCE], "explore"),
    ],
)
def test_with_what_verifies_an_attached_stack(
    attached: Environment, tmp_path: Path, words: list[str], extra: str
) -> None:
    one_line(attached.run("harness", *words, cwd=tmp_path), extra)


@pytest.mark.parametrize("words", [["verify", *REFERENCE], ["up", *REFERENCE]])
def test_without_what_the_reference_stack_is_made_of(embedded: Environment, tmp_path: Path, words: list[str]) -> None:
    one_line(embedded.run("harness", *words, cwd=tmp_path), "reference")


@pytest.mark.parametrize(("installed", "extra"), [("attached", "embedded"), ("embedded", "reference")])
def test_the_fixture_says_it_too(request: pytest.FixtureRequest, tmp_path: Path, installed: str, extra: str) -> None:
    environment: Environment = request.getfixturevalue(installed)
    (tmp_path / "test_it.py").write_text(TEST, encoding="utf-8")
    done = environment.run("pytest", "-q", "--harness-profile", "reference", cwd=tmp_path)
    said = done.stdout + done.stderr
    assert (done.returncode, "Traceback" in said) == (3, False), said
    assert f"pip install 'messaging-harness[{extra}]'" in said
