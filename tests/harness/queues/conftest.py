"""A wire that watches a queue of the test's own, before a real Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness_support import Valkey
from running_wire import RunningWire

from harness.deploy.ports import Ports
from harness.loop import Loop
from harness.profile import Queue


@pytest.fixture
def watching(valkey: Valkey, loop: Loop, ports: Ports) -> Iterator[Callable[..., RunningWire]]:
    """Makes a wire that watches a queue, by the keys of `[queue]`."""
    running: list[RunningWire] = []

    def watch(**table: Any) -> RunningWire:
        wire = RunningWire(valkey, loop, ports, Queue.model_validate(table))
        wire.probe.url = valkey.url
        running.append(wire)
        loop.run(wire.probe.start())
        return wire

    yield watch
    for wire in running:
        wire.close()
