"""A wire process before a real PostgreSQL, with what it tells of statements."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from harness.deploy.ports import Ports
from harness.loop import Loop
from harness.probes.wire import WireControl

Said = dict[str, Any]


class Twin:
    """A wire with one port, for `api-1`, before PostgreSQL; it tells statements from the beginning."""

    def __init__(self, url: str, loop: Loop, ports: Ports) -> None:
        self.loop, self.direct = loop, url
        self._heard = threading.Condition()
        self.said: list[Said] = []
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([sys.executable, "-m", "harness.wire"], stdin=theirs)
        theirs.close()
        self.control = WireControl(ours, on_said=self._hear)
        loop.run(self.control.start())
        self.port = ports.free()
        upstream = urlsplit(url)
        self.ask(
            "listen",
            process="api-1",
            part="postgres",
            host="127.0.0.1",
            port=self.port,
            upstream=["127.0.0.1", upstream.port],
        )
        self.ask("statements", told=True)
        self.url = upstream._replace(netloc=f"{upstream.username}:{upstream.password}@127.0.0.1:{self.port}").geturl()

    def _hear(self, said: Said) -> None:
        with self._heard:
            self.said.append(said)
            self._heard.notify_all()

    def ask(self, do: str, **more: object) -> Said:
        return self.loop.run(self.control.ask(do, **more))

    def gate(self, number: int, side: str, **more: object) -> None:
        self.ask("gate", part="postgres", gate=number, process="api", side=side, **more)

    def hears(self, wanted: Callable[[Said], bool]) -> Said:
        """Waits until something is told that is wanted."""
        with self._heard:
            found = self._heard.wait_for(lambda: next((one for one in self.said if wanted(one)), None), timeout=20)
        assert found, self.said
        return found

    def reached(self, number: int) -> Said:
        return self.hears(lambda said: said["what"] == "gate" and said["gate"] == number)

    def settled(self) -> list[Said]:
        """All that was told so far."""
        self.ask("settle")
        return list(self.said)

    def statements(self) -> list[tuple[str, str]]:
        """The shape of each statement that was run, with its last tag, or that it failed."""
        return [
            (said["shape"], said["tags"][-1] if said["tags"] else said["error"] and "failed")
            for said in self.settled()
            if said["what"] == "stated"
        ]

    def ends(self) -> list[tuple[str, int]]:
        return [(said["how"], said["statements"]) for said in self.settled() if said["what"] == "ended"]

    def forget(self) -> None:
        self.settled()
        self.said.clear()

    def close(self) -> None:
        self.loop.run(self.control.stop())
        self.process.wait(10)
