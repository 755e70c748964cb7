"""What is judged again when a run ends, and what a scenario may say of itself, on a stack without a deployment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from histories import CONTRACT, Script, right, watched
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.checks import bad_signature_refused
from harness.checks.verdict import Answers, Verdict, check, refuted, undecided, unknown
from harness.errors import Inconclusive, UsageError
from harness.history import Flow, History, key
from harness.loop import Loop
from harness.plugin.outcomes import result_of
from harness.profile import Waits
from harness.scenario.client import ApiClient
from harness.scenario.disturbances import began, ended
from harness.scenario.messages import sms
from harness.scenario.stack import Stack
from harness.scenario.whole import judged_again

REPLY = key("provider", "SM9")


def stack_of(history: History, *, loop: Loop | None = None, url: str = "http://127.0.0.1:9") -> Stack:
    """A stack of which only the record and the API are there."""
    profile = CONTRACT.model_copy(update={"waits": Waits(within=0.3)})
    nobody = cast(Any, None)
    client = ApiClient(history, url=url, profile=profile)
    more = {"probes": [], "wire": None, "providers": None, "counters": None}
    stack = Stack(
        profile=profile, history=history, driver=nobody, loop=loop or nobody, client=client, **cast(Any, more)
    )
    stack.begin("a scenario")
    return stack


@check("patient", "it comes")
def it_comes(history: History, flow: Flow) -> Answers:
    yield refuted("it never came") if history.events("worker.log") else undecided("it may still come")


def judged(stack: Stack, *, met: int) -> str | None:
    """A scenario with a disturbance that `met` so many, and a verdict that was open when it ended."""
    ended(stack.history, began(stack.history, "provider", "providers"), hits=met)
    with pytest.raises(Inconclusive, match="it may still come"):
        stack.judge(it_comes(stack.history, Flow([])))
    return stack.over()


@pytest.mark.parametrize("met", [0, 1])
def test_what_was_not_disturbed_stays_unknown(met: int) -> None:
    stack = stack_of(right().history)
    unmet = judged(stack, met=met)
    assert (unmet is None) == bool(met)
    stack.begin("another")
    judged(stack, met=1)
    stack.history.append("worker.log", source="test")
    again = [result.scenario for result in judged_again(stack)]
    assert again == ["a scenario, judged again at the end", "another, judged again at the end"][1 - met :]


def refused_delivery() -> Script:
    script = watched().add("callback.sent", at=0, keys=[REPLY], call="c1", what="inbound")
    return script.add("callback.answered", at=1, keys=[REPLY], call="c1", what="inbound", status=403)


@pytest.mark.parametrize("stored", [False, True])
def test_a_pass_that_rests_on_an_absence_is_judged_again(stored: bool) -> None:
    stack = stack_of(refused_delivery().history)
    flow = Flow(stack.history.flow(REPLY))
    verdict = bad_signature_refused(stack.history, flow, stack.profile, status=403)
    stack.judge(verdict)
    assert verdict.outcome == "pass"
    if stored:
        stack.history.append("database.inserted", source="database", keys=[REPLY], data={"new": "received"})
    found = [(result.outcome, result.reason) for result in judged_again(stack)]
    assert found == ([("fail", "it was answered 403 and yet changed a row")] if stored else [])


@pytest.mark.parametrize("remedy", ["[waits] within, if it takes longer", "[queue] finish"])
def test_an_unknown_that_asks_for_a_longer_wait_tells_of_one_that_was_cut_short(remedy: str) -> None:
    stack = stack_of(right().history)
    stack.waiting.cut = "waited 0.4 s, as it didn't come in 10.0 s before"
    told: list[str] = []
    stack.on_verdict = lambda verdict: told.append(verdict.reason)
    with pytest.raises(Inconclusive):
        stack.judge(unknown("slow", "it comes", "not yet", remedy=remedy))
    more = " (waited 0.4 s, as it didn't come in 10.0 s before)" if "[waits]" in remedy else ""
    assert told == [f"not yet{more}"]
    stack.begin()
    assert not stack.waiting.cut


# an API that waits for its workers


@pytest.fixture
def released() -> threading.Event:
    return threading.Event()


@pytest.fixture
def api(released: threading.Event) -> Iterator[HTTPServer]:
    """An API that answers once the workers go on."""

    def answer(_: Request) -> Response:
        released.wait(20)
        return Response('{"id": "1", "status": "sent"}', status=201, content_type="application/json")

    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        server.expect_request(CONTRACT.send.path).respond_with_handler(answer)
        yield server


def test_an_api_that_waits_for_its_workers_is_no_api_that_takes_nothing(
    api: HTTPServer, released: threading.Event, loop: Loop
) -> None:
    stack = stack_of(watched().history, loop=loop, url=api.url_for("").rstrip("/"))
    try:
        hold = began(stack.history, "hold", "worker", members=["worker-1"])
        asked = time.monotonic()
        flow = stack.send(sms())
        assert time.monotonic() - asked < 10
        assert len(stack.history.events("api.requested")) == 1, "no other message is tried"
        assert not flow.now.answers
        ended(stack.history, hold)
        released.set()
        assert flow.answer()["status"] == 201, "nobody has hung up"
    finally:
        released.set()
        stack.close()


def test_an_api_that_refuses_every_message_ends_the_run(loop: Loop) -> None:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request(CONTRACT.send.path).respond_with_data("no", status=422)
        stack = stack_of(watched().history, loop=loop, url=server.url_for("").rstrip("/"))
        began(stack.history, "hold", "worker", members=["worker-1"])
        with pytest.raises(UsageError, match="the stack takes no message"):
            stack.send(sms())
        stack.close()


def test_an_api_that_fails_every_message_ends_the_run_once_nothing_of_ours_is_on(loop: Loop) -> None:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request(CONTRACT.send.path).respond_with_data("no", status=500)
        stack = stack_of(watched().history, loop=loop, url=server.url_for("").rstrip("/"))
        stack.begin()
        hold = began(stack.history, "hold", "worker", members=["worker-1"])
        stack.send(sms())  # it may be our hold's doing
        ended(stack.history, hold)
        with pytest.raises(UsageError, match=r"the stack takes no message .*it answered 500 no"):
            stack.over()
        stack.close()


def test_an_api_that_failed_under_a_hold_alone_goes_on(loop: Loop) -> None:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_ordered_request(CONTRACT.send.path).respond_with_data("no", status=500)
        taken = Response('{"id": "1", "status": "sent"}', status=201, content_type="application/json")
        server.expect_ordered_request(CONTRACT.send.path).respond_with_response(taken)
        stack = stack_of(watched().history, loop=loop, url=server.url_for("").rstrip("/"))
        stack.begin()
        hold = began(stack.history, "hold", "worker", members=["worker-1"])
        stack.send(sms())
        ended(stack.history, hold)
        stack.over()
        assert len(stack.history.events("api.requested")) == 2
        stack.begin()
        stack.over()
        assert len(stack.history.events("api.requested")) == 2, "asked once"
        stack.close()


@pytest.mark.parametrize("verdicts", [[], [unknown("slow", "it comes", "not yet")]], ids=["raised", "judged"])
def test_an_unknown_says_which_disturbance_did_not_happen(verdicts: list[Verdict]) -> None:
    error = Inconclusive("not yet")
    error.add_note("the provider fault of the providers was never met, so nothing was disturbed")
    report = pytest.TestReport("n", ("f", 0, "n"), {}, "failed", None, "call")
    result = result_of(report, error, scenario="n", check="slow", path=Path("f"), verdicts=verdicts)
    assert result.outcome == "unknown"
    assert result.reason == "not yet; the provider fault of the providers was never met, so nothing was disturbed"
    assert "was never met" in result.story
