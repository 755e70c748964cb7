"""A database that takes no writes, and a connection that is closed under the stack, are outages like others."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from redis.exceptions import RedisError
from stack_deployment import Deployment
from stack_servers import Valkey

from messaging_stack import queue
from messaging_stack.settings import Settings


def read_only(stack: Deployment, on: bool) -> None:
    name = stack.database.name
    stack.database.server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
    stack.database.server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = 'messaging'"
        " AND application_name LIKE 'messaging-%'"
    )


def test_a_read_only_database_is_answered_with_503_and_got_over(stack: Deployment) -> None:
    api, worker = stack.api(), stack.worker()
    read_only(stack, on=True)
    stack.until(lambda: stack.post().status_code == 503, saying="an answer that says so")
    assert worker.child.poll() is None, worker.lines
    read_only(stack, on=False)
    stack.until(lambda: stack.post().status_code == 201, saying="a message that is taken")
    taken = stack.post()
    stack.until_status(taken.json()["id"], "sent")
    assert (api.child.poll(), worker.child.poll()) == (None, None)
    assert not any("Traceback" in line for line in worker.lines), worker.lines


def test_a_worker_that_is_started_meanwhile_works_afterwards(stack: Deployment) -> None:
    stack.api()
    message_id = stack.post().json()["id"]
    read_only(stack, on=True)
    worker = stack.worker()
    stack.until(lambda: worker.logged("not in touch with PostgreSQL yet"), saying="a worker that can't write")
    read_only(stack, on=False)
    stack.until_status(message_id, "sent")
    assert worker.child.poll() is None, worker.lines


def test_a_connection_that_is_closed_under_it_is_lost_and_no_error_of_another_kind(valkey: Valkey) -> None:
    async def closed_under() -> None:
        redis = queue.connect(Settings(redis_port=valkey.port), name="a-test", timeout_s=5.0)
        connection = await redis.connection_pool.get_connection()
        connection._writer.transport.abort()
        await asyncio.sleep(0)  # reason: a turn of the loop, in which the transport closes
        with pytest.raises(RedisError, match="the connection was lost"):
            await connection.send_packed_command([b"PING"])
        await connection.disconnect()

    uvloop.run(closed_under())
