"""What dies under a run ends it, with its name; what a process has started is held and killed with it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness_support import awaits

from harness.deploy.embedded import Embedded
from harness.deploy.processes import Processes
from harness.deploy.tree import Tree
from harness.errors import DeployError, PartDied, Unobservable
from harness.history import History
from harness.loop import Loop
from harness.profile import parse
from harness.redact import Redactor

pytestmark = pytest.mark.unmeasured
ENV = {**os.environ, "PATH": os.environ["PATH"]}
SUPERVISOR = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
while True:
    child.wait()
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
"""
DAEMON = """
import os, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        signal.pause()
    os._exit(0)
os.wait()
signal.pause()
"""


@pytest.fixture
def kept() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    processes.close()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() or state_of(pid) == "Z"


def started(kept: Processes, code: str) -> tuple[Tree, int, int]:
    """The tree of a process, its number, and the one that it says it has started."""
    process = kept.spawn(sys.executable, "-c", code, name="worker-1", role="worker", env=ENV, cwd=Path("/"))
    with os.fdopen(process.output, "rb", buffering=0) as output:
        words = b""
        while not any(line.isdigit() for line in words.split(b"\n")[:-1]):
            words += output.read(4096)
    child = next(int(line) for line in words.split(b"\n") if line.isdigit())
    return Tree(process.pid, mark=kept.mark(process)), process.pid, child


@pytest.mark.parametrize("code", [SUPERVISOR, DAEMON], ids=["a supervisor", "a daemon that left its session"])
def test_a_hold_and_a_kill_reach_the_whole_tree(kept: Processes, code: str) -> None:
    tree, parent, child = started(kept, code)
    assert {parent, child} <= tree.stop()
    assert (state_of(parent), state_of(child)) == ("T", "T")
    tree.resume()
    assert "T" not in (state_of(parent), state_of(child))
    assert {parent, child} <= tree.kill()
    assert gone(parent)
    assert gone(child)
    assert tree.members() == []


def test_nested_holds_last_until_the_last_release(kept: Processes) -> None:
    tree, parent, _ = started(kept, SUPERVISOR)
    tree.stop()
    tree.stop()
    tree.resume()
    assert state_of(parent) == "T"
    tree.resume()
    assert state_of(parent) != "T"


def test_a_number_that_is_anothers_by_now_is_nobody_of_ours(kept: Processes) -> None:
    _, parent, _ = started(kept, SUPERVISOR)
    tree = Tree(parent)
    tree._roots[parent] -= 1  # as if the number had been given away since
    assert parent not in tree.pids
    assert not tree.add(parent)


def test_the_keepers_death_ends_whoever_waits_and_leaves_nothing() -> None:
    heard: list[str] = []
    processes = Processes(on_gone=lambda: heard.append("gone"))
    directory = processes.directory()
    _, parent, child = started(processes, SUPERVISOR)
    os.kill(processes._keeper.pid, signal.SIGKILL)
    awaits(lambda: heard == ["gone"])
    with pytest.raises(DeployError, match="the keeper of this deployment's processes is gone"):
        processes.directory()
    began = time.monotonic()
    processes.close()
    assert time.monotonic() - began < 10
    assert gone(parent)
    assert gone(child)
    assert not directory.exists()


def test_a_keeper_that_is_stopped_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.deploy.processes.CLOSE_WITHIN", 0.2)
    processes = Processes()
    _, _, child = started(processes, SUPERVISOR)
    os.kill(processes._keeper.pid, signal.SIGSTOP)
    processes.close()
    assert gone(child)


STACK = {"processes": {"api": {"command": [sys.executable, "-m", "http.server"]}}}


@contextmanager
def services(loop: Loop, tmp_path: Path) -> Iterator[tuple[Embedded, History]]:
    history = History()
    profile = parse(STACK, source="test", environ={})
    driver = Embedded(profile, history, redactor=Redactor(), logs=tmp_path, stack_env={}, wire=None)
    try:
        loop.run(driver.start_services())
        yield driver, history
    finally:
        loop.run(driver.stop())


@pytest.mark.parametrize(
    ("process", "part"), [("redis", "Redis"), ("postgres", "PostgreSQL"), ("mocks", "the mock providers")]
)
def test_a_part_that_dies_ends_every_wait_with_its_name(loop: Loop, tmp_path: Path, process: str, part: str) -> None:
    with services(loop, tmp_path) as (driver, history):
        pid = next(p.pid for p in driver._processes._processes.values() if p.name == process)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(PartDied, match=f"^{part} died under the run: it ended with -9"):
            history.wait_until(lambda: None, deadline=time.monotonic() + 10)
        assert history.events("part.died")[0].data["part"] == part


def test_what_we_end_ourselves_has_not_died(loop: Loop, tmp_path: Path) -> None:
    with services(loop, tmp_path) as (_, history):
        pass
    assert history.events("part.died") == []


def test_nobody_can_hold_who_has_started_the_harness() -> None:
    with pytest.raises(Unobservable, match="has started this harness too"):
        Tree(os.getppid()).stop()
