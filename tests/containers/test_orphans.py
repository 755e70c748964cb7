"""Nothing of a dead run stays on the engine, whatever it was doing when it died."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from container_support import ROOT, command, owned_by, run

pytestmark = [pytest.mark.xdist_group("containers"), pytest.mark.unmeasured]

SEED = 20261123
MOMENTS = [round(random.Random(SEED).uniform(low, low + 1.5), 2) for low in (0.3, 1.5, 3.0, 4.5, 6.0)]


def begun(tmp_path: Path) -> subprocess.Popen[bytes]:
    with (tmp_path / "out").open("wb") as out:
        words = command("verify", "--deploy", "containers", "--repeat", "3", "--build", tmp_path / "build")
        return subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL)


def ended(pid: int, *, within: float) -> bool:
    """Whether a process ends in that time."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within)[0])
    finally:
        os.close(watched)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_sweep_removes_what_a_killed_run_left(client: Any, tmp_path: Path, moment: float) -> None:
    """The harness and its janitor are killed at once, so that only `harness down --orphans` is left to clean up."""
    harness = begun(tmp_path)
    assert not ended(harness.pid, within=moment), (tmp_path / "out").read_text()
    family = psutil.Process(harness.pid).children(recursive=True)
    for pid in (harness.pid, *(child.pid for child in family if "harness.deploy.janitor" in child.cmdline())):
        os.kill(pid, signal.SIGKILL)
    harness.wait(10)
    done = run("down", "--orphans")
    assert done.returncode == 0, done.stderr
    assert owned_by(client, harness.pid) == []
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_the_janitor_removes_what_a_killed_run_left(client: Any, tmp_path: Path) -> None:
    harness = begun(tmp_path)
    try:
        while len(owned_by(client, harness.pid)) < 4:
            assert not ended(harness.pid, within=0.05), (tmp_path / "out").read_text()
    finally:
        family = psutil.Process(harness.pid).children(recursive=True)
        harness.kill()
        harness.wait(10)
    assert any("harness.deploy.janitor" in word for child in family for word in arguments(child))
    assert psutil.wait_procs(family, timeout=30)[1] == []
    assert owned_by(client, harness.pid) == []


def arguments(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_sweep_leaves_the_living_alone(client: Any, contained: Any) -> None:
    before = owned_by(client, os.getpid())
    assert before
    assert run("down", "--orphans").returncode == 0
    assert owned_by(client, os.getpid()) == before
