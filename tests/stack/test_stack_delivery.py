"""What workers make of entries, of answers and of each other, while the API, which is the module's, goes on."""

from __future__ import annotations

import signal
from itertools import pairwise
from typing import Any

import pytest
from stack_deployment import Deployment
from stack_servers import busy
from stack_support import Process
from starlette.responses import JSONResponse, Response


@pytest.fixture
def stack(served: Deployment) -> Deployment:
    return served


def test_a_worker_killed_in_a_call_is_replaced_by_another(stack: Deployment) -> None:
    first = stack.worker(WORKER_CLAIM_IDLE_MS="300")
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    assert stack.database.status(message_id) == "sending"
    first.kill()
    stack.providers.release()
    stack.worker(WORKER_CLAIM_IDLE_MS="300")
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == 2  # nobody can know that the first call got through: at least once


def test_a_worker_restarted_under_its_name_takes_up_what_it_left(stack: Deployment) -> None:
    first = stack.worker(WORKER_NAME="w")
    stack.providers.withhold()
    ids = [stack.send(to=f"+1206555{n:04d}") for n in range(100, 130)]
    stack.until(lambda: len(stack.providers.calls) == len(ids))
    first.kill()
    stack.providers.release()
    stack.worker(WORKER_NAME="w", WORKER_BATCH="4", WORKER_CONCURRENCY="4")  # claims of others only after 30 s
    for message_id in ids:
        stack.until_status(message_id, "sent")
    stack.until_quiet()


def test_a_worker_that_starts_looks_at_once_for_what_others_left(stack: Deployment) -> None:
    first = stack.worker(WORKER_NAME="gone", WORKER_CLAIM_IDLE_MS="600000")
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    first.kill()
    stack.providers.release()
    redis = stack.valkey.client
    [left] = redis.xpending_range("message_queue:sms", "workers", "-", "+", 2)
    redis.xclaim("message_queue:sms", "workers", "gone", 0, [left["message_id"]], idle=700_000, justid=True)
    stack.worker(WORKER_NAME="other", WORKER_CLAIM_IDLE_MS="600000")  # its next look is minutes away
    stack.until_status(message_id, "sent")
    stack.until_quiet()


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_a_slow_call_is_not_taken_for_a_dead_worker(stack: Deployment, concurrency: str) -> None:
    workers = [stack.worker(WORKER_CLAIM_IDLE_MS="150", WORKER_CONCURRENCY=concurrency) for _ in range(2)]
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    [before] = stack.valkey.client.xpending_range("message_queue:sms", "workers", "-", "+", 1)  # type: ignore[misc]  # reason: synchronous
    rounds: list[int] = []

    def idled_long_enough() -> bool:
        """The entry's idle time was seen to grow, and to be set back, several times over."""
        [entry] = stack.valkey.client.xpending_range("message_queue:sms", "workers", "-", "+", 1)  # type: ignore[misc]  # reason: as above
        assert entry["consumer"] == before["consumer"]
        rounds.append(entry["time_since_delivered"])
        return sum(later < earlier for earlier, later in pairwise(rounds)) >= 4

    stack.until(idled_long_enough)
    stack.providers.release()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == 1
    assert all(worker.child.poll() is None for worker in workers)


def test_a_stopped_worker_loses_nothing_when_it_goes_on(stack: Deployment) -> None:
    stopped = stack.worker(WORKER_CLAIM_IDLE_MS="200")
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    stopped.signal(signal.SIGSTOP)
    stack.providers.release()
    stack.worker(WORKER_CLAIM_IDLE_MS="200")
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    sent_at = stack.database.value("SELECT sent_at FROM messages")
    stopped.signal(signal.SIGCONT)
    stack.until(lambda: stopped.logged("Message had already come further"))
    assert stack.database.value("SELECT sent_at FROM messages") == sent_at
    assert stack.database.history(message_id) == ["pending", "sending", "sending", "sent"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"nothing": "x"}, "malformed"),
        ({"data": "no json"}, "malformed"),
        ({"data": "[]"}, "malformed"),
        ({"data": '{"message_id": 5}'}, "malformed"),
        ({"data": '{"message_id": "00000000-0000-0000-0000-000000000000"}'}, "unknown_message"),
    ],
)
def test_poison_goes_to_the_dead_letters_and_blocks_nothing(
    stack: Deployment, data: dict[str, str], reason: str
) -> None:
    fields: Any = data
    entry_id = stack.valkey.client.xadd("message_queue:sms", fields)
    message_id = stack.send()
    stack.worker()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    [(_, letter)] = stack.valkey.entries("dead")
    assert letter["reason"] == reason
    assert letter["error"]
    assert letter["data"] == data.get("data", "")
    assert (letter["stream"], letter["entry_id"]) == ("message_queue:sms", entry_id)


def test_a_transient_refusal_is_retried(stack: Deployment) -> None:
    stack.worker()
    stack.providers.script.extend([busy(), busy()])
    message_id = stack.send()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == 3
    assert stack.database.value("SELECT retry_count FROM messages") == 2
    assert stack.database.history(message_id) == ["pending", *["sending", "retry"] * 2, "sending", "sent"]


def test_retry_after_is_honoured(stack: Deployment) -> None:
    stack.worker()
    stack.providers.script.append(Response(status_code=429, headers={"Retry-After": "1"}))
    message_id = stack.send()
    stack.until_status(message_id, "sent")
    query = """
        SELECT max(created_at) FILTER (WHERE new_status = 'sending')
             - min(created_at) FILTER (WHERE new_status = 'retry') FROM message_events
    """
    assert stack.database.value(query).total_seconds() >= 1


def test_an_answer_that_is_late_counts_as_none(stack: Deployment) -> None:
    stack.worker(PROVIDER_TIMEOUT_S="0.3")
    stack.providers.withhold()
    message_id = stack.send()
    stack.until_status(message_id, "retry")
    stack.providers.release()
    stack.until_status(message_id, "sent")
    assert "no answer from the provider within 0.3 s" in stack.database.value(
        "SELECT detail FROM message_events WHERE new_status = 'retry' LIMIT 1"
    )


def test_a_final_refusal_fails_at_once(stack: Deployment) -> None:
    stack.worker()
    stack.providers.script.append(JSONResponse({"code": 21211, "message": "bad To"}, 400))
    message_id = stack.send()
    stack.until_status(message_id, "failed")
    stack.until_quiet()
    assert len(stack.providers.calls) == 1
    assert stack.database.value("SELECT error_message FROM messages") == "HTTP 400, code 21211: bad To"
    assert stack.valkey.lengths()["dead"] == 0


def test_a_second_entry_for_a_message_is_acknowledged_without_a_call(stack: Deployment) -> None:
    message_id = stack.send()
    [(_, fields)] = stack.valkey.entries("sms")
    again: Any = fields
    stack.valkey.client.xadd("message_queue:sms", again)
    worker = stack.worker()
    stack.until_quiet()
    stack.until(lambda: worker.logged("Nothing to do for this entry"))
    stack.until_status(message_id, "sent")
    stack.valkey.client.xadd("message_queue:sms", again)
    stack.until(lambda: len(worker.logged("Nothing to do for this entry")) == 2)
    assert len(stack.providers.calls) == 1


def test_an_id_that_the_provider_gives_twice_harms_no_other_message(stack: Deployment) -> None:
    worker = stack.worker()
    stack.providers.script.extend([JSONResponse({"sid": "SMsame"}, 201), JSONResponse({"sid": "SMsame"}, 201)])
    ids = [stack.send(), stack.send(), stack.send()]
    for message_id in ids:
        stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert worker.logged("the provider gave an id that another message has")


def test_two_workers_share_without_sending_twice(stack: Deployment) -> None:
    # both wait before there is anything, or the first might have done it all when the second comes
    workers = [stack.worker(WORKER_BATCH="2", WORKER_CONCURRENCY="2") for _ in range(2)]
    ids = [stack.send(to=f"+1206555{n:04d}") for n in range(100, 160)]
    for message_id in ids:
        stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == len(ids)
    assert {call["To"] for call in stack.providers.calls} == {f"+1206555{n:04d}" for n in range(100, 160)}
    assert all(worker.logged("Message sent successfully") for worker in workers)


def stopping(stack: Deployment) -> tuple[Process, str]:
    worker = stack.worker()
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    worker.signal(signal.SIGTERM)
    return worker, message_id


def test_a_worker_finishes_what_it_holds_before_it_stops(stack: Deployment) -> None:
    worker, message_id = stopping(stack)
    later = stack.send()
    stack.providers.release()
    assert worker.join() == 0
    assert stack.database.status(message_id) == "sent"
    assert stack.database.status(later) == "pending"
    assert stack.valkey.lengths()["sms"] == 1
