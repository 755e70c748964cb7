"""A stack that runs already: which processes are meant, and what commands of the profile do to them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_support import awaits

from harness.deploy.attached import Attached
from harness.deploy.finding import command_line, matching
from harness.deploy.tree import await_stopped
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.loop import Loop
from harness.profile import parse

Start = Callable[..., subprocess.Popen[bytes]]
WAITS = "import os, signal, sys; print('up', flush=True); signal.pause()"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process with these words on its command line, and returns once it runs."""
    with contextlib.ExitStack() as last:

        def one(*words: str, code: str = WAITS) -> subprocess.Popen[bytes]:
            process = subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE)
            last.callback(end, process)
            assert process.stdout
            process.stdout.readline()
            return process

        yield one


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def attached(**processes: dict[str, Any]) -> Attached:
    table = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:9"}, "processes": processes}
    return Attached(parse(table, source="p.toml", environ={}), History())


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def word(tmp_path: Path) -> str:
    """One that is on no other command line of this machine."""
    return f"queue-{tmp_path.name}-{os.getpid()}"


# by their command lines


def test_all_whose_command_line_matches_are_held(tmp_path: Path, loop: Loop, start: Start) -> None:
    name = word(tmp_path)
    pids = {start(name, "one").pid, start(name, "two").pid}
    stranger = start("something-else").pid
    driver = attached(mail={"role": "worker", "match": f" {name} (one|two)$"})
    reached = loop.run(driver.hold("worker"))
    assert pids == reached.pids
    assert {state_of(pid) for pid in pids} == {"T"}
    assert state_of(stranger) != "T"
    assert not reached.unsure
    assert {driver.name_of_pid(pid) for pid in pids} == set(reached.names)
    assert driver.name_of_pid(stranger) is None
    loop.run(driver.release("worker"))
    assert "T" not in {state_of(pid) for pid in pids}
    loop.run(driver.stop())


def test_neither_we_nor_who_started_us_is_meant(start: Start, tmp_path: Path) -> None:
    child = start(word(tmp_path))
    assert matching(re.compile(word(tmp_path))) == [child.pid]
    assert os.getpid() not in matching(re.compile(f"^{re.escape(command_line(os.getpid()))}$"))


def test_one_that_came_again_is_found_anew(tmp_path: Path, loop: Loop, start: Start) -> None:
    name = word(tmp_path)
    first = start(name)
    driver = attached(worker={"match": name})
    loop.run(driver.hold("worker"))
    loop.run(driver.release("worker"))
    first.kill()
    first.wait()
    second = start(name)
    assert loop.run(driver.hold("worker")).pids == {second.pid}
    loop.run(driver.stop())
    assert state_of(second.pid) != "T"


def test_nobody_runs_by_that_command_line(tmp_path: Path, loop: Loop) -> None:
    with pytest.raises(Unobservable, match="no process of the worker runs"):
        loop.run(attached(worker={"match": word(tmp_path)}).hold("worker"))


def test_one_process_of_two_roles_is_not_held(tmp_path: Path, loop: Loop, start: Start) -> None:
    pid = start(word(tmp_path)).pid
    driver = attached(worker={"match": word(tmp_path)}, api={"match": word(tmp_path)})
    with pytest.raises(Unobservable, match=r"process \d+ is the worker's and the api's, by what the profile says"):
        loop.run(driver.hold("worker"))
    assert state_of(pid) != "T"


def test_a_unit_where_there_is_no_systemd(loop: Loop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unobservable, match=r"unit = 'w.service': there is no systemctl here; name it by match or pid"):
        loop.run(attached(worker={"unit": "w.service"}).hold("worker"))


# by commands


def by_signals(pid: int, **more: Any) -> dict[str, Any]:
    return {"hold": ["kill", "-STOP", str(pid)], "release": ["kill", "-CONT", str(pid)], **more}


def test_a_command_holds_and_another_lets_go(loop: Loop, start: Start) -> None:
    worker = start()
    driver = attached(worker=by_signals(worker.pid))
    reached = loop.run(driver.hold("worker"))
    await_stopped(worker.pid)  # a command that sends a signal is done before it is obeyed
    assert reached.names == ("worker-1",)
    assert reached.unsure == {"worker-1"}
    loop.run(driver.hold("worker"))  # the last release counts
    loop.run(driver.release("worker"))
    assert state_of(worker.pid) == "T"
    assert driver.members("worker")[0].held
    loop.run(driver.release("worker"))
    assert state_of(worker.pid) != "T"
    loop.run(driver.hold("worker"))
    loop.run(driver.stop())
    assert state_of(worker.pid) != "T"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["sh", "-c", "echo no such worker; exit 3"], r"hold = `sh -c .*` ended with 3, saying: no such worker"),
        (["/nowhere/hold"], r"hold = `/nowhere/hold` can't be run: No such file or directory; mend it in the profile"),
    ],
)
def test_a_hold_that_fails_is_undone_and_says_why(loop: Loop, tmp_path: Path, command: list[str], why: str) -> None:
    undone = tmp_path / "undone"
    driver = attached(worker={"hold": command, "release": ["touch", str(undone)]})
    with pytest.raises(Unobservable, match=why):
        loop.run(driver.hold("worker"))
    assert undone.exists()
    loop.run(driver.stop())


def test_a_release_that_fails_is_tried_once_more_at_the_end(loop: Loop, tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/first && touch {tmp_path}/second || {{ touch {tmp_path}/first; exit 1; }}"
    driver = attached(worker={"hold": ["true"], "release": ["sh", "-c", script]})
    loop.run(driver.hold("worker"))
    with pytest.raises(Unobservable, match=r"\[processes.worker\] release = .* ended with 1"):
        loop.run(driver.release("worker"))
    loop.run(driver.stop())
    assert (tmp_path / "second").exists()


HOLDS = """
import json, sys
from harness.deploy.attached import Attached
from harness.history import History
from harness.loop import Loop
from harness.profile import parse
table = {"deploy": {"driver": "attached"}, "api": {"url": "http://x"}, "processes": json.loads(sys.argv[1])}
driver, loop = Attached(parse(table, source="test", environ={}), History()), Loop()
loop.run(driver.hold("worker"))
print("held", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_harness_held_by_a_command_goes_on(start: Start) -> None:
    worker = start()
    said = json.dumps({"worker": by_signals(worker.pid)})
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, said], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout
        assert harness.stdout.readline() == b"held\n"
        await_stopped(worker.pid)
        harness.kill()
    awaits(lambda: state_of(worker.pid) != "T")


def test_several_kinds_of_a_role_are_held_together_or_not_at_all(loop: Loop, start: Start, tmp_path: Path) -> None:
    one, other = start(), start()
    (tmp_path / "pid").write_text(str(one.pid))
    texts = {"role": "worker", "pid_file": str(tmp_path / "pid")}
    driver = attached(texts=texts, mail={"role": "worker", **by_signals(other.pid)})
    assert set(loop.run(driver.hold("worker")).names) == {f"texts-{one.pid}", "mail-1"}
    assert state_of(one.pid) == "T"
    await_stopped(other.pid)
    loop.run(driver.stop())
    failing = attached(texts=texts, mail={"role": "worker", "hold": ["false"], "release": ["true"]})
    with pytest.raises(Unobservable, match=r"\[processes.mail\] hold = `false` ended with 1"):
        loop.run(failing.hold("worker"))
    assert state_of(one.pid) != "T"
    loop.run(failing.stop())


# ending and starting by commands

SUPERVISED = """
import os, subprocess, sys
process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
open(sys.argv[1], "w").write(str(process.pid))
print("up", flush=True)
process.wait()
"""


def test_who_was_killed_by_a_command_is_started_by_another(loop: Loop, start: Start, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    start(str(pid_file), code=SUPERVISED)
    first = int(pid_file.read_text())
    (tmp_path / "start.sh").write_text(f"{sys.executable} -c 'import signal; signal.pause()' & echo $! > {pid_file}\n")
    driver = attached(
        worker={
            "pid_file": str(pid_file),
            "kill": ["sh", "-c", f"kill -9 $(cat {pid_file})"],
            "restart": ["sh", str(tmp_path / "start.sh")],
        }
    )
    reached = loop.run(driver.kill("worker"))
    assert reached.names == (f"worker-{first}",)
    assert driver.members("worker") == []
    loop.run(driver.launch("worker"))
    second = int(pid_file.read_text())
    assert [member.pid for member in driver.members("worker")] == [second]
    assert driver.restarts("worker")
    with contextlib.suppress(ProcessLookupError):
        os.kill(second, signal.SIGKILL)
    loop.run(driver.stop())


def test_a_kill_that_leaves_them_running_did_not_happen(
    loop: Loop, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.deploy.grips.ENDED_WITHIN", 0.1)
    worker = start()
    (tmp_path / "pid").write_text(str(worker.pid))
    driver = attached(worker={"pid_file": str(tmp_path / "pid"), "kill": ["true"]})
    with pytest.raises(Unobservable, match=f"of the processes {worker.pid} some are still there after the command"):
        loop.run(driver.kill("worker"))


def test_an_api_that_never_answers_after_its_restart(loop: Loop) -> None:
    driver = attached(api={"restart": ["true"], "start_within": 0.1})
    with pytest.raises(DeployError, match=r"api was not ready within 0.1 s: it refused every connection"):
        loop.run(driver.launch("api"))


@pytest.mark.parametrize("what", ["kill", "terminate", "launch"])
def test_without_a_command_nothing_is_ours(loop: Loop, what: str) -> None:
    driver = attached(worker={"match": "x"}, mail={"role": "worker", "kill": ["true"], "restart": ["true"]})
    with pytest.raises(Unobservable, match="the worker of an attached stack is not ours to"):
        loop.run(getattr(driver, what)("worker"))
