"""`[attached]` alone verifies a stack that runs already, without any package that only starting one needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.environments import ROOT, Environment

NOT_NEEDED = ("uvloop", "hiredis", "xdist", "allure_pytest", "starlette", "fastapi", "sqlalchemy", "locust")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """The profile of a stack that the development environment has started."""
    build = tmp_path / "up"
    harness = [sys.executable, "-m", "harness"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = [*harness, "up", "--profile", str(ROOT / "harness.toml"), "--build", str(build)]
    subprocess.run(begun, check=True, capture_output=True, cwd=tmp_path, env=env, timeout=60)
    yield build / "attached.toml"
    subprocess.run([*harness, "down", "--build", str(build)], check=True, capture_output=True, env=env, timeout=60)


def test_it_judges(attached: Environment, running: Path, tmp_path: Path) -> None:
    done = attached.run("harness", "verify", "--profile", running, "-k", "readme or accepted_message", cwd=tmp_path)
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert done.returncode == 0, said
    judged = json.loads((tmp_path / "build" / "verify" / "verdicts.json").read_text(encoding="utf-8"))
    assert "pass" in json.dumps(judged)


def test_what_is_not_there(attached: Environment, tmp_path: Path) -> None:
    code = f"import importlib.util, sys; print([one for one in {NOT_NEEDED} if importlib.util.find_spec(one)])"
    assert attached.run("python", "-c", code, cwd=tmp_path).stdout.strip() == "[]"
