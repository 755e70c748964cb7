"""Matches the commands of one connection with their replies, on the side of the bytes that pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import hiredis

from harness.wire.commands import Command, Said, name_of, read_options, text
from harness.wire.places import BLOCKING, taken
from harness.wire.reach import Watched, changed, reaches
from harness.wire.requests import Requests

OTHERWISE = frozenset(
    b"""MONITOR SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE SYNC PSYNC REPLCONF""".split()
)
"""After these a connection no longer speaks in commands and one reply to each."""
SUBSCRIBES = frozenset({b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE"})
MESSAGES = (b"message", b"pmessage", b"smessage")
UNFIT = (ValueError, TypeError, IndexError, KeyError, AttributeError)
"""What bytes raise that are no RESP, or no reply to the command before them."""
STATE = frozenset({b"SELECT", b"MULTI", b"EXEC", b"DISCARD", b"RESET", b"HELLO"})
"""Whose reply has to be known to go on."""
GIVEN = ("claimed", "took")
"""What a process is given has the time of the reply."""
MOST_ASIDE = 50
"""XADDs to streams that aren't watched, of which a connection is told."""


class Asked:
    """A command that waits for its reply, and the time at which it came."""

    __slots__ = ("at", "command", "name")

    def __init__(self, command: Command, at: float) -> None:
        self.command, self.at, self.name = command, at, name_of(command)


class Tracker:
    """Reads both directions of one connection and says what happened to the watched queues."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._asides = 0
        self._requests = Requests()
        self._replies = hiredis.Reader(protocolError=ValueError, replyError=RuntimeError)
        self._open: deque[Asked] = deque()
        self._queued: list[Asked] | None = None
        self._database = 0
        self._silent = False  # CLIENT REPLY OFF
        self._skipped = 0  # CLIENT REPLY SKIP: 2 for itself, 1 for the command behind it
        self._told: list[Said] = []
        self._over = False
        self._begun = False  # a reply has come in part
        self._listens = False  # to channels that are watched
        self.expected = 0
        """How many replies were ever waited for."""
        self.places: list[tuple[int, int]] = []
        """Of each command in the bytes that were taken last: where it begins in them, and how many replies were
        waited for before it."""
        self.lost = ""
        """Why its replies can't be matched any more (not RESP, MONITOR, subscriptions); empty while they can."""
        self.missed = ""
        """Why something about a queue may have gone by unseen; a subscriber says nothing about one."""

    # what the client says

    def sent(self, data: bytes, at: float) -> list[Command]:
        """Takes bytes that came from the client at a time; the complete commands among them."""
        commands: list[Command] = []
        self.places = []
        begin = 0
        try:
            for command in self._requests.feed(data):
                expected = self.expected
                if self._heard(Asked(command, at)):
                    commands.append(command)
                    self.places.append((max(0, begin), expected))
                begin = len(data) - self._requests.left
        except UNFIT as error:
            self._lose(str(error) or type(error).__name__, surely=True)
        return commands

    def _heard(self, asked: Asked) -> bool:
        """Takes one command; whether its reply will be found."""
        if not self.lost and asked.name in OTHERWISE:
            self._listens = self._watched.base == "pubsub" and asked.name in SUBSCRIBES
            self._lose(f"{text(asked.name)} was used")
        if self.lost:
            self._miss([asked])
            return False
        if not self._over:  # what is said to a connection that has ended is heard by nobody
            self._expect(asked)
        return True

    def _expect(self, asked: Asked) -> None:
        """Notes that a reply will come, or that none will: CLIENT REPLY is obeyed in the order of the commands."""
        if asked.name == b"RESET":
            self._silent, self._skipped = False, 0
        mode = reply_mode(asked.command)
        if mode and self._queued is not None:
            self._lose(f"CLIENT REPLY {mode} was used in a transaction")
        elif mode == "OFF":
            self._silent = True
        elif mode == "SKIP" and not self._silent:
            self._skipped = 2
        elif mode == "ON":
            self._silent = False
        if not self._silent and not self._skipped:
            self._open.append(asked)
            self.expected += 1
            return
        self._skipped = max(0, self._skipped - 1)
        if not mode:
            self._unanswered(asked)

    def _unanswered(self, asked: Asked) -> None:
        if asked.name in STATE:
            self._lose(f"{text(asked.name)} was used while replies were switched off")
        elif self._concerns(asked):
            self._tell_unread(asked, "its reply was switched off")

    # what Redis says

    def received(self, data: bytes, at: float) -> Iterator[Said]:
        """Takes bytes that came from Redis at a time; what the replies among them show.

        What a process does (append, acknowledge, delete) has the time at which its command came, in a transaction its
        EXEC; what it is given has the time at which the reply came. Both are before the bytes went on, so no effect is
        seen before its cause.
        """
        if self.lost:
            yield from self._heard_of(data, at)
            yield from self.told()
            return
        try:
            self._replies.feed(data)
            self._begun = True
            while not self.lost and (reply := self._replies.gets()) is not False:
                self._begun = self._replies.has_data()
                if isinstance(reply, hiredis.PushNotification):
                    continue
                if not self._open:
                    if not (self._requests.broken and isinstance(reply, Exception)):
                        raise ValueError("a reply came that no command asked for")
                    self._lose(self._requests.broken)  # Redis' last word: it hangs up and does nothing of what follows
                    break
                for said in self._answered(self._open[0], reply):
                    yield {**said, "at": at if said["what"] in GIVEN else said.get("at", at)}
                if not self.lost:
                    self._open.popleft()
        except UNFIT as error:
            # no RESP, or a reply that can't belong to this command: earlier pairs may be wrong too
            self._lose(str(error) or type(error).__name__, surely=True)
        yield from self.told()

    def _answered(self, asked: Asked, reply: object) -> Iterator[Said]:
        failed = isinstance(reply, Exception)
        match asked.name:
            case b"MULTI" if not failed:
                self._queued = []
            case b"RESET" if not failed:
                if len(self._open) > 1:
                    # Valkey forgets what it has read with it, and how much that was can't be known
                    raise ValueError("commands were sent behind a RESET, before its reply")
                self._queued, self._database = None, 0
            case b"DISCARD" if not failed:
                self._queued = None
            case b"EXEC":
                yield from self._executed(asked, reply)
            case b"CLIENT" if reply_mode(asked.command) == "ON" and failed:
                raise ValueError("CLIENT REPLY was refused")
            case _ if self._queued is not None:
                if not failed:
                    if text(reply) != "QUEUED":
                        raise ValueError(f"in a transaction {text(asked.name)} was answered {text(reply)[:40]!r}")
                    self._queued.append(asked)
            case _:
                yield from self._done(asked, reply)

    def _executed(self, execute: Asked, reply: object) -> Iterator[Said]:
        """What a transaction did; it was done when EXEC came, whenever its commands were queued."""
        queued, self._queued = self._queued, None
        if isinstance(reply, list):
            for asked, answer in zip(queued or [], reply, strict=True):
                yield from self._done(Asked(asked.command, execute.at), answer)

    def _done(self, asked: Asked, reply: object) -> Iterator[Said]:
        """What a command and its reply show."""
        command, name = asked.command, asked.name
        if name == b"SELECT" and not isinstance(reply, Exception):
            self._database = int(command[1])
        elif self._watched.reads(name):
            if isinstance(reply, Exception):
                return
            if self._watched.concern(command) is None:
                said = self._watched.aside(command) if self._asides < MOST_ASIDE else None
                if said is not None and self._database == self._watched.database:
                    self._asides += 1
                    yield {**said, "at": asked.at}
                return
            if self._database != self._watched.database:
                yield {**self._elsewhere(asked), "at": asked.at}
                return
            for said in self._watched.meaning(command, reply):
                yield {**said, "at": asked.at}
        elif (unread := reaches(command, self._watched, here=self._database)) and changed(command, reply):
            yield {**unread, "at": asked.at, **({"counted": reply} if isinstance(reply, int) else {})}
        elif self._watched.payloads and self._database == self._watched.database:
            for said in self._watched.payload(command, reply):
                yield {**said, "at": asked.at}

    def _heard_of(self, data: bytes, at: float) -> Iterator[Said]:
        """What a subscriber is told on the channels that are watched."""
        if not self._listens:
            return
        try:
            self._replies.feed(data)
            while (reply := self._replies.gets()) is not False:
                if isinstance(reply, list) and reply and reply[0] in MESSAGES and reply[-2] in self._watched.streams:
                    yield {**taken(reply[-2], reply[-1]), "at": at}
        except UNFIT as error:
            self._listens, self.missed = False, str(error) or type(error).__name__

    def _elsewhere(self, asked: Asked) -> Said:
        stream = self._watched.concern(asked.command) or b""
        return {"what": "elsewhere", "command": text(asked.name), "stream": text(stream), "database": self._database}

    # what can't be followed

    def forget(self, since: int) -> None:
        """The commands behind the reply of that number were never passed on."""
        for _ in range(min(self.expected - since, len(self._open))):
            self._open.pop()
        self.expected = since

    def ended(self) -> Iterator[Said]:
        """The connection is over: what Redis was asked and didn't answer may have been done.

        Not so behind a read that waits for entries: Redis does one command after the other, and answers before it
        gives an entry away.
        """
        if not self.lost and self._open and (self._begun or not blocks(self._open[0])):
            execute = next((asked for asked in self._open if asked.name == b"EXEC"), None)
            given = [Asked(asked.command, execute.at) for asked in self._queued or []] if execute else []
            for asked in [*given, *self._open]:
                if self._concerns(asked):
                    self._tell_unread(asked, "the connection ended before its reply")
        self._over = True
        self._open.clear()
        yield from self.told()

    def told(self) -> Iterator[Said]:
        told, self._told = self._told, []
        yield from told

    def _lose(self, reason: str, *, surely: bool = False) -> None:
        if not self.lost:
            self.lost = reason
            if surely:
                self.missed = reason
            self._miss([*self._open, *(self._queued or [])])
            self._open.clear()

    def _miss(self, asked: list[Asked]) -> None:
        if not self.missed and any(map(self._concerns, asked)):
            self.missed = self.lost

    def _concerns(self, asked: Asked) -> bool:
        """Whether a command may have to do with a watched stream; its database may be any."""
        if self._watched.reads(asked.name):
            return self._watched.concern(asked.command) is not None
        return reaches(asked.command, self._watched, here=self._watched.database) is not None

    def _tell_unread(self, asked: Asked, why: str) -> None:
        stream = self._watched.placed_in(asked.command[1:], payloads=False)
        said: Said = {"what": "unread", "command": text(asked.name), "stream": text(stream) if stream else None}
        self._told.append({**said, "why": why, "at": asked.at})


def blocks(asked: Asked) -> bool:
    if asked.name in BLOCKING:
        return True
    return asked.name in (b"XREADGROUP", b"XREAD") and b"BLOCK" in read_options(asked.command)[0]


def reply_mode(command: Command) -> str:
    """ON, OFF or SKIP of a CLIENT REPLY; empty for any other command."""
    if name_of(command) != b"CLIENT" or len(command) != 3 or command[1].upper() != b"REPLY":
        return ""
    mode = text(command[2].upper())
    return mode if mode in ("ON", "OFF", "SKIP") else ""
