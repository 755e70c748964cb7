"""The entries of a queue that is no stream: where each stands, and what is said of it as events.

An entry is appended when it is put on the queue, claimed when it is popped, moved or marked as taken, acknowledged when
it stands in no place of taken entries any more, deleted when it is removed from the queue without being taken. What
is put there twice is two entries; what goes back from where it was taken is the same one again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.history import History, key
from harness.probes.naming import Naming
from harness.probes.probe import gap
from harness.probes.scores import Scores
from harness.profile import Queue

Said = dict[str, Any]
KEPT = ("process", "unanswered")
MOST_WAITING = 10_000
"""Payloads that are kept for entries that aren't there yet."""


@dataclass(eq=False, kw_only=True)
class Standing:
    """One entry: on which queue, under which name, where it stands."""

    key: str
    name: str
    state: Literal["waiting", "taken", "later", "done"] = "waiting"
    claimed: bool = False
    places: set[str] = field(default_factory=set)
    element: str = ""
    payload: str | None = None
    untold: Said | None = None
    """Its append, as long as what it points to isn't known."""
    ahead: float | None = None
    """When it was taken, where that was heard of before its append: one who waited for it hears of it first."""
    left: float | None = None
    """When it left where it stood taken, where that was heard of before it was written there, as by a script."""


class Places:
    """Takes what the wire or MONITOR says of keys, and records it as events of entries."""

    def __init__(
        self, history: History, queue: Queue, *, unread: Callable[[Said], None], strange: Callable[[str], None]
    ):
        self._history = history
        self._queue = queue
        self._naming = Naming(queue)
        self._unread = unread
        self._strange = strange
        self._entries: dict[tuple[str, str], list[Standing]] = {}
        self._payloads: dict[tuple[str, str], str] = {}
        self._within: dict[str, dict[Standing, None]] = {}
        self._leaving: dict[Standing, Said] = {}
        self._removing: dict[Standing, Said] = {}
        self._told: set[str] = set()
        self._scores = Scores()
        self._unseen: dict[str, int] = {}
        self._batch: object = None

    def take(self, said: Said) -> None:
        """Records one thing that was said; raises KeyError where it has not the shape that `harness.wire` documents."""
        batch = said.get("batch") or (said.get("connection"), said["at"])
        if batch != self._batch:  # who says something new has done with what came before
            self._batch = batch
            self.flush()
        stream = self._queue.key_of(said["stream"])
        on_queue = stream in self._queue.streams.values() or stream == self._queue.dead
        match said["what"]:
            case "put":
                self._put(stream, said, on_queue=on_queue)
            case "took":
                self._took(stream, said, on_queue=on_queue)
            case "removed" if on_queue:
                self._removed(stream, said)
            case "removed":
                self._left(said["stream"], said["value"], said)
            case "scored":
                self._score(said)
            case "swept":
                self._swept(said)
            case "cleared" if on_queue:
                self._unread({**said, "stream": stream, "command": "DEL"})
            case "cleared":
                self._cleared(said["stream"], said)

    @property
    def pending(self) -> bool:
        """Whether `flush` has something to do."""
        return bool(self._leaving or self._removing)

    def flush(self) -> None:
        """All that was done together is taken: what left its place, and went to no other, is done."""
        removing, self._removing = self._removing, {}
        for standing, said in removing.items():
            if standing.state == "waiting":
                self._tell(standing)
                standing.state = "done"
                self._record("queue.deleted", standing, said)
        leaving, self._leaving = self._leaving, {}
        for standing, said in leaving.items():
            if standing.state != "taken" or standing.places:
                continue
            if self._queue.acknowledges:
                standing.state = "done"
                self._record("queue.acked", standing, said)
            elif self._queue.deletes:  # it has stood in its place all the time, and is nobody's again
                standing.state, standing.claimed = "waiting", False

    def popped_unseen(self, pops: int) -> None:
        """So many may be given an entry of any queue, and nobody will hear of it."""
        for stream in self._queue.streams.values():
            self._unseen[stream] = self._unseen.get(stream, 0) + pops

    def settle(self) -> None:
        """All is taken that was said so far: entries are told whose payload was never seen."""
        self.flush()
        for entries in self._entries.values():
            for standing in entries:
                self._tell(standing)

    def aside(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """What is put somewhere else, with the message that it names if it is written as this queue's entries are."""
        element = fields.get("element")
        if element is None:
            return fields
        name = self._naming.entry(element)
        pointed = (self._payloads.get((stream, name)) for stream in self._queue.streams.values())
        content = element if self._queue.payload is None else next(filter(None, pointed), None)
        message = None if content is None else self._naming.read(content)[0]
        return fields if message is None else {**fields, "message": message}

    # what is put

    def _put(self, stream: str, said: Said, *, on_queue: bool) -> None:
        if on_queue:
            self._append(stream, said)
            return
        where, element = said["stream"], said["value"]
        self._score(said)
        if "content" in said:
            for queue, name in self._naming.points(where, element):
                self._pay(queue, name, said["content"])
        for queue, name in self._naming.taken(where, element):
            if not self._overtaken(queue, name, said):
                standing = self._popped(queue, name) or self._open(queue, name, element, at=said["at"])
                self._mark(standing, where, said)
        for queue, name in self._naming.later(where, element):
            self._postpone(queue, name, said)

    def _append(self, stream: str, said: Said) -> None:
        element = said["value"]
        name = self._naming.entry(element)
        known = self._entries.setdefault((stream, name), [])
        last = known[-1] if known else None
        stands = ("waiting", "taken") if self._queue.deletes else ("waiting",)
        if last is not None and self._removing.pop(last, None) is not None:
            return  # removed and put back in one go: it stands there still
        if last is not None and self._queue.base == "sorted-set" and last.state in stands:
            return  # it stands there, and got another score
        if last is not None and last.ahead is not None and said["at"] <= last.ahead:
            last.ahead = None
            if last.payload is None:
                last.payload = self._payloads.get((stream, name))
            self._record("queue.appended", last, said)
            return
        if last is not None and last.state in ("taken", "later"):
            last.state, last.claimed = "waiting", False
            last.element = element
            self._record("queue.appended", last, {**said, "again": True})
            return
        number = f"#{len(known) + 1}" if known else ""
        standing = Standing(key=stream, name=name + number, element=element)
        standing.payload = self._payloads.get((stream, name))
        standing.untold = said
        known.append(standing)
        if self._queue.payload is None or standing.payload is not None or stream == self._queue.dead:
            self._tell(standing)

    def _pay(self, stream: str, name: str, content: str) -> None:
        while len(self._payloads) >= MOST_WAITING:
            del self._payloads[next(iter(self._payloads))]
        self._payloads[(stream, name)] = content
        for standing in self._entries.get((stream, name), ()):
            if standing.payload is None:
                standing.payload = content
            if standing.untold is not None:
                standing.payload = content
                self._tell(standing)

    def _tell(self, standing: Standing) -> None:
        said, standing.untold = standing.untold, None
        if said is not None:
            self._record("queue.appended", standing, said)

    def _postpone(self, stream: str, name: str, said: Said) -> None:
        known = self._entries.setdefault((stream, name), [])
        said = {**said, "later": True}
        if not known:
            known.append(Standing(key=stream, name=name, state="later", element=name))
            known[-1].payload = self._payloads.get((stream, name))
            self._record("queue.appended", known[-1], said)
        elif known[-1].state in ("taken", "done"):
            known[-1].state = "later"
            self._record("queue.appended", known[-1], {**said, "again": True})

    # what is taken

    def _open(self, stream: str, name: str, element: str, *, at: float) -> Standing:
        """The entry of that name that waits or is in hand; one that was there before anything was seen is new to us."""
        known = self._entries.setdefault((stream, name), [])
        standing = next((one for one in known if one.state == "waiting"), None)
        standing = standing or next((one for one in known if one.state != "done"), None)
        if standing is None:
            number = f"#{len(known) + 1}" if known else ""
            standing = Standing(key=stream, name=name + number, element=element)
            standing.payload = self._payloads.get((stream, name))
            known.append(standing)
            standing.ahead = at
        return standing

    def _overtaken(self, stream: str, name: str, said: Said) -> bool:
        """Whether an entry has left already where it is written: MONITOR tells of scripts later than the wire does."""
        for standing in self._entries.get((stream, name), ()):
            if standing.left is not None and said["at"] <= standing.left:
                standing.left = None
                self._record("queue.claimed", standing, {**said, "how": "marked"})
                return True
        return False

    def _popped(self, stream: str, name: str) -> Standing | None:
        """The entry of that name that was popped and stands nowhere yet."""
        known = self._entries.get((stream, name), ())
        return next((one for one in known if one.state == "taken" and not one.places), None)

    def _took(self, stream: str, said: Said, *, on_queue: bool) -> None:
        value, into = said["value"], said.get("into")
        if value is None:
            self._took_unseen(stream, said, on_queue=on_queue)
            return
        if on_queue and stream != self._queue.dead:
            standing = self._open(stream, self._naming.entry(value), value, at=said["at"])
            self._claim(standing, said, how="popped" if into is None else "moved")
        if into is not None:
            self.take({**said, "what": "put", "stream": into})
        if not on_queue:
            self._left(said["stream"], value, said)

    def _took_unseen(self, stream: str, said: Said, *, on_queue: bool) -> None:
        """Who was given what isn't seen; where entries that are worked on stand somewhere, that tells it."""
        if not on_queue:
            return
        self._unseen[stream] = self._unseen.get(stream, 0) + 1
        # a move into the only place of what is taken shows as little of it; what is written there by name does
        into = said.get("into")
        moved = into is not None and len(self._queue.taken) == 1 and bool(list(self._naming.taken(into, "")))
        marked = bool(self._queue.taken) and not moved
        if not marked and stream not in self._told:
            self._told.add(stream)
            reason = f"which entry a pop of {stream} gave away can't be seen"
            remedy = "let the harness deploy the stack: its wire sees what each worker is given"
            kinds = ["queue.claimed"]
            gap(self._history, "queue", reason, kinds=kinds, lasting=True, remedy=remedy, stream=stream)

    def _claim(self, standing: Standing, said: Said, *, how: str) -> None:
        self._tell(standing)
        if standing.state == "waiting" or not standing.claimed:
            standing.claimed = True
            standing.state = "done" if self._queue.pops else "taken"
            self._record("queue.claimed", standing, {**said, "how": how})

    def _mark(self, standing: Standing, where: str, said: Said) -> None:
        standing.places.add(where)
        self._within.setdefault(where, {})[standing] = None
        self._claim(standing, said, how="marked")

    # what is removed

    def _removed(self, stream: str, said: Said) -> None:
        name = self._naming.entry(said["value"])
        known = [one for one in self._entries.get((stream, name), ()) if one.state in ("waiting", "taken")]
        if not known and said.get("perhaps"):
            return
        standing = known[0] if known else self._open(stream, name, said["value"], at=said["at"])
        if self._queue.pops:
            self._claim(standing, said, how="removed")
            return
        if self._queue.acknowledges and not self._queue.deletes:
            # with what is written to a place of taken entries, before it or behind it, this is a move
            if standing.state == "waiting":
                self._removing[standing] = said
                return
            if standing.places:
                return
        self._tell(standing)
        standing.state = "done"
        self._record("queue.deleted", standing, said)

    def _left(self, where: str, element: str, said: Said) -> None:
        self._scores.forget(where, element)
        for queue, name in self._naming.taken(where, element):
            standing = self._inside(queue, name, where, perhaps=bool(said.get("perhaps")))
            if standing is not None:
                if not standing.claimed:
                    standing.left = said["at"]
                self._leave(standing, where, said)

    def _score(self, said: Said) -> None:
        """Keeps the score of what stands in a sorted set of taken entries."""
        if any(True for _ in self._naming.taken(said["stream"], said["value"])):
            self._scores.given(said["stream"], said["value"], said.get("score"))

    def _swept(self, said: Said) -> None:
        """All between two scores are removed; where the scores that are known don't say which, that isn't read."""
        found = self._scores.between(said["stream"], said["low"], said["high"])
        if len(found) != said["counted"]:
            self._unread({**said, "command": "ZREMRANGEBYSCORE"})
            return
        for element in found:
            self._left(said["stream"], element, said)

    def _inside(self, queue: str, name: str, where: str, *, perhaps: bool) -> Standing | None:
        """The entry that is removed from a place; it may have got there unseen, as by a move without an answer."""
        known = self._entries.get((queue, name), ())
        found = next((one for one in known if where in one.places), None)
        found = found or next((one for one in known if one.state == "taken"), None)
        if found is None and (self._unseen.get(queue) or not perhaps):
            found = next((one for one in known if one.state == "waiting"), None)
            if found is not None:
                self._unseen[queue] = max(0, self._unseen.get(queue, 0) - 1)
                found.state = "taken"
        return found

    def _cleared(self, where: str, said: Said) -> None:
        self._scores.forget(where)
        for standing in list(self._within.get(where, ())):
            self._leave(standing, where, said)

    def _leave(self, standing: Standing, where: str, said: Said) -> None:
        standing.places.discard(where)
        inside = self._within.get(where, {})
        inside.pop(standing, None)
        if not inside:
            self._within.pop(where, None)
        self._leaving[standing] = said  # of several places the last is the one that counts

    # as an event

    def _record(self, kind: str, standing: Standing, said: Said) -> None:
        data: dict[str, Any] = {"stream": standing.key, "id": standing.name}
        data |= {name: said[name] for name in (*KEPT, "again", "later", "how") if said.get(name)}
        data["entry"] = key("entry", standing.key, standing.name)
        if standing.key == self._queue.dead:
            data["dead"] = True
        message_id = None
        if kind in ("queue.appended", "queue.claimed"):
            content = standing.element if self._queue.payload is None else standing.payload
            if content is not None:
                message_id, data["fields"] = self._naming.read(content)
            if message_id is None and kind == "queue.appended":
                self._strange(standing.key)
        keys = [data["entry"]]
        self._history.append(kind, source="queue", at=said["at"], message_id=message_id, data=data, keys=keys)
