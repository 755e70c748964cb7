"""Processes are owned: whatever happens to the harness, nothing of a deployment is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import ROOT, Harness, await_death, kill

from harness.deploy.processes import Process, Processes
from harness.errors import DeployError

ENV = {"PATH": os.environ["PATH"]}
WAIT = ("-c", "import signal; print('up', flush=True); signal.pause()")
STUBBORN = (
    "-c",
    "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); [signal.pause() for _ in iter(int, 1)]",
)
PARENT = (
    "import subprocess, sys; "
    "print(subprocess.Popen(['setsid', sys.executable, '-c', {wait!r}]).pid, flush=True); {then}"
)


@pytest.fixture
def kept() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    processes.close()


def spawn(processes: Processes, *words: str, name: str = "child") -> Process:
    return processes.spawn(sys.executable, *words, name=name, role="test", env=ENV, cwd=Path("/"))


def line_of(process: Process) -> str:
    with os.fdopen(process.output, encoding="utf-8") as lines:
        return lines.readline().strip()


def first_line(process: Process) -> str:
    """The first line of output; the pipe stays open."""
    with os.fdopen(os.dup(process.output), encoding="utf-8") as lines:
        return lines.readline().strip()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_stopped_process_has_really_stopped(kept: Processes) -> None:
    process = spawn(kept, *WAIT)
    assert line_of(process) == "up"
    kept.signal(process, signal.SIGSTOP)
    assert state_of(process.pid) == "T"
    kept.signal(process, signal.SIGCONT)
    assert state_of(process.pid) != "T"
    kept.stop([process])
    assert process.code == -signal.SIGTERM


def test_a_stopped_process_can_be_ended_politely(kept: Processes) -> None:
    process = spawn(kept, *WAIT)
    assert line_of(process) == "up"
    kept.signal(process, signal.SIGSTOP)
    kept.stop([process], within=5)
    assert process.code == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_killed(kept: Processes) -> None:
    process = spawn(kept, *STUBBORN)
    assert line_of(process) == "up"
    kept.stop([process], within=0.1)
    assert process.ended.wait(5)
    assert process.code == -signal.SIGKILL


def test_an_exit_is_heard_with_its_code() -> None:
    heard: list[tuple[str, int | None]] = []
    processes = Processes(on_exit=lambda process: heard.append((process.name, process.code)))
    process = spawn(processes, "-c", "raise SystemExit(7)")
    assert process.ended.wait(10)
    os.close(process.output)
    assert not process.alive
    processes.close()
    assert heard == [("child", 7)]


def test_many_that_end_at_once_are_all_heard(kept: Processes) -> None:
    processes = [kept.spawn("true", name=f"c{n}", role="test", env=ENV, cwd=Path("/")) for n in range(30)]
    for process in processes:
        assert process.ended.wait(10)
        assert process.code == 0
        os.close(process.output)


def test_a_signal_to_what_has_ended_is_an_error(kept: Processes) -> None:
    process = spawn(kept, "-c", "pass")
    assert process.ended.wait(10)
    os.close(process.output)
    with pytest.raises(DeployError, match=f"process {process.pid} has ended"):
        kept.signal(process, signal.SIGCONT)
    kept.stop([process])


def test_a_program_that_is_not_there(kept: Processes) -> None:
    with pytest.raises(DeployError, match="api can't be started: there is no program 'no-such'; mend its command"):
        kept.spawn("no-such", name="api", role="api", env=ENV, cwd=Path("/"))


def test_a_directory_that_is_not_there(kept: Processes) -> None:
    with pytest.raises(DeployError, match=r"api can't be started: .*No such file or directory: '/none/such'"):
        kept.spawn("true", name="api", role="api", env=ENV, cwd=Path("/none/such"))
    assert spawn_and_end(kept) == 0  # the keeper goes on


def spawn_and_end(kept: Processes) -> int | None:
    process = spawn(kept, "-c", "pass")
    assert process.ended.wait(10)
    os.close(process.output)
    return process.code


def test_without_roots_rights(kept: Processes) -> None:
    process = kept.spawn("id", "-u", name="id", role="test", env=ENV, cwd=Path("/"), unprivileged=True)
    assert line_of(process) == ("65534" if os.geteuid() == 0 else str(os.geteuid()))


def test_everything_ends_with_the_deployment() -> None:
    processes = Processes()
    directory = processes.directory()
    assert oct(directory.stat().st_mode)[-3:] == "700"
    stubborn = spawn(processes, *STUBBORN)
    stray = spawn(processes, "-c", PARENT.format(wait=WAIT[1], then="sys.exit()"))
    assert line_of(stubborn) == "up"
    orphan = int(first_line(stray))
    processes.close()
    os.close(stray.output)
    processes.close()  # twice is harmless
    assert not stubborn.alive
    assert await_death(orphan)
    assert not directory.exists()


def test_children_die_with_a_killed_keeper() -> None:
    processes = Processes()
    directory = processes.directory()
    process = spawn(processes, *WAIT)
    assert line_of(process) == "up"
    kill(processes._keeper.pid)
    assert await_death(process.pid)
    assert process.ended.wait(5)
    with pytest.raises(DeployError, match="the keeper of this deployment's processes is gone"):
        spawn_and_end(processes)
    with pytest.raises(DeployError, match="the keeper of this deployment's processes is gone"):
        processes.directory()
    processes.close()
    assert not directory.exists()


RUN = """
import json, os, signal, sys
from pathlib import Path
from harness.deploy.processes import Processes
processes = Processes()
directory = processes.directory()
child = processes.spawn(sys.executable, '-c', {wait!r}, name='c', role='r', env=dict(os.environ), cwd=Path('/'))
said = os.fdopen(child.output).readline()
assert said == 'up\\n', (said, child.code)
print(json.dumps([processes._keeper.pid, child.pid, str(directory)]), flush=True)
signal.pause()
"""


def test_everything_ends_with_a_killed_harness() -> None:
    harness = subprocess.Popen([sys.executable, "-c", RUN.format(wait=WAIT[1])], stdout=subprocess.PIPE, cwd=ROOT)
    assert harness.stdout
    keeper, child, directory = json.loads(harness.stdout.readline())
    assert Path(directory).is_dir()
    harness.kill()
    harness.communicate()
    assert await_death(child)
    assert await_death(keeper)
    assert not Path(directory).exists()


# a real run


def descendants(pid: int) -> set[int]:
    """All processes below one, as /proc knows them."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found |= {int(child)} | descendants(int(child))
    return found


def leftovers() -> set[Path]:
    return {path for root in ("/dev/shm", "/tmp") for path in Path(root).glob("messaging-harness-*")}


def owned(pids: set[int]) -> set[Path]:
    """The private directories that these processes work in."""
    found = set()
    for pid in pids:
        place = Path(f"/proc/{pid}/cwd").readlink()
        if place.name.startswith("messaging-harness-"):
            found.add(place)
    return found


@pytest.mark.unmeasured
@pytest.mark.xdist_group("verify")
def test_a_killed_run_leaves_no_process_and_no_directory(harness: Harness) -> None:
    run = subprocess.Popen(
        harness.command("verify", "--build", harness.build, "--repeat", "50"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=ROOT,
    )
    assert run.stdout
    output = run.stdout
    first = output.read(5)  # a few scenarios have been judged
    assert first == b".....", first + output.read()
    everything = descendants(run.pid)
    directories = owned(everything)
    assert len(everything) >= 7, "keeper, postgres, redis, mocks, wire, api, worker"
    assert len(directories) == 1
    began = time.monotonic()
    run.kill()
    for pid in everything:
        assert await_death(pid, within=max(0.0, 5 - (time.monotonic() - began))), f"process {pid} is left"
    assert not any(path.exists() for path in directories)
    threading.Thread(target=output.read, daemon=True).start()
    run.wait(10)
    output.close()
