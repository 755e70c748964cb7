"""One connection to Redis through the wire: its commands and replies are read on the side, and stop at closed gates.

Whatever can't be read is passed on all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from harness.wire.commands import Said
from harness.wire.gates import Gates
from harness.wire.link import Link
from harness.wire.pump import Pump, Tell
from harness.wire.reach import Watched
from harness.wire.tracker import Tracker


class Connection(Pump):
    """Both halves of one proxied connection of one process to Redis."""

    def __init__(
        self,
        *,
        process: str,
        number: int,
        gates: Gates,
        watched: Watched,
        tell: Tell,
        on_end: Callable[[Pump], None] = lambda _: None,
        link: Link | None = None,
    ) -> None:
        super().__init__(process=process, number=number, tell=tell, on_end=on_end, link=link)
        self.tracker = Tracker(watched)
        self._watched = watched
        self._gates = gates
        self._complained = False
        self._passed_on = 0  # how many replies were waited for before a gate withheld a command

    def connected(self, own: object) -> None:
        """Redis took the connection; where somebody watches what scripts do, he has to know whose they are."""
        if self._watched.scripts and isinstance(own, tuple):
            host, port, *_ = own
            address = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
            self._tell({"what": "connected", "process": self.process, "address": address, "at": time.time()})

    # what is said

    def from_client(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_server.send(data)
            self.tracker.sent(data, now)
        else:
            sent = 0
            for command, (begin, expected) in zip(self.tracker.sent(data, now), self.tracker.places, strict=True):
                gate = self._gates.at_command(self.process, command)
                if gate is None:
                    continue
                if gate.side == "command":
                    # what stands before it in the same bytes was said before it
                    self.to_server.send(data[sent:begin])
                    sent = begin
                    if not self.to_server.held:
                        self._passed_on = expected
                    self.to_server.hold(gate)
                else:
                    self.to_client.hold(gate)
                gate.reached += 1
                self.tell_gate("gate", gate.number)
            self.to_server.send(data[sent:])
        self._report(self.tracker.told())

    def from_server(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_client.send(data)
            self._report(self.tracker.received(data, now))
        else:
            for said in self._report(self.tracker.received(data, now)):
                gate = self._gates.at_delivery(self.process, said)
                if gate is not None:
                    self.to_client.hold(gate)
                    gate.reached += 1
                    self.tell_gate("gate", gate.number)
            self.to_client.send(data)

    def _report(self, said: Iterable[Said]) -> list[Said]:
        found = [{**one, "process": self.process, "connection": self.number} for one in said]
        for one in found:
            self._tell(one)
        if self.tracker.missed and not self._complained:
            self._complained = True
            self._tell({"what": "lost", "process": self.process, "reason": self.tracker.missed, "at": time.time()})
        return found

    # who ends

    def withheld_is_lost(self) -> None:
        self.tracker.forget(self._passed_on)

    def server_is_over(self) -> None:
        self._report(self.tracker.ended())
