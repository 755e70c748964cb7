"""An example as a user has it: a copy of its folder, with what its own list of packages names, from PyPI or npm."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.examples.catalogue import Example
from tests.packaging.environments import ROOT, NoIndexError, Uv, run

OFFLINE: Final = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH")
"""What npm says where no registry answers."""


class NoNodeError(Exception):
    """There is no Node.js with npm here."""


class Installed:
    """An example that can be run."""

    def __init__(self, example: Example, *, build: Path) -> None:
        self.example = example
        self.build = (build / example.name).resolve()
        self.folder = self.build / "stack"
        self._venv = self.build / "venv"

    def environment(self) -> Mapping[str, str]:
        """The variables for a harness that finds the example's own programs first."""
        if self.example.kind == "node":
            return dict(os.environ)
        return {**os.environ, "PATH": f"{self._venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def install(self) -> None:
        """Copies it and installs what it needs, unless that is there; raises NoIndexError, NoNodeError."""
        source = ROOT / "examples" / self.example.name
        wanted = source / ("package-lock.json" if self.example.kind == "node" else "requirements.txt")
        stamp = self.build / "installed"
        digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
        there = stamp.exists() and stamp.read_text(encoding="utf-8") == digest
        if not there:
            shutil.rmtree(self.build, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            if old.name != "node_modules":
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        ours = shutil.ignore_patterns("node_modules", "__pycache__", ".*_cache", "build", ".venv", "*.db*")
        shutil.copytree(source, self.folder, ignore=ours, dirs_exist_ok=True)
        if there:
            return
        if self.example.kind == "node":
            npm_install(self.folder)
        else:
            name = f"{self.build.name}/{self._venv.name}"
            uv(self.build.parent).environment(name, "--requirements", self.folder / "requirements.txt")
        stamp.write_text(digest, encoding="utf-8")


@functools.cache
def uv(directory: Path) -> Uv:
    """One for all examples, since it may have to be fetched itself."""
    return Uv(directory)


def npm_install(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise NoNodeError("Node.js 20 or newer, with npm, is not installed")
    try:
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder, check=True)
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if any(sign in line for sign in OFFLINE)]
        if lines:
            raise NoIndexError(lines[-1]) from error
        raise
