"""A pooler before the database is refused before anything is changed: a real one, and a proxy that greets like one."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from database_scene import LOCKS, SCHEMAS, Scene, Server
from harness_support import await_output

from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes.database import DatabaseProbe, connect
from harness.profile import Database

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user=harness
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
unix_socket_dir =
pool_mode = {mode}
"""


class Greeter:
    """A proxy that passes everything on, but gives the server's process another number, as poolers do."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        address: tuple[str, int] = self._server.sockets[0].getsockname()
        return address[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._port)
        for work in (self._pass(reader, forth, None), self._pass(back, writer, b"K")):
            task = asyncio.create_task(work)
            self._tasks.add(task)

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, alter: bytes | None) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
            refused = False
            while data := await (reader.read(65536) if alter is None else reader.readexactly(1)):
                if alter is None:
                    writer.write(data)
                elif not refused and data == b"N":  # "no TLS here": one byte, without a length
                    refused = True
                    writer.write(data)
                else:
                    (length,) = struct.unpack("!i", size := await reader.readexactly(4))
                    body = await reader.readexactly(length - 4)
                    writer.write(data + size + (struct.pack("!i", 4711) + body[4:] if data == alter else body))


@pytest.fixture(scope="module")
def server(processes: Processes, ports: Ports) -> Iterator[Server]:
    server = Server(processes, ports)
    yield server
    server.kill()


def refused(loop: Loop, url: str) -> str:
    probe = DatabaseProbe(History(), Database(), url=url)
    with pytest.raises(DeployError) as caught:
        loop.run(probe.start(), timeout=30)
    loop.run(probe.stop(), timeout=30)
    return str(caught.value)


def test_who_greets_as_another_process_is_a_pooler(loop: Loop, server: Server) -> None:
    greeter = Greeter(server.port)
    port = loop.run(greeter.start())
    direct = Scene(loop, server.url, ddl="SELECT 1")
    said = refused(loop, server.url.replace(str(server.port), str(port)))
    assert said.startswith(
        f"a pooler stands before the database at 127.0.0.1:{port}/postgres (it greets as process 4711,"
    )
    assert said.endswith("; name the database itself in [database] url")
    assert (direct.value(SCHEMAS), direct.value(LOCKS)) == (0, 0)
    direct.run(direct.stack.close())
    loop.run(greeter.stop())


def test_the_database_itself_is_none(loop: Loop, server: Server) -> None:
    loop.run(loop.run(connect(server.url)).close())


@pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer here (Debian: apt-get install pgbouncer)")
@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
@pytest.mark.parametrize("options", ["", "?search_path=public"])
def test_pgbouncer(
    loop: Loop, server: Server, processes: Processes, ports: Ports, tmp_path: Path, mode: str, options: str
) -> None:
    port = ports.free()
    settings = processes.directory() / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(server=server.port, port=port, mode=mode))
    process = processes.spawn(
        *(str(PGBOUNCER), str(settings)),
        name="pgbouncer",
        role="pooler",
        env={"PATH": os.environ.get("PATH", os.defpath)},
        cwd=settings.parent,
        unprivileged=getpass.getuser() == "root",
    )
    await_output(process, "process up")
    said = refused(loop, server.url.replace(str(server.port), str(port)) + options)
    assert said.startswith(f"a pooler stands before the database at 127.0.0.1:{port}/postgres (")
    assert "\n" not in said
    if options:
        assert "unsupported startup parameter: search_path" in said
    processes.stop([process])
    direct = Scene(loop, server.url, ddl="SELECT 1")
    assert (direct.value(SCHEMAS), direct.value(LOCKS)) == (0, 0)
    direct.run(direct.stack.close())
