"""The mocks' journal, followed from a real server across its death and return."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness_support import arrives, until

from harness.deploy.ports import Ports
from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes.probe import new_token
from harness.probes.providers import ProvidersProbe, record

ACCOUNT, AUTH = "AC" + "5" * 32, "token-of-the-probe-tests"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


class Server:
    """A mock-providers server with a journal that outlives it."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.config = directory / "mocks.toml"
        self.config.write_text(f'[[twilio]]\naccount_sid = "{ACCOUNT}"\nauth_token = "{AUTH}"\nlifecycle = "manual"\n')
        self.url = f"http://127.0.0.1:{port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "mock_providers", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--journal", str(self.directory / "journal.jsonl"), "--config", str(self.config), "--announce", "-"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert json.loads(self.process.stdout.readline())["port"] == self.port

    def send(self, body: str, to: str = "+12065550100") -> None:
        form = {"To": to, "From": "+12025550123", "Body": body}
        httpx.post(self.url + MESSAGES, data=form, auth=(ACCOUNT, AUTH), trust_env=False)

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


def test_nothing_is_missed_or_repeated_when_the_server_is_killed(tmp_path: Path, loop: Loop, ports: Ports) -> None:
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


def test_a_journal_that_began_anew_is_a_gap(tmp_path: Path, loop: Loop, ports: Ports) -> None:
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
    arrives(history, lambda event: event.kind == "provider.called" and event.data["text"] == "second")
    assert any("began anew" in event.data["reason"] for event in history.events("probe.gap"))
    server.stop()
    loop.run(probe.stop())


def test_mocks_that_can_not_be_reached(loop: Loop, ports: Ports) -> None:
    probe = ProvidersProbe(History(), url=f"http://127.0.0.1:{ports.free()}")
    with pytest.raises(DeployError, match=r"the mock providers at .* can't be reached: .*mend \[providers\] url"):
        loop.run(probe.start())
    loop.run(probe.stop())


def entry(type_: str, **more: Any) -> dict[str, Any]:
    return {"seq": 1, "type": type_, "call": 7, "provider": "twilio", "account": "AC1", "at": 5.0, **more}


def test_a_callback_is_tied_to_its_message_and_its_text() -> None:
    history, token = History(), new_token()
    record(history, entry("callback.sent", url="http://x", kind="inbound", message="SM1", text=f"hi {token}"), set())
    record(history, entry("callback.answered", status=200, message="SM1"), set())
    assert [event.kind for event in history.flow("provider:SM1")] == ["callback.sent", "callback.answered"]
    assert history.same_flow("provider:SM1", f"token:{token}")
    assert history.events()[0].data["what"] == "inbound"


def test_a_token_may_stand_in_any_parameter() -> None:
    history, token = History(), new_token()
    record(history, entry("called", endpoint="mail.send", text="", params={"content": [{"value": token}]}), set())
    assert len(history.flow(f"token:{token}")) == 1


def test_only_what_sends_is_accepted() -> None:
    history = History()
    record(history, entry("called", endpoint="messages.fetch"), sends := set())
    record(history, entry("answered", status=200, message="SM1"), sends)
    assert history.events("provider.answered")[0].data["accepted"] is False
