"""Which processes are the stack's: real ones, that listen and talk."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import Valkey, awaits

from harness.discovery import processes
from harness.discovery.draft import Draft

SERVER = """
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
server.accept()
"""
SPEAKER = """
import socket, sys
client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print("there", flush=True)
client.recv(1)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    kept: list[subprocess.Popen[str]] = []
    yield kept
    for one in kept:
        with one:  # its pipe is closed, too
            one.kill()


def start(kept: list[subprocess.Popen[str]], name: str, code: str, folder: Path, *words: str) -> tuple[int, str]:
    """Runs a program of this name; returns its number and its first line."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(code, encoding="utf-8")
    process = subprocess.Popen([sys.executable, name, *words], cwd=folder, stdout=subprocess.PIPE, text=True)
    kept.append(process)
    assert process.stdout is not None
    return process.pid, process.stdout.readline().strip()


def test_who_listens_and_who_talks(valkey: Valkey, started: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    api, port = start(started, "serve.py", SERVER, tmp_path / "project")
    worker, _ = start(started, "work.py", SPEAKER, tmp_path / "project", str(valkey.port))
    said: list[str] = []
    draft = Draft()
    found = processes.look(draft, api=f"http://127.0.0.1:{port}", redis=valkey.url, say=said.append)
    assert [one.pid for one in found["api"]] == [api]
    assert worker in [one.pid for one in found["worker"]]
    assert found["api"][0].cwd == tmp_path / "project"
    pattern = draft.get("processes", "api", "match")
    assert re.search(pattern, found["api"][0].line)
    assert str(tmp_path) not in pattern


def test_a_file_with_the_number_goes_before_a_pattern(started: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    api, port = start(started, "serve.py", SERVER, tmp_path / "project")
    (tmp_path / "project" / "old.pid").write_text("1\n", encoding="utf-8")
    (tmp_path / "project" / "api.pid").write_text(f"{api}\n", encoding="utf-8")
    draft = Draft()
    processes.look(draft, api=f"http://127.0.0.1:{port}", redis=None, say=lambda _: None)
    assert draft.get("processes", "api", "pid_file") == str(tmp_path / "project" / "api.pid")
    assert ("processes", "worker", "pid_file") in draft.open


def test_a_pattern_that_fits_another_process_too_isnt_written(
    started: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    _, port = start(started, "serve.py", SERVER, tmp_path / "one")
    start(started, "serve.py", SERVER, tmp_path / "other")
    draft = Draft()
    processes.look(draft, api=f"http://127.0.0.1:{port}", redis=None, say=lambda _: None)
    assert draft.get("processes", "api", "match") is None
    assert ("processes", "api", "match") in draft.open


def test_what_a_forked_process_shares_is_told_of_both(started: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    code = SERVER.replace("server.accept()", "os.fork()\nserver.accept()")
    parent, port = start(started, "serve.py", code, tmp_path / "project")
    awaits(lambda: len(processes.api_of(processes.running(), f"http://127.0.0.1:{port}")) == 2)
    found = processes.api_of(processes.running(), f"http://127.0.0.1:{port}")
    assert found[0].pid == parent
    os.kill(found[1].pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:80/x", 80),
        ("http://localhost", 7),
        ("http://[::1]:5", 5),
        ("http://10.0.0.1:80", None),
        ("", None),
    ],
)
def test_only_this_machines_ports_are_looked_for(url: str, port: int | None) -> None:
    assert processes.port_of(url, default=7) == port
