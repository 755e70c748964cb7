"""However a search ends, nothing that it has started is left, and what is known is told."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.shake.suites import ROOT, WORDS, Suite, command, written

pytestmark = [pytest.mark.unmeasured, pytest.mark.xdist_group("shake")]
GONE_S = 60


@pytest.fixture
def search(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A search that goes on: its first run is over."""
    folder = written(Suite("ending", ("stable/test_team.py",)), tmp_path / "suite")
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    with subprocess.Popen(
        command(*WORDS, "--runs", "1000", "--below", "0.5", "."),
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("run "), first + process.stdout.read()
        yield process
        process.kill()


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    found = psutil.Process(process.pid).children(recursive=True)
    assert len(found) > 5, "the tests' process, and its stack"
    return found


def test_an_interrupted_one_says_what_it_knows(search: subprocess.Popen[str]) -> None:
    others = family(search)
    os.killpg(search.pid, signal.SIGINT)
    assert search.stdout is not None
    said = search.stdout.read()
    assert search.wait() == 130, said
    assert "5 undecided" in said
    assert "it never failed" in said
    assert "Traceback" not in said
    _, left = psutil.wait_procs(others, timeout=GONE_S)
    assert left == []


def test_of_one_that_is_killed_nothing_is_left(search: subprocess.Popen[str]) -> None:
    others = family(search)
    search.kill()
    _, left = psutil.wait_procs(others, timeout=GONE_S)
    assert left == []
