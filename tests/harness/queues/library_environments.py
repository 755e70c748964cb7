"""Environments in which the real libraries run, and their processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.packaging.environments import Environment, NoIndexError, Uv, surroundings

HERE = Path(__file__).parent / "libraries"
REQUIRED = "MESSAGING_HARNESS_REQUIRE_INDEX"


def skipped(why: object) -> None:
    """Skips what can't be fetched; where an index is required, that is a failure."""
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{why}")
    pytest.skip(f"no package index can be reached ({why}); {REQUIRED}=1 makes this a failure")


def python_environment(directory: Path, name: str, *requirements: str) -> Environment:
    try:
        return Uv(directory).environment(name, *requirements)
    except NoIndexError as error:
        skipped(error)
        raise


def node_environment(directory: Path) -> Path:
    """A directory with BullMQ and the scripts that use it."""
    npm = shutil.which("npm")
    if npm is None:
        skipped("npm isn't installed")
    made = directory / "bullmq"
    if not made.exists():
        shutil.copytree(HERE / "node", made, ignore=shutil.ignore_patterns("node_modules"))
        words = [str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
        done = subprocess.run(words, cwd=made, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            shutil.rmtree(made)
            skipped(done.stderr.strip().splitlines()[-1:])
    return made


def environment(port: int, done: Path, more: dict[str, str]) -> dict[str, str]:
    return surroundings(REDIS_URL=f"redis://127.0.0.1:{port}/0", DONE=str(done), PYTHONPATH=str(HERE), **more)


def push(command: list[str], words: list[str], *, cwd: Path, port: int, done: Path, more: dict[str, str]) -> None:
    """Runs what enqueues, to its end."""
    told = subprocess.run(
        [*command, *words],
        cwd=cwd,
        env=environment(port, done, more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr


@contextmanager
def working(command: list[str], *, cwd: Path, port: int, done: Path, more: dict[str, str]) -> Iterator[None]:
    """A worker, with all that it starts, for as long as the block runs."""
    output = (done / "worker.txt").open("w+")
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(port, done, more),
        stdout=output,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.close()
