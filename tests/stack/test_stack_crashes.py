"""What is accepted is delivered, whatever dies or is away meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import threading

import asyncpg
import httpx
import pytest
from stack_deployment import Deployment
from stack_servers import busy

from messaging_stack.store import outbox


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


def test_a_late_answer_forgets_its_own_intent_and_not_its_messages_retry(stack: Deployment) -> None:
    message_id, told = orphan(stack, owner=7), "INSERT INTO outbox (message_id, owner) VALUES ($1, 7) RETURNING id"
    first = stack.database.value("SELECT id FROM outbox WHERE message_id = $1", message_id)
    retry = stack.database.value(told, message_id)
    server = stack.database.server

    async def forget() -> None:
        where = {"host": "127.0.0.1", "port": server.port, "user": "messaging", "database": stack.database.name}
        async with asyncpg.create_pool(**where, min_size=1, max_size=1) as pool:
            await outbox.done(pool, 7, [first])

    asyncio.run(forget())
    assert stack.database.fetch("SELECT id FROM outbox WHERE message_id = $1", message_id) == [(retry,)]


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


def test_an_entry_is_acknowledged_and_deleted_in_one_transaction(stack: Deployment) -> None:
    """Who dies between the two would leave it on its stream for ever: nobody is given it again."""
    stack.api()
    stack.worker()
    stack.valkey.client.config_resetstat()
    stack.until_status(stack.send(), "sent")
    stack.until_quiet()
    stats = stack.valkey.client.info("commandstats")
    assert [stats[f"cmdstat_{name}"]["calls"] for name in ("multi", "xack", "xdel", "exec")] == [1, 1, 1, 1]


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
