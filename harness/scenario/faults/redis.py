"""Faults of Redis itself: gone for a while, out of memory, read-only, with a full disk."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from harness.errors import DeployError, Unobservable
from harness.history import Event
from harness.scenario.faults.window import Window
from harness.scenario.steps import step

ANSWERS_S: Final = 10.0
NOWHERE: Final = ("127.0.0.1", "1")
"""A primary that nobody is: whoever follows it keeps what it has, and takes no writes."""
SMALL: Final = 64
"""Bytes of a file in which no snapshot has room."""
SAVES_S: Final = 15.0
LOOK_S: Final = 0.02


class Redis(Window):
    """What can be done to the Redis of a deployment of ours; all of it is put back as it was."""

    @contextlib.contextmanager
    @step(lambda _: "Redis is down")
    def redis_down(self) -> Iterator[Event]:
        """Ends Redis, which keeps what it has, and starts it again at the end of the block.

        It saves, and ends in one: nothing that it answered is lost, as in a failover to a replica that has everything.
        """
        services = self._services("redis", "an end of Redis")
        if self._waiting.profile.queue.kind != "stream":
            raise Unobservable("what scripts do to this queue is read by MONITOR, which would end with Redis")
        clients = 0

        def start(_: Event) -> None:
            nonlocal clients
            with self._redis() as server:
                clients = self._clients(server)

            def ask() -> None:
                with self._redis() as server, contextlib.suppress(redis.ConnectionError):
                    server.execute_command("SHUTDOWN", "SAVE")

            self._loop.run(services.end("redis", ask))

        def heal(_: Event) -> int:
            if not services.runs("redis"):
                self._loop.run(services.start("redis"))
            return clients

        with self._window("down", "redis", start=start, heal=heal) as begin:
            yield begin

    def redis_restart(self) -> None:
        """Ends Redis and starts it again, with all that it had."""
        with self.redis_down():
            pass

    @contextlib.contextmanager
    @step(lambda _: "Redis is out of memory")
    def redis_out_of_memory(self) -> Iterator[Event]:
        """Leaves Redis no memory: what would add something is refused (`OOM`), all else goes on."""
        no_memory = {"maxmemory": "1", "maxmemory-policy": "noeviction"}
        with self._refusing("out of memory", "OOM", self._configured(no_memory)) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _: "Redis is read-only")
    def redis_read_only(self) -> Iterator[Event]:
        """Makes Redis a replica, as it is in the middle of a failover: it refuses all writes (`READONLY`)."""
        with self._refusing("read-only", "READONLY", replica) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _: "the disk of Redis is full")
    def redis_disk_full(self) -> Iterator[Event]:
        """Lets Redis fail to save, upon which it refuses all writes (`MISCONF`).

        No disk is filled: its files have a limit of their own, and a write beyond that fails as on a full disk.
        """
        services = self._services("redis", "a full disk of Redis")

        @contextlib.contextmanager
        def full(server: Any) -> Iterator[None]:
            services.limit_files("redis", SMALL)
            try:
                with self._configured({"save": "3600 1", "stop-writes-on-bgsave-error": "yes"})(server):
                    try:
                        saved(server, well=False)
                        yield
                    finally:
                        services.limit_files("redis", -1)
                        saved(server, well=True)
            finally:
                services.limit_files("redis", -1)

        with self._refusing("disk full", "MISCONF", full) as begin:
            yield begin

    # how

    @contextlib.contextmanager
    def _refusing(
        self, fault: str, error: str, make: Callable[[Any], contextlib.AbstractContextManager[None]]
    ) -> Iterator[Event]:
        """A fault under which Redis answers with an error, of which it counts how often it did."""
        self._services("redis", f"a Redis that answers {error}")
        with contextlib.ExitStack() as undone:
            before = 0

            def start(_: Event) -> None:
                nonlocal before
                server = undone.enter_context(self._redis())
                before = refused(server, error)
                undone.enter_context(make(server))

            def heal(_: Event) -> int:
                with self._redis() as server:
                    undone.close()
                    return refused(server, error) - before

            with self._window(fault, "redis", start=start, heal=heal) as begin:
                yield begin

    @staticmethod
    def _configured(settings: dict[str, str]) -> Callable[[Any], contextlib.AbstractContextManager[None]]:
        """Settings of Redis for a while; what they were is set again, exactly."""

        @contextlib.contextmanager
        def set_(server: Any) -> Iterator[None]:
            known = {name: server.config_get(name)[name] for name in settings}
            try:
                for name, value in settings.items():
                    server.config_set(name, value)
                yield
            finally:
                for name, value in known.items():
                    server.config_set(name, value)

        return set_

    @contextlib.contextmanager
    def _redis(self) -> Iterator[Any]:
        url = self._driver.addresses.redis
        if url is None:
            raise Unobservable("this deployment has no Redis")
        patience = {"socket_timeout": ANSWERS_S, "retry": Retry(NoBackoff(), 0)}
        server = redis.Redis.from_url(url, decode_responses=True, client_name="messaging-harness-faults", **patience)
        try:
            yield server
        finally:
            server.close()

    def _clients(self, server: Any) -> int:
        """How many connections others have to Redis: through the wire, as far as there is one."""
        return sum(one.get("name") != "messaging-harness-faults" for one in server.client_list())


@contextlib.contextmanager
def replica(server: Any) -> Iterator[None]:
    try:
        server.replicaof(*NOWHERE)
        yield
    finally:
        server.replicaof("NO", "ONE")


def refused(server: Any, error: str) -> int:
    """How many commands Redis has refused so far with an error of that name."""
    found = server.info("errorstats").get(f"errorstat_{error}") or {"count": 0}
    return int(found["count"])


def saved(server: Any, *, well: bool) -> None:
    """Has Redis save in the background, and waits for how that ended; raises DeployError where it ended otherwise."""
    wanted, deadline = "ok" if well else "err", time.monotonic() + SAVES_S
    asked = False
    while time.monotonic() < deadline:
        state = server.info("persistence")
        if not state["rdb_bgsave_in_progress"]:
            if asked and state["rdb_last_bgsave_status"] == wanted:
                return
            server.bgsave()
            asked = True
        time.sleep(LOOK_S)  # reason: the end of a save announces itself to nobody
    raise DeployError(f"Redis was to save, {'well' if well else 'and to fail'}, and didn't within {SAVES_S:g} s")
