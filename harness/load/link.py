"""The generator's end of the socket to the harness: one JSON object a line, each way.

From a generating process: `hello`, `users` (those that have started in it, by kind), `sends` (rows of what was sent),
`done` (its histograms); from the one that hands out users: `spawned` (how many, to all together). To them: `go` (the
plan, its share of it, when to start), `stages` and `backlog` (for Locust's page), `quit`.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

import gevent
from gevent.queue import Queue


class Link:
    """A connection to the harness; `on_message` gets what it says, `on_end` is called once when it is gone."""

    def __init__(self, path: str, *, on_message: Callable[[dict[str, Any]], None], on_end: Callable[[], None]) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._on_message = on_message
        self._on_end = on_end
        self._out: Any = Queue()
        gevent.spawn(self._read)
        gevent.spawn(self._write)

    def say(self, **message: object) -> None:
        """Sends a message, after those before it."""
        self._out.put(message)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                waiting = [self._out.get()]
                while not self._out.empty():
                    waiting.append(self._out.get())
                self._socket.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in waiting))

    def _read(self) -> None:
        with contextlib.suppress(OSError), self._socket.makefile("rb") as lines:
            for line in lines:
                self._on_message(json.loads(line))
        self._on_end()
