"""Faults on a real stack: what they do, what is counted, that they heal on every way out, and what can't be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import asyncpg
import pytest
import redis

from harness.checks import outages
from harness.errors import Unobservable, UsageError
from harness.history import Event
from harness.scenario.outage import live_through
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.unmeasured, pytest.mark.xdist_group("faults")]

Make = Callable[[Stack], AbstractContextManager[Any]]
WRITE = ("XADD", "a stream of the test", "*", "a", "b")
REFUSALS: dict[str, tuple[Make, str]] = {
    "OOM": (lambda stack: stack.faults.redis_out_of_memory(), "command not allowed when used memory"),
    "READONLY": (lambda stack: stack.faults.redis_read_only(), "You can't write against a read only replica"),
    "MISCONF": (lambda stack: stack.faults.redis_disk_full(), "MISCONF"),
}


def server(stack: Stack) -> redis.Redis:
    return redis.Redis.from_url(str(stack.driver.addresses.redis), socket_timeout=5)


def state(stack: Stack) -> dict[str, Any]:
    """What a fault of Redis may have changed, and must have put back."""
    client = server(stack)
    names = ("maxmemory", "maxmemory-policy", "save", "stop-writes-on-bgsave-error", "appendonly")
    return {name: client.config_get(name) for name in names} | {"role": client.role()[0]}


def asked(stack: Stack, sql: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(stack.driver.addresses.database)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def last(stack: Stack) -> Event:
    return stack.history.events("fault.ended")[-1]


@pytest.mark.parametrize("name", list(REFUSALS))
def test_redis_refuses_counts_and_is_as_before(faulted: Stack, name: str) -> None:
    make, words = REFUSALS[name]
    before = state(faulted)
    with make(faulted):
        with pytest.raises(redis.ResponseError, match=words):
            server(faulted).execute_command(*WRITE)
        assert server(faulted).exists(WRITE[1]) == 0, "what only reads goes on"
    assert state(faulted) == before
    assert server(faulted).execute_command(*WRITE)
    server(faulted).delete(WRITE[1])
    assert last(faulted).data["hits"] >= 1
    assert faulted.unmet() is None


def test_redis_comes_back_with_what_it_had(faulted: Stack) -> None:
    server(faulted).set("kept", "1")
    with faulted.faults.redis_down(), pytest.raises(redis.ConnectionError):
        server(faulted).ping()
    assert server(faulted).get("kept") == b"1"
    server(faulted).delete("kept")
    assert faulted.history.events("part.died") == [], "a server that we ended has not died under the run"


@pytest.mark.parametrize("immediate", [False, True])
def test_postgres_comes_back_with_what_was_committed(faulted: Stack, immediate: bool) -> None:
    flow = faulted.send(faulted.message())
    with faulted.faults.postgres_down(immediate=immediate):
        with pytest.raises((OSError, asyncpg.PostgresError)):
            asked(faulted, "SELECT 1")
        with pytest.raises(Unobservable, match="PostgreSQL is down, by a fault of ours"):
            faulted.settle()
    assert asked(faulted, f"SELECT count(*) FROM messages WHERE id = '{flow.id}'") == 1
    faulted.finished(flow, within=20)
    assert flow.now.status == "sent"
    assert faulted.history.events("probe.gap") == [], "nothing of the record was lost either"


def test_postgres_is_read_only_in_open_sessions_and_not_after(faulted: Stack) -> None:
    with faulted.faults.postgres_read_only():
        assert asked(faulted, "SHOW default_transaction_read_only") == "on"
        assert faulted.send(faulted.message()).answer()["status"] == 503
    assert asked(faulted, "SHOW default_transaction_read_only") == "off"
    assert last(faulted).data["hits"] >= 1
    assert faulted.send(faulted.message()).answer()["status"] == 201


def test_the_disk_of_postgres_is_full_and_nothing_of_it_stays(faulted: Stack) -> None:
    with faulted.faults.postgres_disk_full():
        assert faulted.send(faulted.message()).answer()["status"] == 503
    assert last(faulted).data["hits"] >= 1
    assert asked(faulted, "SELECT count(*) FROM pg_namespace WHERE nspname = 'messaging_harness_full'") == 0
    assert faulted.send(faulted.message()).answer()["status"] == 201


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_heals_on_every_way_out(faulted: Stack, error: type[BaseException]) -> None:
    before = state(faulted)

    def leave() -> None:
        with faulted.faults.redis_out_of_memory(), faulted.faults.cut("worker", "redis"):
            raise error

    with pytest.raises(error):
        leave()
    assert state(faulted) == before
    assert [event.data["fault"] for event in faulted.history.events("fault.ended")[-2:]] == ["cut", "out of memory"]
    assert faulted.facts.outages()[-1].ended is not None
    flow = faulted.send(faulted.message())
    assert faulted.finished(flow, within=20).status == "sent"


def test_one_that_nothing_met_is_unmet(faulted: Stack) -> None:
    faulted.quiesce()
    with faulted.faults.slow("api", "redis", bytes_per_s=1000):
        pass
    assert faulted.unmet() == "the slow of the api was never met, so nothing was disturbed"


@pytest.mark.parametrize("what", ["cut", "reset", "half_open", "unheard"])
@pytest.mark.parametrize("link", [("api", "postgres"), ("worker", "redis")], ids="-".join)
def test_the_stack_lives_through_an_outage_of_a_link(faulted: Stack, what: str, link: tuple[str, str]) -> None:
    since = live_through(faulted, getattr(faulted.faults, what)(*link), in_flight=True)
    verdict = outages(faulted.history, faulted.profile, after=since)
    assert verdict.outcome == "pass", verdict.story()
    assert faulted.unmet() is None


def test_the_links_that_there_are(faulted: Stack) -> None:
    assert faulted.faults.links == [("api", "postgres"), ("api", "redis"), ("worker", "postgres"), ("worker", "redis")]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda faults: faults.cut("mailer", "redis"), "the profile starts no 'mailer'; it has api, worker"),
        (
            lambda faults: faults.cut("worker", "kafka"),
            "'kafka' is no part that a link leads to; there are",
        ),
        (lambda faults: faults.delay("worker", "redis", seconds=0), "seconds = 0: expected a number above 0"),
        (lambda faults: faults.delay("worker", "redis", seconds=1, jitter=-1), "jitter = -1: expected seconds, 0 or"),
        (lambda faults: faults.slow("worker", "redis", bytes_per_s=-5), "bytes_per_s = -5: expected a number above 0"),
        (lambda faults: faults.clock("worker", seconds=0), "seconds = 0: expected by how much"),
    ],
)
def test_what_can_not_be_meant_is_told(faulted: Stack, make: Callable[[Any], Any], error: str) -> None:
    count = len(faulted.history.events("fault.began"))
    with pytest.raises(UsageError) as told, make(faulted.faults):
        pass
    assert error in str(told.value)
    assert len(faulted.history.events("fault.began")) == count, "what never began isn't in the record"
