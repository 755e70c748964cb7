"""The twin before PostgreSQL: what goes through it comes out the same, and what was done is told."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from harness_support import Postgres
from running_twin import Twin

from harness.deploy.ports import Ports
from harness.deploy.postgres import binaries
from harness.loop import Loop


@pytest.fixture
def twin(database: str, loop: Loop, ports: Ports) -> Iterator[Twin]:
    twin = Twin(database, loop, ports)
    yield twin
    twin.close()


def psql(url: str, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What libpq's own client says to a script."""
    command = [str(binaries() / "psql"), "-X", "-v", "VERBOSITY=terse", "-f", "-", url]
    env = {**os.environ, "LD_LIBRARY_PATH": "", **more}
    return subprocess.run(command, input=script, capture_output=True, text=True, timeout=60, check=False, env=env)


def run(twin: Twin, url: str, work: Any) -> Any:
    async def connected() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return twin.loop.run(connected(), timeout=60)


async def everything(connection: Any) -> list[object]:
    """Simple and extended, right and wrong, much and nothing, in and out."""
    found: list[object] = []
    await connection.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, body text)")
    await connection.execute("INSERT INTO t VALUES (1, 'a;b ''c'' 🎉'); UPDATE t SET body = body || '!'")
    await connection.executemany("INSERT INTO t VALUES ($1, $2)", [(n, "x" * n) for n in range(2, 400)])
    found.append(await connection.fetch("SELECT * FROM t ORDER BY id"))
    found.append(await connection.fetchval("SELECT string_agg(repeat('y', 1000), '') FROM generate_series(1, 5000)"))
    found.append(len(await connection.fetch("SELECT g, repeat('z', 50) FROM generate_series(1, 30000) g")))
    for wrong in ("SELECT nonsense", "SELECT 1/0", "INSERT INTO t VALUES (1)", "SELECT $1::int + 'x'"):
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetch(wrong)
    out = io.BytesIO()
    found.append(await connection.copy_from_query("SELECT id FROM t WHERE id < 4", output=out))
    found.append(out.getvalue())
    found.append(await connection.copy_to_table("t", source=io.BytesIO(b"1000\tp\n1001\tq\n")))
    with pytest.raises(asyncpg.PostgresError):
        await connection.copy_to_table("t", source=io.BytesIO(b"nonsense\n"))
    async with connection.transaction():
        found.append([row["id"] async for row in connection.cursor("SELECT id FROM t ORDER BY id", prefetch=7)])
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("DELETE FROM t")
    await transaction.rollback()
    statement = await connection.prepare("SELECT count(*) FROM t WHERE body LIKE $1")
    found += [await statement.fetchval(f"{letter}%") for letter in "xpq"]
    return found


def test_a_client_gets_the_same_through_the_twin(twin: Twin) -> None:
    assert run(twin, twin.url, everything) == run(twin, twin.direct, everything)
    assert not [said for said in twin.settled() if said["what"] == "unheard"]
    assert ("INSERT INTO t VALUES (?)", "INSERT 0 1") in twin.statements()
    assert ("rolled back", 3) in twin.ends()


SCRIPT = r"""
CREATE TEMP TABLE t (id int, body text);
BEGIN; INSERT INTO t VALUES (1, 'one'); SAVEPOINT s; INSERT INTO t VALUES ('x'); ROLLBACK TO s; COMMIT;
BEGIN; SELECT 1/0; COMMIT;
COPY t FROM STDIN;
2	two
3	three
\.
COPY t TO STDOUT;
SELECT $1::text, $2::int \bind 'a b' 7 \g
SELECT * FROM t WHERE id = $1 \parse named
\bind_named named 2 \g
\startpipeline
INSERT INTO t VALUES ($1, $2) \bind 4 four \g
INSERT INTO t VALUES ($1, $2) \bind x bad \g
INSERT INTO t VALUES ($1, $2) \bind 5 five \g
\syncpipeline
SELECT count(*) FROM t \bind \g
\endpipeline
SELECT 1 \; SELECT 2 \; SELECT 3;
DO $$ BEGIN RAISE NOTICE 'hello'; END $$;
LISTEN news; NOTIFY news, 'x';
SET search_path = public;

SELECT id, body FROM t ORDER BY id;
\close_prepared named
"""


def test_libpq_gets_the_same_through_the_twin(twin: Twin) -> None:
    straight, through = psql(twin.direct, SCRIPT), psql(twin.url, SCRIPT)
    assert "Asynchronous notification" in straight.stdout, straight
    mine = [text.replace(word, "PID") for text in (through.stdout, straight.stdout) for word in pids(text)]
    assert mine[0] == mine[-1]
    assert through.stderr == straight.stderr
    assert not [said for said in twin.settled() if said["what"] == "unheard"], twin.said
    said = twin.statements()
    assert ("INSERT INTO t VALUES (?)", "INSERT 0 1") in said
    assert said[-1] == ("SELECT id, body FROM t ORDER BY id", "SELECT 3")
    assert ("rolled back", 3) in twin.ends()  # BEGIN, the error, COMMIT
    assert ("committed", 6) in twin.ends()


def pids(text: str) -> list[str]:
    """The number of the server's process, which a notification tells."""
    return [text.partition("server process with PID ")[2].partition(".")[0]]


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_a_thousand_transactions_are_counted_in_each_protocol(twin: Twin, mode: str, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    pipeline = ("\\startpipeline\n", "\\endpipeline\n") if mode != "simple" else ("", "")
    script.write_text(f"{pipeline[0]}BEGIN;\nSELECT 1;\nSELECT 2;\nCOMMIT;\n{pipeline[1]}")
    command = [str(binaries() / "pgbench"), "-n", "-f", str(script), "-M", mode, "-c", "4", "-t", "250", twin.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "number of transactions actually processed: 1000/1000" in done.stdout, done
    ends = twin.ends()
    assert not [said for said in twin.said if said["what"] == "unheard"], twin.said
    assert ends.count(("committed", 4)) == 1000


def test_a_cancel_goes_through(twin: Twin) -> None:
    async def cancelled(connection: Any) -> str:
        begun = asyncio.Event()
        connection.add_log_listener(lambda *_: begun.set())
        running = asyncio.create_task(
            connection.execute("DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(600); END $$")
        )
        async with asyncio.timeout(20):
            await begun.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        return str(await connection.fetchval("SELECT 'goes on'"))

    assert run(twin, twin.url, cancelled) == "goes on"
    assert not [said for said in twin.settled() if said["what"] == "unheard"], twin.said
    assert [error for _, error in twin.statements()] == ["failed", ""]


def test_what_is_encrypted_passes_and_is_said_to_be_unread(twin: Twin) -> None:
    """A server that takes TLS answers S, and from then on nobody reads along."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        own = twin_port(twin, server.getsockname()[1])
        with socket.create_connection(("127.0.0.1", own), timeout=20) as client:
            client.sendall((8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"))
            upstream, _ = server.accept()
            with upstream:
                assert len(upstream.recv(100)) == 8
                upstream.sendall(b"S")
                assert client.recv(10) == b"S"
                client.sendall(b"\x16\x03\x01 hello")
                assert upstream.recv(100) == b"\x16\x03\x01 hello"
                upstream.sendall(b"\x16 yes")
                assert client.recv(100) == b"\x16 yes"
    assert "encrypted" in twin.hears(lambda said: said["what"] == "unheard")["reason"]


def twin_port(twin: Twin, upstream: int) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    twin.ask("listen", process="api-1", part="postgres", host="127.0.0.1", port=port, upstream=["127.0.0.1", upstream])
    return port


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
def test_a_refusal_of_encryption_is_the_servers_own(twin: Twin, mode: str) -> None:
    straight, through = (psql(url, "SELECT 7 AS seven;", PGSSLMODE=mode) for url in (twin.direct, twin.url))
    assert (through.returncode, through.stdout) == (straight.returncode, straight.stdout)
    assert ("seven" in through.stdout) == (mode != "require")
    assert not [said for said in twin.settled() if said["what"] == "unheard"], twin.said


def test_who_isnt_there_is_refused_as_without_the_twin(twin: Twin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = int(free.getsockname()[1])
    port = twin_port(twin, nobody)
    assert psql(twin.url.replace(str(twin.port), str(port)), "SELECT 1;").returncode == 2


def test_a_server_that_ends_a_connection_ends_it_for_the_client(twin: Twin, postgres: Postgres) -> None:
    async def ended(connection: Any) -> None:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        other = await asyncpg.connect(twin.direct)
        await other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        await other.close()
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.InterfaceError)):
            await connection.fetchval("SELECT 2")
        fresh = await asyncpg.connect(twin.url)
        assert await fresh.fetchval("SELECT 3") == 3
        await fresh.close()

    run(twin, twin.url, ended)
    assert postgres.port


# gates


async def prepared(connection: Any) -> None:
    await connection.execute("CREATE TABLE IF NOT EXISTS gated (id int)")


def count(twin: Twin) -> int:
    async def counted(connection: Any) -> int:
        return int(await connection.fetchval("SELECT count(*) FROM gated"))

    return int(run(twin, twin.direct, counted))


@pytest.mark.parametrize("how", ["simple", "extended", "transaction"])
@pytest.mark.parametrize("side", ["command", "answer"])
def test_a_statement_is_withheld_and_passes_when_the_gate_is_opened(twin: Twin, how: str, side: str) -> None:
    run(twin, twin.direct, prepared)
    commit = how == "transaction"
    twin.gate(1, side, kind="commit" if commit else "insert", times=1)

    async def work(connection: Any) -> None:
        async def insert() -> None:
            if how == "simple":
                await connection.execute("INSERT INTO gated VALUES (7)")
            elif how == "extended":
                await connection.execute("INSERT INTO gated VALUES ($1)", 7)
            else:
                async with connection.transaction():
                    await connection.execute("INSERT INTO gated VALUES ($1)", 7)

        inserting = asyncio.create_task(insert())
        await asyncio.to_thread(twin.reached, 1)
        watching = await asyncpg.connect(twin.direct)
        stored = await watching.fetchval("SELECT count(*) FROM gated")
        await watching.close()
        assert stored == (0 if side == "command" else 1)
        assert not inserting.done()
        # asked from another thread: this loop is the one that the control speaks in
        assert (await twin.control.ask("open", gate=1))["reached"] == 1
        await inserting

    run(twin, twin.url, work)
    assert count(twin) == 1
    assert twin.ends()[-1] == ("committed", 3 if commit else 1)


@pytest.mark.parametrize("side", ["command", "answer"])
def test_who_is_killed_at_a_gate_has_done_what_passed_and_no_more(twin: Twin, side: str) -> None:
    run(twin, twin.direct, prepared)
    twin.gate(1, side, kind="insert", contains="42", times=1)
    command = [str(binaries() / "psql"), "-X", "-c", "INSERT INTO gated VALUES (41)"]
    command += ["-c", "INSERT INTO gated VALUES (42)", "-c", "INSERT INTO gated VALUES (43)", twin.url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as client:
        assert twin.reached(1)["statement"] == "INSERT INTO gated VALUES (?)"
        client.send_signal(signal.SIGKILL)
    twin.hears(lambda said: said["what"] == "left")
    twin.ask("settle")
    assert twin.ask("open", gate=1) == {"id": twin.control._next, "reached": 1}
    assert count(twin) == (1 if side == "command" else 2)


def test_a_gate_knows_shapes_and_lets_pass_what_it_skips(twin: Twin) -> None:
    run(twin, twin.direct, prepared)
    twin.gate(1, "command", shape="INSERT INTO gated VALUES (?)", skip=2, times=1)
    twin.gate(2, "command", kind="commit", before="UPDATE gated SET id = id + ?", times=1)
    script = "INSERT INTO gated VALUES (1); \n INSERT INTO gated VALUES (2);\nBEGIN; DELETE FROM gated; COMMIT;\n"
    assert psql(twin.url, script).returncode == 0
    with subprocess.Popen([str(binaries() / "psql"), "-X", "-c", "INSERT INTO gated VALUES (3)", twin.url]) as third:
        twin.reached(1)
        assert count(twin) == 0
        twin.ask("open", gate=1)
        assert third.wait(20) == 0
    words = ["-c", "BEGIN", "-c", "UPDATE gated SET id = id + 1", "-c", "COMMIT"]
    with subprocess.Popen([str(binaries() / "psql"), "-X", *words, twin.url], stdout=subprocess.DEVNULL) as other:
        twin.reached(2)
        twin.ask("open", gate=2)
        assert other.wait(20) == 0
    assert count(twin) == 1


def test_nothing_is_told_that_nobody_listens_to(twin: Twin) -> None:
    twin.ask("statements", told=False)
    twin.forget()
    assert psql(twin.url, "SELECT 1;").returncode == 0
    assert twin.settled() == []


@pytest.mark.parametrize("what", ["cut", "reset", "half-open", "delay"])
def test_a_link_to_postgresql_can_be_wrong_and_heals(twin: Twin, what: str) -> None:
    trouble = {"process": "api", "part": "postgres", "what": what}

    async def lived(connection: Any) -> None:
        assert (await twin.control.ask("disturb", fault=1, seconds=0.05, **trouble))["links"] == ["api-1"]
        if what == "delay":
            assert await connection.fetchval("SELECT 1") == 1
        elif what == "half-open":
            with pytest.raises(TimeoutError):
                await connection.fetchval("SELECT 1", timeout=0.3)
        else:
            with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)):
                await connection.fetchval("SELECT 1")
        assert (await twin.control.ask("heal", fault=1))["hits"] > 0
        fresh = await asyncpg.connect(twin.url)
        assert await fresh.fetchval("SELECT 2") == 2
        await fresh.close()
        connection.terminate()

    run(twin, twin.url, lived)
