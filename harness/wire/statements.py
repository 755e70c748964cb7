"""Reads both directions of one connection to PostgreSQL: which statements it ran, and where transactions end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from harness.wire.frames import CANCEL, GSS, SSL, Frame, Frames, strings, text_of
from harness.wire.pump import Said
from harness.wire.shapes import BOOKKEEPING, ENDS, kind_of

MOST_NAMES: Final = 2000
"""Prepared statements, and portals, of a connection that are remembered; the oldest is forgotten."""
LONGEST_TEXT: Final = 4000
MOST_VALUES: Final = 100
LONGEST_VALUE: Final = 1000
MOST_ROWS: Final = 4000
"""Letters of a statement, values and bytes of each that are kept, and bytes of its answer."""
FORGOTTEN: Final = "?"
"""The text of a statement that was prepared before its name was forgotten."""
UNFIT = (ValueError, IndexError)


@dataclass(slots=True, eq=False)
class Statement:
    """One statement that was sent: `values` are what was bound to it, `state` the transaction's when it was asked."""

    text: str
    values: tuple[bytes, ...]
    at: float
    simple: bool
    before: str = ""
    """The last statement of the transaction that it ends, where it ends one."""
    rows: bytearray = field(default_factory=bytearray)
    tags: list[str] = field(default_factory=list)
    error: str = ""
    begin: int = 0
    """Where in the bytes that were fed last it begins."""
    done: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.text)


SYNC, COPIED = "sync", "copied"
Open = Statement | str
Shown = tuple[Statement | None, Said | None]


class Conversation:
    """One connection, read on the side; `lost` says why it can't be followed any more."""

    def __init__(self) -> None:
        self.lost = ""
        self.state = "I"
        """Of its transaction, as the server said last: I none, T in one, E in one that has failed."""
        self._client = Frames(client=True)
        self._server = Frames(client=False)
        self._prepared: dict[bytes, str] = {}
        self._portals: dict[bytes, tuple[str, tuple[bytes, ...]]] = {}
        self._open: deque[Open] = deque()
        self._asked: deque[int] = deque()  # requests for encryption whose one letter is still to come
        self._skipping = False  # an error: what comes before the next Sync is thrown away
        self._copying = False
        self._ran = 0  # statements of the transaction that is on
        self._latest: Statement | None = None  # of these
        self._last = ""  # the statement before the one that is asked

    @property
    def waits(self) -> bool:
        """Whether the server is still to say that it is ready, which comes behind the end of a transaction."""
        return SYNC in self._open or any(isinstance(one, Statement) and one.simple for one in self._open)

    # what the client says

    def sent(self, data: bytes, at: float) -> Iterator[Statement]:
        """Takes bytes from the client; the statements among them, each as soon as it is to be run."""
        if self.lost:
            return
        try:
            for frame in self._client.feed(data):
                statement = self._heard(frame, at)
                if statement is not None:
                    statement.begin = max(0, frame.begin)
                    yield statement
        except UNFIT as error:
            self._lose(str(error))

    def _heard(self, frame: Frame, at: float) -> Statement | None:
        match frame.kind:
            case b"":
                self._first(int.from_bytes(frame.body[:4], "big"))
            case b"Q":
                return self._ask(Statement(self._clipped(strings(frame.body + b"\0", 1)[0][0]), (), at, simple=True))
            case b"P":
                (name, text), _ = strings(frame.body + b"\0", 2)
                remember(self._prepared, name, self._clipped(text))
            case b"B":
                (portal, name), place = strings(frame.body, 2)
                remember(self._portals, portal, (self._prepared.get(name, FORGOTTEN), values_of(frame.body, place)))
            case b"E":
                (portal,), _ = strings(frame.body, 1)
                bound, values = self._portals.get(portal, (FORGOTTEN, ()))
                return self._ask(Statement(bound, values, at, simple=False))
            case b"C" if frame.body[:1] == b"S":
                self._prepared.pop(strings(frame.body[1:], 1)[0][0], None)
            case b"S" if not self._copying:
                self._skipping = False
                self._open.append(SYNC)
            case b"c" | b"f":
                self._copying = False
                self._open.append(COPIED)
            case b"F":
                self._open.append(SYNC)  # an old call of a function is answered and then ready, as a Sync is
        return None

    def _first(self, code: int) -> None:
        if code in (SSL, GSS):
            self._asked.append(code)
        elif code == CANCEL:
            self.lost = CANCELS

    def _ask(self, statement: Statement) -> Statement | None:
        if self._skipping and not statement.simple:
            return None
        self._skipping = False
        if statement.kind in ENDS:
            statement.before = self._last
        elif statement.kind not in BOOKKEEPING:
            self._last = statement.text
        self._open.append(statement)
        return statement

    @staticmethod
    def _clipped(text: bytes) -> str:
        return text_of(text[:LONGEST_TEXT])

    # what the server says

    def received(self, data: bytes, at: float) -> Iterator[tuple[Statement | None, Said | None, int]]:
        """Takes bytes from the server; for each message what it shows.

        That is the statement that it is about, what is to be told of it (`stated` when it is done, `ended` with the
        transaction), and where the message begins in these bytes.
        """
        if self.lost:
            return
        begin = 0
        while self._asked and begin < len(data) and self._server.between:
            self._asked.popleft()
            if data[begin : begin + 1] in (b"S", b"G"):
                self._lose("it is encrypted")
                return
            if data[begin : begin + 1] != b"N":
                break  # a server that knows no such request answers it with an error
            begin += 1
        try:
            for frame in self._server.feed(data[begin:]):
                place = max(0, frame.begin) + begin
                for statement, said in self._answered(frame):
                    yield statement, said and {**said, "at": at}, place
        except UNFIT as error:
            self._lose(str(error))

    def _answered(self, frame: Frame) -> Iterator[Shown]:
        head = next((one for one in self._open if one is not COPIED), None)
        statement = head if isinstance(head, Statement) else None
        match frame.kind:
            case b"D" if statement is not None:
                if len(statement.rows) < MOST_ROWS:
                    statement.rows += frame.body[:MOST_ROWS]
                yield statement, None
            case b"C" | b"I" | b"s":
                if statement is None:
                    raise ValueError("an answer came that no statement asked for")
                statement.tags.append(text_of(frame.body.rstrip(b"\0")) if frame.kind == b"C" else "")
                if statement.simple:
                    yield statement, None
                else:
                    self._drop_to(statement)
                    yield statement, self._stated(statement)
            case b"E":
                yield from self._failed(statement, text_of(frame.body[:200].replace(b"\0", b" ")))
            case b"G":
                self._copies(statement)
                yield statement, None
            case b"W":
                raise ValueError("it is a replica's connection")
            case b"Z":
                yield from self._ready(text_of(frame.body[:1]))
            case _:
                yield statement, None

    def _failed(self, statement: Statement | None, why: str) -> Iterator[Shown]:
        if statement is not None and statement.simple:
            statement.error = why
            yield statement, None
            return
        # all up to the next Sync is thrown away, also what is still to be sent
        while self._open and self._open[0] is not SYNC:
            gone = self._open.popleft()
            if isinstance(gone, Statement):
                gone.error = why
                yield gone, self._stated(gone)
        self._skipping = not self._open
        yield None, None

    def _copies(self, statement: Statement | None) -> None:
        """Copying in begins: each Sync before its end is thrown away."""
        kept: deque[Open] = deque()
        begun = over = False
        for one in self._open:
            over = over or (begun and one is COPIED)
            begun = begun or one is statement
            if over or one is not SYNC:
                kept.append(one)
        self._open = kept
        self._copying = not over

    def _ready(self, state: str) -> Iterator[Shown]:
        while self._open:
            one = self._open.popleft()
            if isinstance(one, Statement):
                yield one, self._stated(one)
            if one is SYNC or (isinstance(one, Statement) and one.simple):
                break
        while self._open and self._open[0] is COPIED:
            self._open.popleft()
        self.state, self._copying = state, False
        if state == "I" and self._latest is not None:
            latest, ran, self._latest, self._ran = self._latest, self._ran, None, 0
            yield None, {"what": "ended", "how": outcome_of(latest), "statements": ran}
        else:
            yield None, None

    def _stated(self, statement: Statement) -> Said:
        statement.done = True
        self._latest = statement
        self._ran += 1
        return {"what": "stated"}

    def _drop_to(self, statement: Statement) -> None:
        while self._open:
            if self._open.popleft() is statement:
                return

    def forget(self, statement: Statement) -> None:
        """A statement, and all behind it, were never passed on."""
        while self._open:
            if self._open.pop() is statement:
                return

    def _lose(self, reason: str) -> None:
        self.lost = reason or "it speaks no protocol of PostgreSQL's that is known"
        self._open.clear()


CANCELS: Final = "it asks for a cancel"


def outcome_of(last: Statement) -> str:
    """How a transaction ended, by its last statement; who commits one that has failed is told ROLLBACK."""
    tag = last.tags[-1] if last.tags else ""
    if last.error or tag == "ROLLBACK":
        return "rolled back"
    return "prepared" if tag == "PREPARE TRANSACTION" else "committed"


def remember(kept: dict, name: bytes, value: object) -> None:  # type: ignore[type-arg]  # reason: two kinds of values
    kept.pop(name, None)
    kept[name] = value
    if len(kept) > MOST_NAMES:
        del kept[next(iter(kept))]


def values_of(body: bytes, at: int) -> tuple[bytes, ...]:
    """The values of a Bind, from the place behind its names on; as far as the body was kept."""
    formats = int.from_bytes(body[at : at + 2], "big")
    at += 2 + 2 * formats
    count = int.from_bytes(body[at : at + 2], "big")
    at += 2
    found = []
    for _ in range(min(count, MOST_VALUES)):
        length = int.from_bytes(body[at : at + 4], "big", signed=True)
        at += 4
        found.append(body[at : at + min(max(length, 0), LONGEST_VALUE)])
        at += max(length, 0)
    return tuple(found)
