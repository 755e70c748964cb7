"""With `[all]`, beside a user's own packages of our folders' names: both sides work, and a run installs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.packaging.environments import Environment, served

THEIRS = ("reports", "scenarios", "loadtests")
TESTS = """\
import loadtests, reports, scenarios
from harness import sms, status


def test_theirs():
    assert {one.WHOSE for one in (loadtests, reports, scenarios)} == {"theirs"}


def test_a_stack(stack):
    stack.send(sms(body="hello")).expect(status("sent"))
    assert reports.WHOSE == "theirs"
"""


@dataclass(frozen=True)
class Project:
    """A user's project, and the environment that it runs in."""

    root: Path
    environment: Environment
    path: str

    def run(self, name: str, *words: str | Path, codes: tuple[int, ...] = (0,)) -> str:
        """What a command printed; fails on another exit code, and on a traceback."""
        done = self.environment.run(name, *words, cwd=self.root, env={"PYTHONPATH": self.path})
        said = done.stdout + done.stderr
        assert done.returncode in codes, said
        assert "Traceback" not in said, said
        return done.stdout


@pytest.fixture(params=["plain", "src"], scope="module")
def project(
    request: pytest.FixtureRequest, everything: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    root = tmp_path_factory.mktemp(request.param)
    packages = root if request.param == "plain" else root / "src"
    for name in THEIRS:
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text('WHOSE = "theirs"\n', encoding="utf-8")
    (root / "tests").mkdir()
    (root / "tests" / "test_theirs.py").write_text(TESTS, encoding="utf-8")
    return Project(root, everything, str(packages))


@pytest.fixture(scope="module", autouse=True)
def nothing_is_written(everything: Environment) -> Iterator[None]:
    """No run adds, changes or takes away a file of an installed package."""
    before = everything.files()
    yield
    assert everything.files() == before


def test_their_packages_are_theirs(project: Project) -> None:
    code = (
        "import harness, loadtests, reports, scenarios; print(*(one.WHOSE for one in (loadtests, reports, scenarios)))"
    )
    assert project.run("python", "-c", code) == "theirs theirs theirs\n"


def test_verify(project: Project) -> None:
    said = project.run("harness", "verify", "--profile", "reference", "-k", "readme or accepted_message")
    assert "PASS" in said
    assert list((project.root / "build" / "allure-results").glob("*-result.json"))


def test_load(project: Project) -> None:
    options = ("--duration", "3s", "--rate", "20", "--profile", "reference")
    # 2: a busy machine didn't bring about the load that was asked for
    assert " 0 lost" in " ".join(project.run("harness", "load", *options, codes=(0, 2)).split())


def test_explore(project: Project) -> None:
    assert project.run("harness", "explore", "--seconds", "2", "--profile", "reference", codes=(0,))


def test_a_stack_that_stays_up(project: Project) -> None:
    project.run("harness", "up", "--profile", "reference")
    try:
        message = project.run("harness", "send").strip()
        assert message in project.run("harness", "trace", message)
    finally:
        assert "stopped" in project.run("harness", "down")


def test_plain_pytest(project: Project) -> None:
    assert "2 passed" in project.run("pytest", "tests", "--harness-profile", "reference")


def test_the_mocks(project: Project) -> None:
    with served(project.environment, project.root) as url:
        assert httpx.get(f"{url}/_mock/health", trust_env=False).status_code == 200


def test_allures_packages_go_to_the_users_cache(project: Project, tmp_path: Path) -> None:
    code = "from harness.reports.html import workshop; print(workshop())"
    done = project.environment.run("python", "-c", code, cwd=project.root, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert done.stdout.strip() == str(tmp_path / "messaging-harness" / "allure")
