"""`harness verify` decides by its own command line alone, in its workers too; no secret stands in a process list."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from plugin_support import ROOT, SCENARIO, Project, Said

from harness.commands import verify as commands
from harness.commands.verify import Request, arguments, check, installed, plugins
from harness.errors import UsageError

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]

UNUSED = ("-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:playwright", "-p", "no:pytest_httpserver")
SEES = """
from pathlib import Path

def told(name, secret):
    found = []
    for path in Path("/proc").glob("[0-9]*/" + name):
        try:
            if secret in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found

def test_secret(stack):
    # its end stands in the file, so that this process doesn't give it away itself
    secret = b"TOKEN=" + Path({kept!r}).read_bytes()
    api = [line for line in told("environ", secret)]
    assert len(api) >= 3, "the command, and the stack's processes"
    assert told("cmdline", secret[6:]) == []
"""


def verify(project: Project, *words: str | Path, **env: str) -> Said:
    command = [sys.executable, "-m", "harness", "verify", "--profile", ROOT / "harness.toml"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": " ".join(UNUSED), **env}
    done = subprocess.run(
        [*map(str, command), "--scenarios", "test_ours.py", *map(str, words)],
        cwd=project.folder,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Said(done, project.folder)


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["here", "worker"])
def test_neither_the_environment_nor_an_ini_file_changes_it(project: Project, words: tuple[str, ...]) -> None:
    project.write(test_ours=SCENARIO)
    project.ini("harness_repeat = 3", "harness_fixtures = stack = other")
    env = {"HARNESS_REPEAT": "2", "HARNESS_BUILD": "elsewhere", "HARNESS_CHECK": "none", "HARNESS_PROFILE": "none.toml"}
    done = verify(project, *words, **env)
    assert done.code == 0, str(done)
    assert done.verdicts() == {"test_scenario": "pass"}
    assert not (project.folder / "elsewhere").exists()


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["here", "worker"])
def test_a_secret_stands_in_no_process_list(project: Project, words: tuple[str, ...], tmp_path: Path) -> None:
    secret, kept = secrets.token_hex(16), tmp_path / "kept"
    kept.write_text(secret)
    project.write(test_ours=SEES.format(kept=str(kept)))
    done = verify(project, "--stack-env", "TOKEN", *words, TOKEN=secret)
    assert done.code == 0, str(done)
    left = [path for path in project.folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert left == [], "nor in what the run leaves"


def test_what_is_not_installed_is_left_out_or_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert installed("json.tool")
    assert not installed("json.no_such")
    assert not installed("no_such.plugin")
    request = Request(profile=ROOT / "harness.toml", build=tmp_path / "verify")
    assert "--alluredir" in arguments(request)
    monkeypatch.setattr(commands, "installed", lambda module: False)
    assert "--alluredir" not in arguments(request)
    with plugins(request) as words:
        assert words == ["-p", "harness.plugin", "-p", "mock_providers.pytest_plugin"]
    check(request)
    with pytest.raises(UsageError, match=r"-n: xdist isn't installed, .* 'messaging-harness\[embedded\]'"):
        check(replace(request, parallel=2))


def test_our_suite_asks_no_conftest_above_the_place_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("raise RuntimeError('this is about other tests')\n")
    suite = tmp_path / "venv" / "scenarios"
    suite.mkdir(parents=True)
    (suite / "test_one.py").write_text("def test_one():\n    pass\n")
    monkeypatch.setattr(commands, "content", lambda _: suite)
    words = arguments(Request(profile=ROOT / "harness.toml", build=tmp_path / "verify"))
    command = [sys.executable, "-m", "pytest", *words, "--collect-only"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
