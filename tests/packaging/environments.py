"""Virtual environments of a test's own, made by uv; the wheel and the source distribution that they install."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MEASURED = "measured"
"""The property of a test's report that is printed at the end."""
ROOT = Path(__file__).resolve().parents[2]
OURS = ("COVERAGE_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "HARNESS_", "MESSAGING_HARNESS_", "MOCK_PROVIDERS_")
"""How settings begin that would lead a process out of its environment, or tell it of the tests around it."""


class NoIndexError(Exception):
    """No package index answers, so that nothing can be installed."""


def surroundings(**more: str) -> dict[str, str]:
    """The variables for a process in an environment of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    if index := os.environ.get("PIP_INDEX_URL"):
        kept.setdefault("UV_DEFAULT_INDEX", index)
    return {**kept, "COLUMNS": "160", **more}


def run(
    *command: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    within: float = 300,
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs a command apart from what surrounds the tests; with `check`, one that fails raises RuntimeError."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=surroundings(**(env or {})),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=within,
        check=False,
    )
    if check and done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the commands that were installed in it."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        return next((self.root / "lib").glob("python*/site-packages"))

    def command(self, name: str, *words: str | Path) -> list[str]:
        return [str(self.root / "bin" / name), *map(str, words)]

    def run(
        self, name: str, *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run(*self.command(name, *words), cwd=cwd, env=env)

    def files(self) -> dict[str, int]:
        """The files of its packages by name, with their sizes; without what Python compiles beside them."""
        found = (path for path in self.packages.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path.relative_to(self.packages)): path.stat().st_size for path in found}

    def megabytes(self) -> float:
        """How much its packages take on the disk, with all that is compiled."""
        return sum(path.stat().st_size for path in self.packages.rglob("*") if path.is_file()) / 1e6

    def distributions(self) -> list[str]:
        """What is installed, as `name-version`."""
        return sorted(path.name.removesuffix(".dist-info") for path in self.packages.glob("*.dist-info"))


class Uv:
    """The tool that resolves and installs: the one of this machine, or else one of the tests' own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._uv = shutil.which("uv") or self._fetched()

    def _fetched(self) -> str:
        home = self._directory / "uv"
        run(sys.executable, "-m", "venv", home, check=True)
        try:
            run(home / "bin" / "pip", "install", "--quiet", "--retries", "1", "uv", check=True)
        except RuntimeError as error:
            raise NoIndexError(str(error).strip().splitlines()[-1]) from error
        return str(home / "bin" / "uv")

    def lock(self, name: str, *, python: Path, resolution: str, extras: Sequence[str]) -> Path:
        """A file with the versions that pyproject.toml allows: the lowest of what it names itself, or the highest."""
        path = self._directory / f"{name}.txt"
        wanted = [word for extra in extras for word in ("--extra", extra)]
        words = ("pip", "compile", "--quiet", ROOT / "pyproject.toml", "--no-header", "--no-annotate", *only_wheels())
        self._run(*words, *wanted, "--resolution", resolution, "--python", python, "--output-file", path)
        return path

    def environment(self, name: str, *requirements: str | Path, python: str | Path = sys.executable) -> Environment:
        """An environment with what is named; raises NoIndexError where it can't be fetched."""
        made = Environment(self._directory / name)
        self._run("venv", "--quiet", "--clear", "--python", python, made.root)
        if requirements:
            self.install(made, *requirements)
        return made

    def install(self, environment: Environment, *requirements: str | Path) -> None:
        # compiled as pip does it, so that sizes are a user's, and a run finds nothing left to write
        self._run(
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            environment.python,
            *only_wheels(),
            *requirements,
        )

    def _run(self, *words: str | Path) -> None:
        try:
            run(self._uv, *words, cwd=self._directory, check=True)
        except RuntimeError as error:
            if any(sign in str(error) for sign in ("dns error", "Failed to fetch", "error sending request")):
                raise NoIndexError(str(error).strip().splitlines()[-1]) from error
            raise


def only_wheels() -> Sequence[str]:
    """Everything is published as a wheel, too, so that no old version has to be compiled."""
    return ["--only-binary", ":all:"]


def built(directory: Path, *, source: Path = ROOT) -> Path:
    """The wheel of a source tree, as pip builds it."""
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", directory, source, check=True)
    return only(directory.glob("messaging_harness-*.whl"))


def packed(directory: Path) -> Path:
    """The source distribution."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", directory, cwd=ROOT, check=True)
    return only(directory.glob("messaging_harness-*.tar.gz"))


def only(paths: Iterable[Path]) -> Path:
    (path,) = paths
    return path


@contextmanager
def served(environment: Environment, cwd: Path) -> Iterator[str]:
    """The URL of a server that runs as a user starts it; it must end by itself when it is told to."""
    command = environment.command("mock-providers", "serve", "--port", "0", "--open", "--announce", "-")
    process = subprocess.Popen(command, cwd=cwd, env=surroundings(), stdout=subprocess.PIPE, text=True)
    try:
        said = json.loads(process.stdout.readline() if process.stdout is not None else "")
        yield f"http://{said['host']}:{said['port']}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
