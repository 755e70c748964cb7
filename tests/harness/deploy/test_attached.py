"""A stack that already runs: held by its pid_file, and never stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.deploy.attached import Attached, await_stopped
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
    dead._signal(ended.pid, 0)  # type: ignore[arg-type]  # reason: a process that has gone is no error
    with pytest.raises(Unobservable, match="is gone"):
        await_stopped(ended.pid)


def test_a_process_that_does_not_stop() -> None:
    with pytest.raises(Unobservable, match=r"did not stop within 0\.01 s"):
        await_stopped(os.getpid(), within=0.01)


@pytest.mark.parametrize("what", ["kill", "terminate", "launch"])
def test_nothing_of_it_is_ours(loop: Loop, what: str) -> None:
    driver = Attached(profile("http://x"), History())
    with pytest.raises(Unobservable, match="not ours to"):
        loop.run(getattr(driver, what)("worker"))
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
