"""The templates for CI: valid by the vendors' schemas, and their scripts run."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "docs" / "ci"
GITHUB, GITLAB = CI / "messaging-harness.yml", CI / "messaging-harness.gitlab-ci.yml"
SCHEMAS = {
    GITHUB: ["--builtin-schema", "vendor.github-workflows"],
    GITLAB: ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
}


def checked(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", *options, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_a_template_is_valid_by_its_vendors_schema(path: Path) -> None:
    done = checked(path, *SCHEMAS[path])
    assert done.returncode == 0, done.stdout


def test_the_schema_refuses_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(GITHUB.read_text(encoding="utf-8").replace("runs-on:", "runs_on:"), encoding="utf-8")
    assert checked(wrong, *SCHEMAS[GITHUB]).returncode != 0


def step(name: str) -> str:
    table: dict[str, Any] = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
    steps: list[dict[str, Any]] = table["jobs"]["verify"]["steps"]
    return str(next(one["run"] for one in steps if one.get("name") == name))


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a step's script as GitHub does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "PROFILE": "reference", "SCENARIOS": "", "STACK_ENV": "", **variables}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=180)


def test_the_steps_verify_and_tell_how_to_replay(tmp_path: Path) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_mine.py").write_text(
        "from harness import accepted, sms\n\n\ndef test_mine(stack):\n"
        "    stack.send(sms(body='hi')).expect(accepted())\n    assert stack.profile.name == 'another'\n",
        encoding="utf-8",
    )
    settings = {"STACK_ENV": "LOG_LEVEL=info\n", "ARGUMENTS": "--deploy embedded --time-scale 2", "SCENARIOS": "suite"}
    failed = run(step("verify"), tmp_path, GITHUB_ACTIONS="true", **settings)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "::error file=suite/test_mine.py,line=6," in failed.stdout

    # the artifact, as it is downloaded
    with zipfile.ZipFile(tmp_path / "artifacts.zip", "w") as packed:
        for path in sorted((tmp_path / "build" / "verify").rglob("*")):
            packed.write(path, path.relative_to(tmp_path))
    told = run(step("how to replay this"), tmp_path, GH_RUN="1", RECORD="messaging-record-1").stdout
    line = next(line for line in told.splitlines() if line.startswith("harness replay")).partition("#")[0]
    again = run(line.replace("record", "artifacts.zip"), tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
