"""The same conversation with and without the wire, byte for byte: whatever is said, however it is cut, whoever ends."""

from __future__ import annotations

import random
import re
import signal
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness_support import Valkey
from running_wire import RunningWire
from test_gates import STREAM

from harness.deploy.ports import Ports
from harness.errors import PartDied
from harness.loop import Loop
from harness.vitals import died

ID = re.compile(rb"\d{13}-\d+")
"""Ids that Redis gives are another each time."""
CONNECTION = re.compile(rb"(\$2\r\nid\r\n:)\d+")
"""So is the number of a connection, which HELLO tells."""
LAST_WORD = re.compile(rb"-ERR Protocol error[^\r\n]*\r\n\Z")
"""Redis doesn't always come to say this to a client that has ended its own side meanwhile."""


@pytest.fixture
def wire(valkey: Valkey, loop: Loop, ports: Ports) -> Iterator[RunningWire]:
    running = RunningWire(valkey, loop, ports)
    yield running
    running.close()


def packed(*words: bytes | str) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def commands(chance: random.Random) -> Iterator[bytes]:
    """What a client may say, right and wrong."""
    entry = f"{chance.randrange(1, 9)}-{chance.randrange(1, 9)}"
    blob = chance.randbytes(chance.choice([0, 3, 300, 70_000]))
    known = [
        packed("PING"),
        b"PING\r\n",
        b"SET \"a b\" 'c'\r\n",
        b"\r\n",
        b"*0\r\n",
        packed("SET", "blob", blob),
        packed("GET", "blob"),
        packed("XADD", STREAM, "*", "data", blob[:300]),
        packed("XADD", STREAM, entry, "a", "b"),
        packed("XADD", STREAM, "MAXLEN", "2", "*", "a", "b"),
        packed("XGROUP", "CREATE", STREAM, "workers", "0", "MKSTREAM"),
        packed("XREADGROUP", "GROUP", "workers", "w", "COUNT", "3", "STREAMS", STREAM, ">"),
        packed("XACK", STREAM, "workers", entry, "1-1"),
        packed("XDEL", STREAM, entry),
        packed("XRANGE", STREAM, "-", "+", "COUNT", "2"),
        packed("XREAD", "STREAMS", STREAM, "0"),
        packed("HELLO", chance.choice(["2", "3", "9"])),
        packed("CLIENT", "REPLY", chance.choice(["OFF", "ON", "SKIP", "odd"])),
        packed("MULTI"),
        packed("EXEC"),
        packed("DISCARD"),
        packed("SELECT", chance.choice(["0", "1", "99"])),
        packed("SUBSCRIBE", "news"),
        packed("UNSUBSCRIBE", "news"),
        packed("CLIENT", "TRACKING", "ON"),
        packed("HSET", "h", "a", "1", "b", "2"),
        packed("HGETALL", "h"),
        packed("SMEMBERS", "none"),
        packed("EVAL", "return {1,{2,'x'},false}", "0"),
        packed("EVAL", "redis.call('xadd',KEYS[1],'1-0','a','b') return redis.call('nosuch')", "1", STREAM),
        packed("DEL", STREAM),
        packed("NOSUCH", STREAM),
        packed("DEBUG", "PROTOCOL", chance.choice(["attrib", "map", "set", "push", "bignum", "verbatim", "null"])),
    ]
    yield from chance.choices(known, k=chance.randrange(1, 25))
    # of what stands behind a RESET in one packet, Valkey does more or less as the packets happen to be cut
    yield chance.choice([b"", packed("QUIT"), packed("RESET")])


MALFORMED = [
    b"*1\r\n:1\r\n",
    b"*x\r\n",
    b'set "a\r\n',
    b"*1\r\n$-5\r\n",
    b"\x16\x03\x01\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
]


def converse(port: int, said: list[bytes]) -> tuple[bytes, bool]:
    """What comes back for it until Redis hangs up, and whether that is all; the client ends its side when it is done.

    Where Redis hangs up with something unread, the kernel may throw away what it had said last.
    """
    whole = True
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        heard = bytearray()

        def listen() -> None:
            nonlocal whole
            try:
                while part := client.recv(1 << 16):
                    heard.extend(part)
            except ConnectionResetError:
                whole = False

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            for part in said:
                client.sendall(part)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has hung up already
        listening.join(20)
        assert not listening.is_alive(), bytes(heard[-200:])
        return bytes(heard), whole


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    places = sorted(chance.sample(range(len(data) + 1), min(len(data), chance.choice([0, 1, 5, 40]))))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("run", range(6))
def test_a_conversation_is_the_same_through_the_wire(wire: RunningWire, run: int) -> None:
    for seed in range(run * 15, run * 15 + 15):
        chance = random.Random(seed)
        said = cut(b"".join(commands(chance)), chance)
        answers, all_whole = [], True
        for port in (wire.valkey.port, wire.api):
            wire.valkey.client().flushall()
            heard, whole = converse(port, said)
            answers.append(LAST_WORD.sub(b"", CONNECTION.sub(rb"\1", ID.sub(b"ID", heard))))
            all_whole &= whole
        common = len(min(answers, key=len)) if not all_whole else None
        assert answers[0][:common] == answers[1][:common], seed
    wire.settled()
    assert wire.process.poll() is None


@pytest.mark.parametrize("frame", MALFORMED)
def test_what_redis_refuses_to_read_is_refused_through_the_wire(wire: RunningWire, frame: bytes) -> None:
    """Alone: of what stands before it in one packet, Redis does more or less as the packets happen to be cut."""
    (direct, _), (through, _) = converse(wire.valkey.port, [frame]), converse(wire.api, [frame])
    assert LAST_WORD.sub(b"", direct) == LAST_WORD.sub(b"", through)
    wire.settled()
    assert wire.valkey.client(wire.api).ping()
    assert wire.process.poll() is None


class Scripted(socketserver.ThreadingTCPServer):
    """Answers every connection with the bytes of `script`, keeps what it heard, and ends first or last."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.script: list[bytes] = []
        self.ends_first = False
        self.heard: list[bytes] = []
        self.done = threading.Semaphore(0)


class Answer(socketserver.BaseRequestHandler):
    server: Scripted
    request: socket.socket

    def handle(self) -> None:
        for part in self.server.script:
            self.request.sendall(part)
        if self.server.ends_first:
            self.request.shutdown(socket.SHUT_WR)
        heard = bytearray()
        while part := self.request.recv(1 << 16):
            heard.extend(part)
        self.server.heard.append(bytes(heard))
        self.server.done.release()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


ODD = [
    b"|1\r\n+ttl\r\n:3600\r\n$3\r\n1-0\r\n",
    b"$?\r\n;4\r\nabcd\r\n;0\r\n",
    b"*?\r\n:1\r\n.\r\n",
    b">2\r\n+message\r\n+x\r\n",
    b"%1\r\n*1\r\n+a\r\n+b\r\n",
    b"$100\r\nbroken off",
    b"*3\r\n+only one\r\n",
    b"+OK\r\n" * 9,
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46",
    b"\x00" * 100,
]


@pytest.mark.parametrize("seed", range(10))
def test_replies_that_redis_never_gives_pass_untouched(wire: RunningWire, scripted: Scripted, seed: int) -> None:
    chance = random.Random(seed)
    scripted.script = cut(b"".join(chance.choices([*ODD, chance.randbytes(50)], k=chance.randrange(1, 5))), chance)
    scripted.ends_first = chance.random() < 0.5
    said = cut(packed("XADD", STREAM, "*", "a", "b") * 3 + chance.randbytes(30), chance)
    port = wire.listen(f"odd-{seed}", upstream=scripted.server_address[1])
    assert converse(port, said) == (b"".join(scripted.script), True)
    assert scripted.done.acquire(timeout=10)
    assert scripted.heard == [b"".join(said)]
    wire.settled()
    assert wire.history.events("queue.appended") == [] or b"1-0" in b"".join(scripted.script)
    assert wire.process.poll() is None


def test_a_server_that_ends_first_still_hears_the_client(wire: RunningWire, scripted: Scripted) -> None:
    scripted.script, scripted.ends_first = [b"+OK\r\n"], True
    port = wire.listen("half", upstream=scripted.server_address[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        assert client.makefile("rb").read() == b"+OK\r\n"
        client.sendall(b"still here")
    assert scripted.done.acquire(timeout=10)
    assert scripted.heard == [b"still here"]


def test_frames_of_ten_megabytes(wire: RunningWire) -> None:
    client, blob = wire.valkey.client(wire.api), "x" * 10_000_000
    entry = client.xadd(STREAM, {"data": f'{{"message_id": "m1", "blob": "{blob}"}}'})
    assert len(client.xrange(STREAM)[0][1]["data"]) > 10_000_000
    wire.valkey.client(wire.worker).xread({STREAM: "0"})
    wire.settled()
    (event,) = wire.history.events("queue.appended")
    assert (event.data["id"], event.message_id) == (entry, "m1")
    assert wire.history.events("probe.gap") == []


def memory(pid: int) -> int:
    """Megabytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 // 1_000_000


def test_a_client_that_does_not_read_costs_no_memory(wire: RunningWire) -> None:
    redis = wire.valkey.client()
    redis.set("blob", "x" * 4_000_000)
    before = memory(wire.process.pid)
    with socket.create_connection(("127.0.0.1", wire.api), timeout=20) as client:
        client.sendall(packed("GET", "blob") * 50)
        # Redis has said what it can once its own buffer for this client has stopped to shrink
        last = -1
        while (now := max(int(one["omem"]) for one in redis.client_list())) != last or now == 0:
            last = now
            threading.Event().wait(0.2)  # reason: Redis tells nobody that a client is stuck
        assert memory(wire.process.pid) - before < 60
        client.sendall(packed("PING"))
        heard, size = b"", 0
        while not heard.endswith(b"+PONG\r\n"):
            part = client.recv(1 << 20)
            assert part
            heard, size = (heard + part)[-20:], size + len(part)
    assert size == 50 * len(b"$4000000\r\n" + b"x" * 4_000_000 + b"\r\n") + len(b"+PONG\r\n")


def test_of_a_client_that_left_it_is_still_read_what_redis_did(wire: RunningWire) -> None:
    for number in range(50):
        with socket.create_connection(("127.0.0.1", wire.api)) as client:
            client.sendall(packed("XADD", STREAM, "*", "message_id", f"m{number}") * 3)
    assert len(wire.settled()) == 150
    assert wire.valkey.client().xlen(STREAM) == 150
    assert wire.history.events("probe.gap") == []


def test_a_client_that_leaves_in_mid_reply_harms_nobody(wire: RunningWire) -> None:
    wire.valkey.client().set("blob", "x" * 5_000_000)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", wire.api)) as client:
            client.sendall(packed("GET", "blob"))
            client.recv(10)
    assert wire.valkey.client(wire.api).ping()
    wire.settled()
    assert len(wire.valkey.client().client_list()) <= 3


def test_a_wire_that_dies_ends_the_run_at_once(valkey: Valkey, loop: Loop, ports: Ports) -> None:
    wire = RunningWire(valkey, loop, ports)
    wire.process.kill()
    with pytest.raises(PartDied, match="the wire died under the run"):
        wire.history.wait_for(lambda _: False, within=20)
    assert [event.data["part"] for event in wire.history.events("part.died")] == ["the wire"]
    with pytest.raises(PartDied, match="the wire died"):
        loop.run(wire.control.ask("settle"))
    loop.run(wire.probe.stop())
    wire.process.wait(10)


def test_a_wire_that_went_with_its_keeper_is_told_as_the_keepers_death(
    valkey: Valkey, loop: Loop, ports: Ports
) -> None:
    wire = RunningWire(valkey, loop, ports)
    wire.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(loop.run, wire.control.ask("settle"))
        wire.process.kill()
        died(wire.history, "the keeper", "it has ended")  # heard by another way than the wire's connection
        with pytest.raises(PartDied, match="the keeper died"):
            waiting.result(20)
    with pytest.raises(PartDied, match="the keeper died"):
        loop.run(wire.control.ask("settle"))
    assert [event.data["part"] for event in wire.history.events("part.died")] == ["the keeper"]
    loop.run(wire.probe.stop())
    wire.process.wait(10)


def test_whoever_waits_for_a_wire_that_dies_is_told(valkey: Valkey, loop: Loop, ports: Ports) -> None:
    wire = RunningWire(valkey, loop, ports)
    wire.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(loop.run, wire.control.ask("settle")) for _ in range(3)]
        wire.process.kill()
        for one in waiting:
            with pytest.raises(PartDied, match="the wire died"):
                one.result(20)
    loop.run(wire.probe.stop())
    wire.process.wait(10)


def test_a_wire_that_we_stop_has_not_died(wire: RunningWire) -> None:
    wire.close()
    assert wire.history.events("part.died") == []
