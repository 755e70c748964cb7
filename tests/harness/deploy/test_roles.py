"""A stack whose processes have names and roles of their own: how they start, are held, and come again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DeployError
from harness.profile import Profile, load
from harness.scenario.stack import Stack
from harness.session import Options, deployed

SERVE = """
import http.server, os, sys
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/alive" else 404)
        self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer((os.environ["HOST"], int(sys.argv[1])), Ok).serve_forever()
"""
WORK = """
import os, signal, sys
print(f"{os.getcwd()} {' '.join(sys.argv[1:])} {os.environ['GREETING']}", flush=True)
print("ready to work", flush=True)
signal.pause()
"""
LISTEN = """
import os, signal, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
signal.pause()
"""
ASK = """
import os, signal, sys
def leave(*_):
    print("asked to leave", flush=True)
    sys.exit(7)
signal.signal(signal.SIGUSR1, leave)
print("here", flush=True)
while True: signal.pause()
"""


def write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text, encoding="utf-8")


def profile_in(directory: Path, port: int) -> Profile:
    write(directory, serve=SERVE, work=WORK, listen=LISTEN, ask=ASK)
    (directory / "inner").mkdir()
    (directory / "p.toml").write_text(
        f"""
version = 2
name = "roles"
[database]
observe = "api"
[env]
GREETING = "{{redis_url}}"
[processes.relay]
command = ["{{python}}", "{{profile}}/listen.py", "{port}"]
ready = {{ port = {port} }}
[processes.texts]
role = "worker"
command = ["{{python}}", "../work.py", "{{database_url}}"]
cwd = "inner"
count = 2
ready = {{ log = "^ready to w.rk$" }}
[processes.front]
role = "api"
command = ["{{python}}", "{{profile}}/serve.py", "{{port}}"]
ready = {{ path = "/alive" }}
[processes.mail]
role = "worker"
command = ["{{python}}", "{{profile}}/ask.py"]
ready = {{ log = "^here$" }}
stop = "SIGUSR1"
""",
        encoding="utf-8",
    )
    return load(directory / "p.toml", environ={})


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def stack(directory: Path, ports: Any) -> Iterator[Stack]:
    with deployed(profile_in(directory, ports.free()), Options(build=directory / "build")) as stack:
        yield stack


def started(stack: Stack, after: int = 0) -> list[tuple[str, str]]:
    return [(e.data["process"], e.data["role"]) for e in stack.history.events("process.started", after=after)]


def test_they_start_in_the_order_of_the_file(stack: Stack) -> None:
    assert started(stack)[:5] == [
        ("relay-1", "relay"),
        ("texts-1", "worker"),
        ("texts-2", "worker"),
        ("front-1", "api"),
        ("mail-1", "worker"),
    ]


def test_what_follows_is_started_once_it_is_ready(stack: Stack) -> None:
    """Its line is in the record before the API's start, since the API stands below it in the file."""
    texts = {e.data["process"]: e.seq for e in stack.history.events("worker.log") if e.data["text"] == "ready to work"}
    front = next(e.seq for e in stack.history.events("process.started") if e.data["process"] == "front-1")
    assert set(texts) == {"texts-1", "texts-2"}
    assert max(texts.values()) < front


def test_settings_and_commands_are_filled_in_and_it_runs_where_it_is_told(stack: Stack, directory: Path) -> None:
    line = next(e.data["text"] for e in stack.history.events("worker.log") if e.data["process"] == "texts-1")
    where, database, redis = line.split(" ")
    assert where == str(directory / "inner")
    assert database.startswith("postgresql://")
    assert redis.startswith("redis://127.0.0.1:")
    assert redis.endswith("/0")


def test_the_record_knows_each_role(stack: Stack) -> None:
    assert [stack.facts.role(name) for name in ("texts-2", "mail-1", "front-1", "relay-1")] == [
        *("worker", "worker", "api", "relay")
    ]
    assert [stack.facts.named(role) for role in ("api", "worker", "relay", "beat")] == [True, True, True, False]
    assert sorted(stack.facts.alive("worker")) == ["mail-1", "texts-1", "texts-2"]


def test_a_hold_of_the_workers_holds_them_all_and_nobody_else(stack: Stack) -> None:
    with stack.worker.held(quiescent=False):
        held = {m.name: m.held for role in stack.profile.roles for m in stack.driver.members(role)}
    assert held == {"relay-1": False, "texts-1": True, "texts-2": True, "front-1": False, "mail-1": True}


def test_each_is_asked_to_stop_in_its_own_way_and_comes_again_under_its_name(stack: Stack) -> None:
    before = stack.history.last
    assert before is not None
    stack.worker.restart()
    ended = {e.data["process"]: e.data["code"] for e in stack.history.events("process.exited", after=before.seq)}
    assert ended == {"texts-1": -15, "texts-2": -15, "mail-1": 7}
    assert sorted(started(stack, before.seq + 1)) == [
        *(("mail-1", "worker"), ("texts-1", "worker"), ("texts-2", "worker"))
    ]


def test_one_more_is_one_of_those_that_the_profile_names(stack: Stack) -> None:
    stack.worker.start(count=1)
    assert sorted(stack.worker.names) == ["mail-1", "texts-1", "texts-2", "texts-3"]


def test_any_role_can_be_ended_and_started(stack: Stack) -> None:
    relay = stack.role("relay")
    relay.kill()
    assert relay.names == []
    relay.start()
    assert relay.names == ["relay-1"]


NEVER = f"""
version = 2
[database]
observe = "api"
[processes.api]
command = ["{sys.executable}", "-c", "import signal; signal.pause()"]
"""


@pytest.mark.parametrize(
    ("ready", "why"),
    [
        ('{ log = "^up$" }', r"api-1 was not ready within 0.3 s: no line of its output matches '\^up\$'"),
        ("{ port = 9 }", r"api-1 was not ready within 0.3 s: nobody listens on port 9"),
        ("{ consumer = true }", r"api-1 was not ready within 0.3 s: the group workers has no consumer that is at work"),
        ('{ path = "/up" }', r"the API was not ready within 0.3 s: it refused every connection"),
    ],
)
def test_who_never_becomes_ready_is_told_by_what_was_waited_for(tmp_path: Path, ready: str, why: str) -> None:
    (tmp_path / "p.toml").write_text(f"{NEVER}start_within = 0.3\nready = {ready}\n", encoding="utf-8")
    with pytest.raises(DeployError, match=why), deployed(load(tmp_path / "p.toml"), Options(build=tmp_path / "b")):
        pass
