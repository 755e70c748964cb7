"""Matches the commands of one connection with their replies, on the side of the bytes that pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import hiredis

from harness.wire.commands import TRANSACTION, WATCHED, Command, Said, events_of, name_of


class Tracker:
    """Reads both directions of one connection with hiredis and says what happened to the queue."""

    def __init__(self) -> None:
        self._requests = hiredis.Reader(protocolError=ValueError, replyError=RuntimeError)
        self._replies = hiredis.Reader(protocolError=ValueError, replyError=RuntimeError)
        self._open: deque[tuple[Command, float]] = deque()
        self._queued: list[tuple[Command, float]] | None = None
        self.lost = ""
        """Why its replies can't be matched any more (not RESP, MONITOR, subscriptions); empty while they can."""
        self.missed = ""
        """Why something about a queue may have gone by unseen; a subscriber says nothing about one."""

    def sent(self, data: bytes, at: float) -> list[Command]:
        """Takes bytes that came from the client at a time; the complete commands among them."""
        commands: list[Command] = []
        try:
            self._requests.feed(data)
            while (command := self._requests.gets()) is not False:
                self.lost = self.lost or unreadable(command)
                if not self.lost:
                    self._open.append((command, at))
                    commands.append(command)
                elif not isinstance(command, list) or any(map(watched, [command, *(open_ for open_, _ in self._open)])):
                    self.missed = self.lost
        except ValueError as error:
            self.lost = self.missed = str(error)
        return commands

    def received(self, data: bytes, at: float) -> Iterator[Said]:
        """Takes bytes that came from Redis at a time; what the replies among them show.

        What a process does (append, acknowledge, delete) has the time at which its command came; what it is given
        has the time at which the reply came. Both are before the bytes went on, so no effect is seen before its cause.
        """
        if self.lost:
            return
        try:
            self._replies.feed(data)
            while (reply := self._replies.gets()) is not False:
                if isinstance(reply, hiredis.PushNotification):
                    continue
                if not self._open:
                    self.lost = self.missed = "a reply came that no command asked for"
                    return
                command, asked_at = self._open.popleft()
                for said in self._said(command, asked_at, reply):
                    asked = said.pop("asked_at")
                    yield {**said, "at": at if said["what"] == "claimed" else asked}
        except ValueError as error:
            self.lost = self.missed = str(error)

    def _said(self, command: Command, asked_at: float, reply: object) -> Iterator[Said]:
        name = name_of(command)
        if name in TRANSACTION:
            queued, self._queued = self._queued or [], [] if name == b"MULTI" else None
            if name == b"EXEC" and isinstance(reply, list):
                for (earlier, at), answer in zip(queued, reply, strict=False):
                    yield from dated(events_of(earlier, answer), at)
        elif self._queued is not None:
            if not isinstance(reply, Exception):
                self._queued.append((command, asked_at))
        elif watched(command):
            yield from dated(events_of(command, reply), asked_at)


def watched(command: Command) -> bool:
    return name_of(command) in WATCHED


def dated(events: Iterator[Said], asked_at: float) -> Iterator[Said]:
    for said in events:
        yield {**said, "asked_at": asked_at}


def unreadable(command: object) -> str:
    """Why replies can't be matched any more after this command; empty where they can."""
    if not isinstance(command, list):
        return "an inline command"
    name = name_of(command)
    return f"{name.decode()} was used" if name in (b"MONITOR", b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE") else ""
