"""A wire process before a real Valkey, with a port for each of two processes of a stack."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

from harness_support import Valkey, arrives

from harness.deploy.ports import Ports
from harness.history import History
from harness.loop import Loop
from harness.probes.wire import WireProbe
from harness.profile import Queue


class RunningWire:
    """A wire process with a port for each of two processes of the stack."""

    def __init__(self, valkey: Valkey, loop: Loop, ports: Ports, queue: Queue | None = None) -> None:
        self.valkey, self.loop, self.ports, self.history = valkey, loop, ports, History()
        self.probe = WireProbe(self.history, queue or Queue())
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([sys.executable, "-m", "harness.wire"], stdin=theirs)
        theirs.close()
        self.control = self.probe.connect(ours)
        loop.run(self.control.start())
        self.api, self.worker = self.listen("api-1"), self.listen("worker-1")

    def listen(self, process: str, *, upstream: int | None = None) -> int:
        port = self.ports.free()
        where = ["127.0.0.1", upstream or self.valkey.port]
        self.loop.run(self.control.ask("listen", process=process, host="127.0.0.1", port=port, upstream=where))
        return port

    def gate(self, number: int, process: str, command: str | list[str], side: str, **more: Any) -> None:
        self.loop.run(self.control.ask("gate", gate=number, process=process, command=command, side=side, **more))

    def open(self, number: int) -> int:
        return int(self.loop.run(self.control.ask("open", gate=number))["reached"])

    def reached(self, number: int) -> None:
        arrives(self.history, lambda event: event.kind == "fault.hit" and event.data["gate"] == number)

    def settled(self) -> list[tuple[str, str]]:
        """What happened to the queue so far: kind and process."""
        self.loop.run(self.probe.settle())
        return [(e.kind, str(e.data.get("process"))) for e in self.history.events() if e.kind.startswith("queue.")]

    def close(self) -> None:
        self.loop.run(self.probe.stop())
        self.process.wait(10)
