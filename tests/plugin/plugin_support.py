"""Pytest runs of somebody else's project, in which the harness is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ENTRY_POINTS = ("harness.plugin", "mock_providers.pytest_plugin")
SCENARIO = """
from harness import accepted, sms

def test_scenario(stack):
    stack.send(sms(body="hi")).expect(accepted())
"""


class Project:
    """A folder of tests that is somebody else's."""

    def __init__(self, folder: Path, *, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = python
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, **files: str) -> None:
        """Writes files by name; `__` in a name is a folder's `/`."""
        for name, text in files.items():
            path = self.folder / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def ini(self, *lines: str) -> None:
        (self.folder / "pytest.ini").write_text("\n".join(["[pytest]", *lines, ""]), encoding="utf-8")

    def pytest(
        self, *words: str | Path, env: Mapping[str, str] | None = None, plugins: tuple[str, ...] = ENTRY_POINTS
    ) -> Said:
        """Runs pytest with these plugins and no other; with none named, with all that are installed."""
        chosen = [word for plugin in plugins for word in ("-p", plugin)]
        command = [self.python, "-m", "pytest", "-p", "no:cacheprovider", *chosen, *map(str, words)]
        surroundings = {**os.environ, "COLUMNS": "140", "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        surroundings.pop("PYTEST_ADDOPTS", None)
        if plugins:
            surroundings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = subprocess.run(
            command, cwd=self.folder, env=surroundings, capture_output=True, text=True, check=False, timeout=180
        )
        return Said(done, self.folder)

    def scenarios(self, *words: str | Path, **more: Any) -> Said:
        """The same, with the reference stack's profile."""
        return self.pytest(f"--harness-profile={ROOT / 'harness.toml'}", *words, **more)


class Said:
    """What a pytest run said, and left."""

    def __init__(self, done: subprocess.CompletedProcess[str], folder: Path) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.text = done.stdout + done.stderr
        self._folder = folder

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.text}"

    def counts(self, *parts: str) -> None:
        """Fails where pytest's closing line doesn't have each of the parts."""
        last = next(line for line in reversed(self.out.splitlines()) if " in " in line)
        assert all(part in last for part in parts), str(self)

    def one_line_error(self, *parts: str) -> None:
        """Fails where it isn't one line with these parts that ended the run."""
        errors = [line for line in self.text.splitlines() if line.startswith("ERROR: ")]
        assert len(errors) == 1, str(self)
        assert self.code in (3, 4), str(self)
        assert "Traceback" not in self.text, str(self)
        assert "INTERNALERROR" not in self.text, str(self)
        for part in parts:
            assert part in errors[0], str(self)

    def verdicts(self, build: str = "build/verify") -> dict[str, str]:
        """The verdict of each scenario."""
        path = self._folder / build / "verdicts.json"
        assert path.is_file(), str(self)
        checks = json.loads(path.read_text(encoding="utf-8"))["checks"]
        return {check["scenario"]: check["verdict"] for check in checks if check["check"] != "whole-record"}

    def left_nothing(self) -> None:
        """Fails where there is a table of ours, or a file."""
        assert "verdict" not in self.out, str(self)
        left = [path.name for path in self._folder.iterdir() if path.suffix not in (".py", ".ini", ".toml")]
        assert [name for name in left if not (self._folder / name).is_dir() or name == "build"] == [], left
