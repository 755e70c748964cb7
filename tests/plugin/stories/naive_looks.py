"""Tests as people write them first: each fails, and what is told of it stands in `told.txt`. Not collected by itself.

A slow provider makes each fail at the same place every time; the tests are none the better for it.
"""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from enum import Enum
from types import SimpleNamespace

import httpx
import pytest

from harness import Stack, accepted, provider_called, sms, status
from harness.scenario.tracked import TrackedFlow

SLOW = 0.5


class Status(Enum):
    SENT = "sent"
    FAILED = "failed"


def begun(stack: Stack) -> TrackedFlow:
    """A message whose provider call is under way."""
    flow = stack.send(sms(body="hello"))
    flow.expect(provider_called(), status("sending"))
    return flow


def done(stack: Stack) -> TrackedFlow:
    flow = stack.send(sms(body="hello"))
    flow.expect(status("sent"), provider_called())
    stack.quiesce()
    return flow


def post(stack: Stack) -> str:
    body = {"type": "sms", "to": "+15551230001", "from": "+15557654321", "body": "hello"}
    answer = httpx.post(f"{stack.driver.addresses.api}/api/v1/messages/send", json=body)
    return str(answer.json()["id"])


def shown(stack: Stack, message_id: str) -> dict[str, object]:
    got: dict[str, object] = httpx.get(f"{stack.driver.addresses.api}/api/v1/messages/{message_id}").json()
    return got


def test_looks_once(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert flow.now.status == "sent"


def test_looks_too_late_for_pending(stack: Stack) -> None:
    flow = done(stack)
    assert flow.now.status == "pending"


def test_sleeps_and_looks(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        time.sleep(0.01)  # reason: what such tests do
        assert flow.now.status in ("sent", "delivered")


def test_turns_the_comparison_round(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert Status.SENT.value == flow.now.status


def test_compares_with_a_variable(stack: Stack) -> None:
    expected = "sent"
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert expected == flow.now.status


def test_compares_enums(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        state = Status(flow.now.status) if flow.now.status == "sent" else None
        assert state is Status.SENT


def test_wants_no_pending_any_more(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert flow.now.status != "sending"


def test_counts_acknowledgements(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert flow.now.acks, "not acknowledged"


def test_takes_the_first_of_none(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        assert flow.now.acks[0]


def test_asserts_as_unittest_does(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        unittest.TestCase().assertEqual(flow.now.status, "sent")  # noqa: PT009 - reason: what such tests say


def test_polls_with_a_short_deadline(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        message_id = post(stack)
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            if shown(stack, message_id)["status"] == "sent":
                return
        raise TimeoutError("the message wasn't sent within 50 ms")


def test_asks_over_http(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        message_id = post(stack)
        stack.follow(message_id).expect(status("sending"))
        row = shown(stack, message_id)
        assert row["status"] == "sent"


def test_compares_whole_answers(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        sent = {"id": post(stack)}
        stack.follow(sent["id"]).expect(status("sending"))
        row = shown(stack, sent["id"])
        assert {"id": row["id"], "status": row["status"]} == {**sent, "status": "sent"}


def test_counts_what_others_put_there(stack: Stack) -> None:
    import redis

    flow = done(stack)
    with redis.Redis.from_url(str(stack.driver.addresses.redis)) as client:
        assert client.xlen("message_queue:sms") == 1, flow


def test_wants_that_nothing_has_happened(stack: Stack) -> None:
    flow = done(stack)
    assert not flow.now.calls


def test_wants_what_never_comes(stack: Stack) -> None:
    flow = done(stack)
    assert flow.now.status == "failed"


def test_is_about_something_else(stack: Stack) -> None:
    flow = done(stack)
    assert flow.message.body == "good bye"


def test_of_many_the_last_is_late(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flows = [begun(stack) for _ in range(2)]
        for number, flow in enumerate(flows):
            assert flow.now.status == ("sending" if number == 0 else "sent")


def wait_for(condition: Callable[[], bool], within: float = 0.05) -> None:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return
    pytest.fail("it didn't happen in time")


def test_waits_by_a_helper_that_gives_up(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        message_id = post(stack)
        wait_for(lambda: shown(stack, message_id)["status"] == "sent")


def test_keeps_its_flows_by_name(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flows = {"first": begun(stack), "second": begun(stack)}
        assert flows["second"].now.status == "sent"


def test_keeps_the_id_in_an_object(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        sent = SimpleNamespace(id=post(stack))
        stack.follow(sent.id).expect(status("sending"))
        assert shown(stack, sent.id)["status"] == "sent"


def test_wants_that_something_is_there(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        message_id = post(stack)
        stack.follow(message_id).expect(status("sending"))
        assert shown(stack, message_id)["provider_message_id"] is not None


def test_wants_an_empty_queue(stack: Stack) -> None:
    import redis

    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        with redis.Redis.from_url(str(stack.driver.addresses.redis)) as client:
            assert client.xlen("message_queue:sms") == 0, flow


def test_counts_rows_of_its_own(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = begun(stack)
        rows = [word for word, _ in flow.now.statuses if word == "sent"]
        assert len(rows) == 1


def test_misspells_a_status(stack: Stack) -> None:
    flow = done(stack)
    assert flow.now.status == "snet"


def test_compares_two_answers(stack: Stack) -> None:
    with stack.providers.fault({}, latency_s=SLOW):
        flow = stack.send(sms(body="hello"))
        flow.expect(accepted())
        first = {"status": "pending"}
        flow.expect(status("sending"))
        assert dict(first.items()) == {"status": dict(shown(stack, flow.id))["status"]}


def test_looks_at_an_answer_that_is_old(stack: Stack) -> None:
    answer = {"id": post(stack), "status": "pending"}
    stack.follow(answer["id"]).expect(status("sent"))
    stack.quiesce()
    assert answer["status"] == "sent"


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_raises_what_has_no_text(stack: Stack) -> None:
    flow = done(stack)
    if flow.now.status:
        raise Mute


def test_misspells_a_name(stack: Stack) -> None:
    flow = done(stack)
    assert flow.now.state == "sent"  # type: ignore[attr-defined]  # reason: a misspelt name is what it is about


def test_has_a_story_of_its_own(stack: Stack) -> None:
    flow = done(stack)
    flow.expect(status("failed"), within=0.1)
