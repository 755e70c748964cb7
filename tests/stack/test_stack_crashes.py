"""What is accepted is delivered, whatever dies or is away meanwhile."""

from __future__ import annotations

import json
import signal
import threading
from itertools import pairwise
from typing import Any

import httpx
import pytest
from stack_deployment import Deployment
from stack_support import Process
from starlette.responses import JSONResponse, Response


def busy() -> JSONResponse:
    return JSONResponse({"code": 20500, "message": "down"}, 503)


def orphan(stack: Deployment, *, owner: int | None) -> str:
    """A message as a process leaves it that died between the commit and the XADD."""
    return str(
        stack.database.value(
            """
            WITH c AS (INSERT INTO conversations (channel, participants) VALUES ('sms', '{+1,+2}') RETURNING id),
            m AS (INSERT INTO messages (conversation_id, provider, direction, status, message_type, body,
                                        from_address, to_address)
                  SELECT id, 'twilio', 'outbound', 'pending', 'sms', 'hi', '+12065550100', '+12065550199'
                  FROM c RETURNING id),
            o AS (INSERT INTO outbox (message_id, owner) SELECT id, $1 FROM m)
            SELECT id FROM m
            """,
            owner,
        )
    )


@pytest.mark.parametrize("who", ["api", "worker"])
def test_an_intent_whose_owner_is_dead_is_relayed(stack: Deployment, who: str) -> None:
    message_id = orphan(stack, owner=1_000_000)
    relay = stack.api() if who == "api" else stack.worker()
    stack.until(lambda: relay.logged("relayed from the outbox"))
    if who == "api":
        stack.worker()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == 1


def test_the_api_dies_between_commit_and_xadd(stack: Deployment) -> None:
    """Made, not hoped for: Redis is stopped, so the API hangs in its XADD, and is killed there."""
    api = stack.api()
    worker = stack.worker()
    assert stack.valkey._server
    stack.valkey._server.signal(signal.SIGSTOP)
    broken: list[Exception] = []

    def send() -> None:
        try:
            stack.post()
        except httpx.TransportError as error:
            broken.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    message_id = stack.until(lambda: stack.database.value("SELECT message_id FROM outbox"))
    api.kill()
    sending.join()
    assert broken
    stack.valkey._server.signal(signal.SIGCONT)
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    # The XADD may have reached Redis' socket before the kill: then there were two entries, and still one call.
    assert len(stack.providers.calls) == 1
    assert worker.child.poll() is None


def test_redis_is_down_during_a_send(stack: Deployment) -> None:
    api = stack.api()
    stack.valkey.kill()
    message_id = stack.send()
    assert stack.database.status(message_id) == "pending"
    assert api.logged("not queued yet")
    stack.valkey.start()
    stack.until(lambda: stack.valkey.lengths()["sms"] == 1)
    worker = stack.worker()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert not worker.logged("relayed")


def test_redis_goes_and_comes_back_under_a_worker(stack: Deployment) -> None:
    stack.api()
    worker = stack.worker()
    stack.valkey.kill()
    message_id = stack.send()
    stack.valkey.start()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert worker.child.poll() is None


def test_redis_loses_the_group(stack: Deployment) -> None:
    stack.api()
    worker = stack.worker()
    stack.valkey.client.flushall()
    message_id = stack.send()
    stack.until_status(message_id, "sent")
    assert len(worker.logged("Joined consumer group")) >= 2


def test_an_acknowledgement_waits_for_redis(stack: Deployment) -> None:
    stack.api()
    worker = stack.worker()
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    stack.valkey.kill()
    stack.providers.release()
    stack.until_status(message_id, "sent")
    stack.until(lambda: worker.logged("acknowledging failed"))
    stack.valkey.start()
    stack.until_quiet()
    assert len(stack.providers.calls) == 1


def test_a_worker_killed_in_a_call_is_replaced_by_another(stack: Deployment) -> None:
    stack.api()
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
    stack.api()
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


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_a_slow_call_is_not_taken_for_a_dead_worker(stack: Deployment, concurrency: str) -> None:
    stack.api()
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
    stack.api()
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
    stack.api()
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
    stack.api()
    stack.worker()
    stack.providers.script.extend([busy(), busy()])
    message_id = stack.send()
    stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert len(stack.providers.calls) == 3
    assert stack.database.value("SELECT retry_count FROM messages") == 2
    assert stack.database.history(message_id) == ["pending", *["sending", "retry"] * 2, "sending", "sent"]


def test_retries_come_to_an_end(stack: Deployment) -> None:
    stack.api(MAX_RETRIES="2")
    stack.worker()
    stack.providers.script.extend([busy()] * 3)
    message_id = stack.send()
    stack.until_status(message_id, "failed")
    stack.until_quiet()
    assert len(stack.providers.calls) == 3
    [(_, letter)] = stack.valkey.entries("dead")
    assert letter["reason"] == "retries_exhausted"
    assert "503" in letter["error"]
    assert json.loads(letter["data"])["message_id"] == message_id
    assert stack.http.get(f"/api/v1/messages/{message_id}").json()["error_message"] == "HTTP 503, code 20500: down"


def test_retry_after_is_honoured(stack: Deployment) -> None:
    stack.api()
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
    stack.api()
    stack.worker(PROVIDER_TIMEOUT_S="0.3")
    stack.providers.withhold()
    message_id = stack.send()
    stack.until_status(message_id, "retry")
    stack.providers.release()
    stack.until_status(message_id, "sent")
    assert "no answer from the provider within 0.3 s" in stack.database.value(
        "SELECT detail FROM message_events WHERE new_status = 'retry' LIMIT 1"
    )


def test_a_retry_survives_the_death_of_all(stack: Deployment) -> None:
    env = {"RETRY_BASE_S": "0.4", "RETRY_MAX_S": "0.4"}
    processes = [stack.api(**env), stack.worker(**env)]
    stack.providers.script.append(busy())
    message_id = stack.send()
    stack.until(lambda: stack.database.value("SELECT retry_count FROM messages"))
    for process in processes:
        process.kill()
    stack.worker(WORKER_CLAIM_IDLE_MS="100")  # alone: the worker's relay puts it back on the stream
    stack.until_status(message_id, "sent")
    stack.until_quiet()


def test_a_final_refusal_fails_at_once(stack: Deployment) -> None:
    stack.api()
    stack.worker()
    stack.providers.script.append(JSONResponse({"code": 21211, "message": "bad To"}, 400))
    message_id = stack.send()
    stack.until_status(message_id, "failed")
    stack.until_quiet()
    assert len(stack.providers.calls) == 1
    assert stack.database.value("SELECT error_message FROM messages") == "HTTP 400, code 21211: bad To"
    assert stack.valkey.lengths()["dead"] == 0


def test_a_second_entry_for_a_message_is_acknowledged_without_a_call(stack: Deployment) -> None:
    stack.api()
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
    stack.api()
    worker = stack.worker()
    stack.providers.script.extend([JSONResponse({"sid": "SMsame"}, 201), JSONResponse({"sid": "SMsame"}, 201)])
    ids = [stack.send(), stack.send(), stack.send()]
    for message_id in ids:
        stack.until_status(message_id, "sent")
    stack.until_quiet()
    assert worker.logged("the provider gave an id that another message has")


def test_two_workers_share_without_sending_twice(stack: Deployment) -> None:
    stack.api()
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
    stack.api()
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


def test_an_idle_worker_stops_at_once(stack: Deployment) -> None:
    worker = stack.worker()
    worker.signal(signal.SIGTERM)
    assert worker.child.wait(5) == 0


def test_a_worker_stops_though_redis_is_away(stack: Deployment) -> None:
    worker = stack.worker()
    stack.valkey.kill()
    stack.until(lambda: worker.logged("reading the queue failed"))
    worker.signal(signal.SIGTERM)
    assert worker.child.wait(5) == 0
    stack.valkey.start()


def test_a_worker_waits_for_what_isnt_there_yet(stack: Deployment) -> None:
    stack.valkey.kill()
    worker = stack.start("worker", WORKER_METRICS_PORT=str(stack.port))
    stack.until(lambda: worker.logged("joining the queue failed"))
    stack.valkey.start()
    stack.until(lambda: worker.logged("Joined consumer group"))
    assert "worker_entries_in_hand 0.0" in stack.http.get("/metrics").text


@pytest.mark.parametrize("what", ["api", "worker"])
def test_a_process_that_waits_for_postgresql_can_be_stopped(stack: Deployment, what: str) -> None:
    process = stack.start(what, POSTGRES_PORT="9")
    stack.until(lambda: process.logged("PostgreSQL can't be reached yet"))
    process.signal(signal.SIGTERM)
    assert process.child.wait(5) is not None
    assert not any("Traceback" in line for line in process.lines)
