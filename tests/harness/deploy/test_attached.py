"""A stack that already runs: held by its pid_file, and never stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import awaits
from pytest_httpserver import HTTPServer

from harness.deploy.attached import Attached
from harness.deploy.ports import Ports
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.loop import Loop
from harness.profile import Profile, parse


def profile(url: str, pid_file: Path | None = None) -> Profile:
    table = {"deploy": {"driver": "attached"}, "api": {"url": url}}
    if pid_file:
        table["processes"] = {"worker": {"command": ["x"], "pid_file": str(pid_file)}}  # type: ignore[dict-item]
    return parse(table, source="test", environ={})


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    code = "import signal; print('up', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_is_held_and_released(tmp_path: Path, loop: Loop, worker: subprocess.Popen[bytes]) -> None:
    (tmp_path / "pid").write_text(f"{worker.pid}\n")
    driver = Attached(profile("http://x", tmp_path / "pid"), History())
    assert [member.name for member in driver.members("worker")] == [f"worker-{worker.pid}"]
    loop.run(driver.hold("worker"))
    assert state_of(worker.pid) == "T"
    assert driver.members("worker")[0].held
    loop.run(driver.release("worker"))
    assert state_of(worker.pid) != "T"
    loop.run(driver.hold("worker"))
    loop.run(driver.stop())  # what we held goes on when we leave
    assert state_of(worker.pid) != "T"
    assert worker.poll() is None


def test_what_can_not_be_held_is_unobservable(tmp_path: Path, loop: Loop) -> None:
    nowhere = Attached(profile("http://x"), History())
    assert nowhere.members("worker") == []
    with pytest.raises(Unobservable, match=r"can't be held unless the profile says \[processes\.worker\] pid_file"):
        loop.run(nowhere.hold("worker"))
    missing = Attached(profile("http://x", tmp_path / "none"), History())
    with pytest.raises(Unobservable, match=r"pid_file .* can't be read"):
        loop.run(missing.hold("worker"))
    ended = subprocess.Popen(["true"])
    ended.wait()
    (tmp_path / "pid").write_text(str(ended.pid))
    dead = Attached(profile("http://x", tmp_path / "pid"), History())
    with pytest.raises(Unobservable, match="no process of the worker runs"):
        loop.run(dead.hold("worker"))


HOLDS = """
import sys
from harness.deploy.attached import Attached
from harness.history import History
from harness.loop import Loop
from harness.profile import parse
process = {"command": ["x"], "pid_file": sys.argv[1]}
table = {"deploy": {"driver": "attached"}, "api": {"url": "http://x"}, "processes": {"worker": process}}
driver, loop = Attached(parse(table, source="test", environ={}), History()), Loop()
loop.run(driver.hold("worker"))
print("held", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_harness_held_goes_on(tmp_path: Path, worker: subprocess.Popen[bytes]) -> None:
    (tmp_path / "pid").write_text(str(worker.pid))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "pid")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout
        assert harness.stdout.readline() == b"held\n"
        assert state_of(worker.pid) == "T"
        harness.kill()
    awaits(lambda: state_of(worker.pid) != "T")


FAMILY = (
    "import os, signal; child = os.fork(); child or os.setsid(); os.write(1, b'%d\\n' % os.getpid()); signal.pause()"
)
"""Each says its number in one write, so that two of them never mix."""


def test_a_hold_reaches_what_the_named_process_has_started(tmp_path: Path, loop: Loop) -> None:
    """A shell is named; its child does the work, and has a child of its own that left the session."""
    with (
        subprocess.Popen(
            ["sh", "-c", f'"{sys.executable}" -c "{FAMILY}"; true'], stdout=subprocess.PIPE, start_new_session=True
        ) as shell,
        contextlib.ExitStack() as last,
    ):
        assert shell.stdout
        last.callback(os.killpg, shell.pid, signal.SIGKILL)  # or leaving would wait for them for ever
        pids = {int(shell.stdout.readline()) for _ in range(2)}
        (tmp_path / "pid").write_text(str(shell.pid))
        driver = Attached(profile("http://x", tmp_path / "pid"), History())
        reached = loop.run(driver.hold("worker"))
        assert reached.names == (f"worker-{shell.pid}",)
        assert reached.pids == {shell.pid, *pids}
        assert {state_of(pid) for pid in reached.pids} == {"T"}
        assert {driver.name_of_pid(pid) for pid in pids} == {f"worker-{shell.pid}"}
        assert driver.name_of_pid(os.getpid()) is None
        loop.run(driver.release("worker"))
        assert "T" not in {state_of(pid) for pid in reached.pids}
        loop.run(driver.stop())
        for pid in pids:  # one of them left the session
            os.kill(pid, signal.SIGKILL)


def test_what_somebody_else_has_stopped_is_left_as_it_is(
    tmp_path: Path, loop: Loop, worker: subprocess.Popen[bytes]
) -> None:
    os.kill(worker.pid, signal.SIGSTOP)
    awaits(lambda: state_of(worker.pid) == "T")
    (tmp_path / "pid").write_text(str(worker.pid))
    driver = Attached(profile("http://x", tmp_path / "pid"), History())
    with pytest.raises(Unobservable, match=f"process {worker.pid} is stopped already, by somebody else"):
        loop.run(driver.hold("worker"))
    loop.run(driver.stop())
    assert state_of(worker.pid) == "T"


@pytest.mark.parametrize("what", ["kill", "terminate", "launch"])
def test_nothing_of_it_is_ours(loop: Loop, what: str) -> None:
    driver = Attached(profile("http://x"), History())
    with pytest.raises(Unobservable, match="not ours to") as raised:
        loop.run(getattr(driver, what)("worker"))
    assert raised.value.remedy == "let the harness deploy the stack"
    assert driver.logs("worker-1") == "(the output of worker-1 is not ours to read)"


def test_an_api_that_is_ready_or_not(loop: Loop, ports: Ports) -> None:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_oneshot_request("/ready").respond_with_data("ok")
        driver = Attached(profile(server.url_for("").rstrip("/")), History())
        loop.run(driver.start_services())
        loop.run(driver.start_stack())
        server.expect_request("/ready").respond_with_data("no database", status=503)
        with pytest.raises(DeployError, match="is not ready: it answered 503: no database"):
            loop.run(driver.start_stack())
    for url in (f"http://127.0.0.1:{ports.free()}", "http://[bad"):
        with pytest.raises(DeployError, match=r"can't be reached: .*; start it, or mend \[api\] url"):
            loop.run(Attached(profile(url), History()).start_stack())
