"""The mocks' journal, followed from a real server across its death and return."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness_support import until

from harness.deploy.ports import Ports
from harness.errors import DeployError, PartDied
from harness.history import History
from harness.loop import Loop
from harness.probes import providers
from harness.probes.probe import new_token
from harness.probes.providers import ProvidersProbe

ACCOUNT, AUTH = "AC" + "5" * 32, "token-of-the-probe-tests"
NEIGHBOUR, STRANGER = "AC" + "6" * 32, "AC" + "7" * 32


class Server:
    """A mock-providers server with a journal that outlives it."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.config = directory / "mocks.toml"
        self.config.write_text(
            f'[[twilio]]\naccount_sid = "{ACCOUNT}"\nauth_token = "{AUTH}"\nlifecycle = "manual"\n'
            f'[[twilio]]\naccount_sid = "{NEIGHBOUR}"\nauth_token = "{AUTH}"\nlifecycle = "manual"\n'
        )
        self.url = f"http://127.0.0.1:{port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "mock_providers", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--journal", str(self.directory / "journal.jsonl"), "--config", str(self.config), "--announce", "-"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert json.loads(self.process.stdout.readline())["port"] == self.port

    def send(self, body: str, to: str = "+12065550100", account: str = ACCOUNT) -> None:
        form = {"To": to, "From": "+12025550123", "Body": body}
        path = f"/2010-04-01/Accounts/{account}/Messages.json"
        httpx.post(self.url + path, data=form, auth=(account, AUTH), trust_env=False)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=10)

    def forget(self) -> None:
        for file in self.directory.glob("journal.jsonl*"):
            file.unlink() if file.is_file() else shutil.rmtree(file)


def tokens(history: History) -> list[str]:
    return [str(event.data["text"]) for event in history.events("provider.called")]


def test_calls_and_answers_are_events_of_the_message(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server, history, token = Server(tmp_path, ports.free()), History(), new_token()
    server.send("before the probe")
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    server.send(f"hello {token}")
    server.send("nobody", to="nonsense")
    loop.run(probe.settle())
    called, answered = history.flow(f"token:{token}")
    assert (called.kind, called.data["to"], called.data["from"]) == (
        "provider.called",
        ["+12065550100"],
        "+12025550123",
    )
    assert answered.data["accepted"] is True
    assert history.same_flow(f"token:{token}", f"provider:{answered.data['message']}")
    refused = history.events("provider.answered")[-1]
    assert (refused.data["accepted"], refused.data["status"]) == (False, 400)
    assert "before the probe" not in tokens(history)
    loop.run(probe.stop())
    server.stop(signal.SIGTERM)


def test_nothing_is_missed_or_repeated_when_the_server_is_killed(
    tmp_path: Path, loop: Loop, ports: Ports, patient: None
) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    for number in range(5):
        server.send(f"first {number}")
    server.stop()
    loop.run(probe.settle())
    assert "to its end" in history.events("probe.gap")[0].data["reason"]
    server.start()
    for number in range(5):
        server.send(f"second {number}")
    until(history, lambda: True if len(tokens(history)) >= 10 else None)
    loop.run(probe.settle())
    assert tokens(history) == [f"first {n}" for n in range(5)] + [f"second {n}" for n in range(5)]
    assert len(history.events("probe.gap")) == 1, "what the journal kept meanwhile is no gap"
    server.stop()
    loop.run(probe.stop())


def test_a_journal_that_began_anew_is_a_gap(tmp_path: Path, loop: Loop, ports: Ports, patient: None) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    for number in range(3):
        server.send(f"first {number}")
    loop.run(probe.settle())
    server.stop()
    server.forget()
    server.start()
    server.send("second")
    loop.run(probe.settle())
    assert tokens(history)[3:] == ["second"], "the new journal is shorter than the old one, and read all the same"
    assert any("began anew" in event.data["reason"] for event in history.events("probe.gap"))
    server.stop()
    loop.run(probe.stop())


def test_mocks_that_can_not_be_reached(loop: Loop, ports: Ports) -> None:
    probe = ProvidersProbe(History(), url=f"http://127.0.0.1:{ports.free()}")
    with pytest.raises(DeployError, match=r"the mock providers at .* can't be reached: .*mend \[providers\] url"):
        loop.run(probe.start())
    loop.run(probe.stop())


def of_kind(history: History, kind: str) -> list[Any]:
    return [event.data for event in history.events(kind)]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is started again counts as lost only, however slow this machine is."""
    monkeypatch.setattr(providers, "LOST_S", 60.0)


def test_it_declares_what_it_delivers_and_measures_the_clock_twice(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    kinds = ["provider.called", "provider.answered", "callback.sent", "callback.answered"]
    assert of_kind(history, "probe.started") == [{"kinds": kinds}]
    assert of_kind(history, "probe.gap") == []
    loop.run(probe.stop())
    assert len(measured := of_kind(history, "clock.measured")) == 2
    assert all(abs(one["offset_s"]) <= one["error_s"] + 0.001 for one in measured), "it is this machine's own clock"
    server.stop()


def test_mocks_that_only_send_webhooks_show_no_calls(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url, calls=False)
    loop.run(probe.start())
    assert of_kind(history, "probe.started") == [{"kinds": ["callback.sent", "callback.answered"]}]
    [missing] = of_kind(history, "probe.gap")
    assert (missing["kinds"], missing["lasting"]) == (["provider.called", "provider.answered"], True)
    assert '[providers] observe = "mock"' in missing["remedy"]
    server.send("all the same")
    loop.run(probe.settle())
    assert tokens(history) == ["all the same"], "what is there is recorded"
    loop.run(probe.stop())
    server.stop()


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGKILL, "refuses connections"), (signal.SIGSTOP, "doesn't answer")]
)
def test_mocks_that_are_lost_for_good_end_the_run(
    tmp_path: Path,
    loop: Loop,
    ports: Ports,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    said: str,
) -> None:
    monkeypatch.setattr(providers, "LOST_S", 0.5)
    monkeypatch.setattr(providers, "ANSWER_S", 0.3)
    monkeypatch.setattr(providers, "SILENCE_S", 0.5)
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    server.process.send_signal(number)
    with pytest.raises(PartDied, match=f"the mock providers died under the run: {server.url} {said}"):
        until(history, lambda: None)
    assert [event.data["part"] for event in history.events("part.died")] == ["the mock providers"]
    assert of_kind(history, "probe.gap")[-1]["lasting"] is True, "nor does the record's silence prove anything"
    gaps = len(history.events("probe.gap"))
    loop.run(probe.settle())
    assert len(history.events("probe.gap")) == gaps
    loop.run(probe.stop())
    server.stop()


def test_settling_ends_though_the_mocks_hang(
    tmp_path: Path, loop: Loop, ports: Ports, monkeypatch: pytest.MonkeyPatch, patient: None
) -> None:
    monkeypatch.setattr(providers, "SETTLE_S", 0.3)
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url)
    loop.run(probe.start())
    server.process.send_signal(signal.SIGSTOP)
    loop.run(probe.settle())
    assert "to its end" in history.events("probe.gap")[-1].data["reason"]
    loop.run(probe.stop())
    server.stop()


class OddServer:
    """A real server that says of its journal what a test wants it to."""

    def __init__(self, *lines: str | Callable[[], str], health: dict[str, Any]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/_mock/accounts"):
                    self.send_error(404)
                    return
                self.send_response(200)
                self.end_headers()
                if self.path.startswith("/_mock/health"):
                    shown = {name: value() if callable(value) else value for name, value in health.items()}
                    self.wfile.write(json.dumps(shown).encode())
                    return
                for line in lines:
                    self.wfile.write(f"{line() if callable(line) else line}\n\n".encode())
                    self.wfile.flush()
                over.wait(30)

            def log_message(self, *_: Any) -> None:
                pass

        over = self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> OddServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.mark.parametrize("ahead", [0.0, 0.3, -3600.0])
def test_the_clock_of_another_machine(loop: Loop, ahead: float) -> None:
    history = History()
    with OddServer(health={"seq": 0, "now": lambda: time.time() + ahead}) as server:
        probe = ProvidersProbe(history, url=server.url)
        loop.run(probe.start())
        [measured] = of_kind(history, "clock.measured")
        assert abs(measured["offset_s"] - ahead) <= measured["error_s"] + 0.001
        loop.run(probe.stop())


@pytest.mark.parametrize("now", [{}, {"now": None}, {"now": "noon"}])
def test_a_server_that_doesnt_tell_the_time_is_followed_all_the_same(loop: Loop, now: dict[str, Any]) -> None:
    history = History()
    with OddServer(health={"seq": 0, **now}) as server:
        probe = ProvidersProbe(history, url=server.url)
        loop.run(probe.start())
        loop.run(probe.settle())
        loop.run(probe.stop())
    assert history.events("clock.measured") == []


def test_lines_that_are_no_entries_are_gaps_and_nothing_behind_them_is_lost(loop: Loop) -> None:
    history = History()
    lines = ["data: {", "data: 7", 'data: {"type": "called"}', "id: x", ": alive", 'data: {"seq": 1, "type": "called"}']
    health = {"seq": 0}
    with OddServer(*lines, health=health) as server:
        probe = ProvidersProbe(history, url=server.url)
        loop.run(probe.start())
        health["seq"] = 1
        loop.run(probe.settle())
        loop.run(probe.stop())
    assert [one["reason"][:9] for one in of_kind(history, "probe.gap")] == ["a line of"] * 3
    assert len(history.events("provider.called")) == 1


def test_what_comes_while_settling_is_no_other_journal(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, patient: None
) -> None:
    monkeypatch.setattr(providers, "ANSWER_S", 20.0)
    history, asked, settling = History(), threading.Event(), threading.Event()

    def late() -> str:
        assert asked.wait(20)
        return 'data: {"seq": 1, "type": "called"}\n\ndata: {"seq": 2, "type": "called"}'

    def seq() -> int:
        if not settling.is_set():
            return 0
        asked.set()
        until(history, lambda: True if len(history.events("provider.called")) == 2 else None)
        return 1

    with OddServer(late, health={"seq": seq}) as server:
        probe = ProvidersProbe(history, url=server.url)
        loop.run(probe.start())
        settling.set()
        loop.run(probe.settle())
        assert of_kind(history, "probe.gap") == []
        loop.run(probe.stop())
