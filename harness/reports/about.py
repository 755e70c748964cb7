"""What Allure wants to know of a run beside its tests: environment, executor, categories."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.content import content
from harness.keeping import keep


def write(directory: Path, *, stack: Mapping[str, Any], verdict: str, interrupted: str = "") -> None:
    """Writes the three files beside the results; `interrupted` says after how many scenarios the run ended, and why."""
    known = environment(stack, verdict) | ({"interrupted": interrupted} if interrupted else {})
    lines = [f"{escaped(name)} = {escaped(value)}\n" for name, value in known.items()]
    keep(directory / "environment.properties", "".join(lines))
    keep(directory / "executor.json", json.dumps(executor(os.environ), indent=1) + "\n")
    # in Allure 2's form, which Allure 3 takes too; allurerc.mjs reads the same file
    keep(directory / "categories.json", content("reports", "categories.json").read_bytes())


def environment(stack: Mapping[str, Any], verdict: str) -> dict[str, str]:
    """What was verified, and with what."""
    try:
        harness = version("messaging-harness")
    except PackageNotFoundError:
        harness = "not installed"
    shown = {name: text(value) for name, value in stack.items() if value not in (None, "", [])}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs"
    return {
        "verdict": verdict,
        **shown,
        "messaging-harness": harness,
        "python": platform.python_version(),
        "machine": machine,
    }


def text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def escaped(value: str) -> str:
    """A name or value of a .properties file on one line."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("=", "\\=").replace(":", "\\:")


def executor(variables: Mapping[str, str]) -> dict[str, Any]:
    """Who ran it: GitHub Actions by its own variables, else a person."""
    if variables.get("GITHUB_ACTIONS") != "true":
        return {"name": "local", "type": "local"}
    server, number = variables.get("GITHUB_SERVER_URL", "https://github.com"), variables.get("GITHUB_RUN_NUMBER", "0")
    place = f"{variables.get('GITHUB_REPOSITORY', '')}/actions/runs/{variables.get('GITHUB_RUN_ID', '')}"
    return {
        "name": "GitHub Actions",
        "type": "github",
        "buildName": f"{variables.get('GITHUB_WORKFLOW', 'workflow')} #{number}",
        "buildOrder": int(number) if number.isdigit() else 0,
        "buildUrl": f"{server}/{place}",
    }
