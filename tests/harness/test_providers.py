"""The mocks as a scenario uses them, against a real server, with its journal followed by the real probe."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.errors import Inconclusive, Unobservable
from harness.history import History
from harness.history.overlap import overlap
from harness.loop import Loop
from harness.probes.providers import ProvidersProbe
from harness.scenario.holds import began, ended
from harness.scenario.providers import ProviderControl

ACCOUNT, NEIGHBOUR, AUTH = "AC" + "5" * 32, "AC" + "6" * 32, "token-of-these-tests"
KEY = "SG.of.these-tests"


class Mocks:
    """A running server with two Twilio accounts and one of SendGrid; its webhooks go to `stack`."""

    def __init__(self, directory: Path, *, stack: str) -> None:
        config = directory / "mocks.toml"
        config.write_text(
            "".join(
                f'[[twilio]]\naccount_sid = "{sid}"\nauth_token = "{AUTH}"\n'
                f'lifecycle = "manual"\ninbound_url = "{stack}"\n'
                for sid in (ACCOUNT, NEIGHBOUR)
            )
            + f'[[sendgrid]]\napi_key = "{KEY}"\nname = "mail"\nlifecycle = "manual"\n'
            f'inbound_url = "{stack}"\nevent_webhook_url = "{stack}"\n'
        )
        command = [
            sys.executable,
            "-m",
            "mock_providers",
            "serve",
            "--port",
            "0",
            "--announce",
            "-",
            "--config",
            config,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = f"http://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def send(self, body: str = "hello", *, account: str = ACCOUNT, to: str = "+12065550100") -> httpx.Response:
        form = {"To": to, "From": "+12025550123", "Body": body}
        path = f"{self.url}/2010-04-01/Accounts/{account}/Messages.json"
        return httpx.post(path, data=form, auth=(account, AUTH), trust_env=False)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)


@pytest.fixture
def stack() -> Iterator[str]:
    """Where a stack listens that answers 200 to everything, as many at a time as come."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def mocks(tmp_path: Path, stack: str) -> Iterator[Mocks]:
    running = Mocks(tmp_path, stack=stack)
    yield running
    running.kill()


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def control(mocks: Mocks, history: History) -> Iterator[ProviderControl]:
    made = ProviderControl(history, url=mocks.url, twilio_account=ACCOUNT, sendgrid_account="mail")
    yield made
    made.close()


def windows(history: History) -> list[tuple[Any, Any]]:
    """The id of each disturbance, and its hits, in the order in which they ended."""
    begun = {event.data["number"]: event.data["id"] for event in history.events("fault.began")}
    return [(begun[e.data["number"]], e.data["hits"]) for e in history.events("fault.ended")]


def test_a_faults_begin_has_its_id_and_its_end_its_hits(
    mocks: Mocks, control: ProviderControl, history: History
) -> None:
    with control.fault(latency_s=0.001):
        with control.fault({"provider": "twilio"}, status=503, times=2):
            [outer, inner] = [fault["id"] for fault in control.ask("GET", "/_mock/faults")["faults"]]
            assert [mocks.send().status_code for _ in range(3)] == [503, 503, 201]
        with control.fault({"to": "+19999999999"}, status=503):
            mocks.send()
    assert windows(history) == [(inner, 2), (windows(history)[1][0], 0), (outer, 4)]
    assert control.ask("GET", "/_mock/faults")["faults"] == []
    began_, ended_ = history.events("fault.began")[1], history.events("fault.ended")[0]
    assert (began_.data["fault"], began_.data["target"], began_.data["status"]) == ("provider", "twilio", 503)
    assert began_.data["number"] == ended_.data["number"]


def test_a_fault_begins_before_any_call_can_meet_it(control: ProviderControl, history: History) -> None:
    before = time.time()
    with control.fault(status=503):
        assert before <= history.events("fault.began")[0].at <= time.time()


def test_what_is_refused_is_no_disturbance(control: ProviderControl, history: History) -> None:
    with pytest.raises(Inconclusive, match="refused POST /_mock/faults with 422"), control.fault(status=1):
        pass
    assert history.events("fault.began", "fault.ended") == []


def test_a_fault_on_mocks_that_are_gone_has_unknown_hits(
    mocks: Mocks, control: ProviderControl, history: History
) -> None:
    with control.fault(status=503):
        mocks.kill()
    assert history.events("fault.ended")[0].data["hits"] is None


def test_a_neighbours_calls_meet_neither_fault_nor_gate(
    mocks: Mocks, control: ProviderControl, history: History
) -> None:
    with control.fault(status=503), control.gate():
        assert mocks.send(account=NEIGHBOUR).status_code == 201
    assert [hits for _, hits in windows(history)] == [0, 0]


def test_a_gate_ends_with_the_number_of_calls_that_it_withheld(
    mocks: Mocks, control: ProviderControl, history: History
) -> None:
    with control.gate({"to": "+12065550199"}) as gate:
        mocks.send()
        assert gate.withheld(within=0) == []
    with ThreadPoolExecutor(3) as pool:
        with control.gate() as gate:
            answers = [pool.submit(mocks.send) for _ in range(3)]
            assert len(gate.withheld(number=3)) == 3
            gate.open()
            gate.open()
        assert [answer.result().status_code for answer in answers] == [201] * 3
    assert [hits for _, hits in windows(history)] == [0, 3]
    assert [event.data["fault"] for event in history.events("fault.ended")] == ["gate", "gate"]


def test_a_call_that_takes_its_time_is_waited_for_at_its_gate(mocks: Mocks, control: ProviderControl) -> None:
    with ThreadPoolExecutor(1) as pool, control.fault(latency_s=0.2), control.gate() as gate:
        answer = pool.submit(mocks.send)
        control.ask("GET", "/_mock/wait", params={"type": "called", "account": ACCOUNT})
        [message] = gate.withheld()
        gate.open()
        assert answer.result().json()["sid"] == message


def test_a_gate_that_can_not_be_opened_hides_no_error_of_the_block(
    mocks: Mocks, control: ProviderControl, history: History
) -> None:
    def block() -> None:
        with control.gate():
            mocks.kill()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert history.events("fault.ended")[0].data["hits"] is None


@pytest.mark.parametrize("number", [5, 20])
def test_deliveries_that_are_to_arrive_at_once_overlap_in_the_record(
    mocks: Mocks, control: ProviderControl, history: History, loop: Loop, number: int
) -> None:
    probe = ProvidersProbe(history, url=mocks.url, accounts=frozenset((ACCOUNT, "mail")))
    loop.run(probe.start())
    together = control.at_once(number)

    def deliver(n: int) -> dict[str, Any]:
        if n % 2:
            mail = {"subject": "Re", "text": "x"}
            return control.inbound_email(sender="a@example.com", to="b@example.com", at_once=together, **mail)
        return control.inbound_sms(sender="+12065550100", to="+12025550123", body="x", at_once=together)

    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(deliver, range(number)))
    assert all(answer["at_once"] == {"of": number, "came": number, "together": True} for answer in answers)
    loop.run(probe.settle())
    overlapped, words = overlap(history.events())
    assert overlapped, words
    assert words.startswith(f"{number} at once: the last was sent ")
    loop.run(probe.stop())


def test_reports_can_arrive_at_once_and_one_after_the_other_is_told_from_it(
    mocks: Mocks, control: ProviderControl, history: History, loop: Loop, stack: str
) -> None:
    probe = ProvidersProbe(history, url=mocks.url)
    loop.run(probe.start())
    sid, together = mocks.send().json()["sid"], control.at_once(2)
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(control.report, "sms", sid, status, url=stack, at_once=together)
            for status in ("sent", "delivered")
        ]
        assert [one.result()["status"] for one in done] == [200, 200]
    loop.run(probe.settle())
    assert overlap(history.events())[0]
    after = len(history)
    for status in ("sent", "delivered"):
        control.report("sms", sid, status, url=stack)
    loop.run(probe.settle())
    overlapped, words = overlap(history.events(after=after))
    assert not overlapped
    assert words.startswith("2 not at once")
    loop.run(probe.stop())


@pytest.mark.parametrize("missing", ["twilio_account", "sendgrid_account"])
def test_one_account_is_enough_for_what_needs_no_other(mocks: Mocks, history: History, missing: str) -> None:
    accounts: dict[str, str | None] = {"twilio_account": ACCOUNT, "sendgrid_account": "mail"}
    control = ProviderControl(history, url=mocks.url, **{**accounts, missing: None})  # type: ignore[arg-type]  # reason: mypy reads one type for all keywords
    sms = [
        lambda: control.inbound_sms(sender="+12065550100", to="+12025550123", body="x"),
        lambda: control.report("sms", "SM1", "delivered"),
    ]
    mail = [
        lambda: control.inbound_email(sender="a@example.com", to="b@example.com", subject="", text=""),
        lambda: control.report("email", "m1", "delivered"),
    ]
    for act in sms if missing == "twilio_account" else mail:
        with pytest.raises(Unobservable, match=rf"set \[providers\] accounts = \{{ {missing[:-8]} = "):
            act()
    assert (mail if missing == "twilio_account" else sms)[0]()["status"] == 200
    with control.fault(status=503):
        pass
    assert isinstance(control.calls(), list)
    control.close()


def test_mocks_that_are_gone_are_named(mocks: Mocks, control: ProviderControl) -> None:
    mocks.kill()
    gone = rf"the mock providers are gone: {mocks.url} refuses connections"
    for act in (
        lambda: control.ask("GET", "/_mock/health"),
        control.calls,
        lambda: control.inbound_sms(sender="+12065550100", to="+12025550123", body="x"),
        lambda: control.fault(status=500).__enter__(),
        lambda: control.gate().__enter__(),
    ):
        with pytest.raises(Inconclusive, match=gone):
            act()


def test_a_begin_and_an_end_are_joined_by_a_number(history: History) -> None:
    begin = began(history, "hold", "worker")
    number = begin.data["number"]
    ended(history, begin, hits=1)
    assert [event.data["number"] for event in history.events()] == [number, number]
    assert began(history, "hold", "worker").data["number"] > number
