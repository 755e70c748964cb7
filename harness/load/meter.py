"""When each message reached each stage, taken from the history as it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from harness.history import Event, History, key
from harness.history.facts import Facts
from harness.load.answer import Answer, Sent
from harness.load.payloads import recipient
from harness.load.plan import Kind, Plan
from harness.load.schedule import Arrival
from harness.profile import Profile
from harness.profile.pointers import spelled

STAGES = ("accepted", "queued", "called", "sent", "stored")
Reached = Callable[[Arrival, str, float], None]
"""Told of each stage that a message reaches, with its latency from the intended start."""
LOAD = "load"
"""The source of the events that tell what the generator did."""


class Meter:
    """Listens to a history for as long as a plan runs; `start` is its beginning in Unix seconds."""

    def __init__(
        self,
        history: History,
        profile: Profile,
        plan: Plan,
        *,
        arrivals: Sequence[Arrival],
        start: float,
        on_stage: Reached = lambda *_: None,
        late: bool = False,
    ) -> None:
        self.late = late
        """Whether rows are read at the end: then they say what became of a message, and not when."""
        self.plan = plan
        self.arrivals = arrivals
        self.start = start
        self.reached: dict[str, dict[int, float]] = {stage: {} for stage in STAGES}
        """For each stage the time, in Unix seconds, at which a message reached it first."""
        self.started: dict[int, float] = {}
        self.own: dict[int, float] = {}
        """For how many seconds each start was late by the generator itself."""
        self.kept: dict[int, float] = {}
        """For how many seconds each answer may have waited until the generator read it."""
        self.refused: dict[str, int] = {}
        """Sends without a good answer, by what they got instead."""
        self.such_as: dict[str, str] = {}
        """The words of the first of these answers."""
        self.put_off: dict[Kind, int] = {}
        """Sends that a rate limiter asked to come again later (429)."""
        self._history = history
        self._profile = profile
        self._on_stage = on_stage
        self._numbers = {key("token", plan.token(arrival.number)): arrival.number for arrival in arrivals}
        self._numbers |= {
            key("message", str(plan.message_id(a.number))): a.number for a in arrivals if a.kind == "queue"
        }
        # where nobody shows a row's status, a call that the provider accepted is the last that is seen of a message
        self._ends_with = "database.status" if "database.status" in Facts(history).delivered else "provider.answered"
        self._early: dict[str, list[tuple[str, float]]] = {}
        self._ended: set[int] = set()
        self._open: set[int] = set()
        self._lock = threading.Lock()
        self._closed = False
        self.first = len(history)
        """The place in the history at which this load begins."""
        history.listen(self._take)

    def close(self) -> None:
        """Takes no more notice of what the history says."""
        self._closed = True

    @property
    def outstanding(self) -> int:
        """Messages that were accepted and have not come to their end."""
        return len(self._open)

    def count(self, stage: str) -> int:
        return len(self.reached[stage])

    def owed(self, number: int) -> bool:
        """Whether the stack took a message that has not come to its end."""
        taken = any(number in self.reached[stage] for stage in ("accepted", "queued", "called"))
        return taken and number not in self._ended

    def number_of(self, event: Event) -> int | None:
        """The number of the message that an event is of, where its id is known by now."""
        names = event.keys if event.message_id is None else (*event.keys, key("message", event.message_id))
        return next((self._numbers[known] for known in names if known in self._numbers), None)

    # what the generator tells

    def sends(self, rows: Sequence[Sequence[Any]]) -> None:
        """Writes the generator's sends into the history, and takes note of them."""
        for row in rows:
            sent = Sent.of(row)
            number, began, answered, answer = sent.number, sent.began, sent.answered, sent.answer
            arrival = self.arrivals[number]
            self.started[number] = began
            self.own[number] = sent.own
            self.kept[number] = sent.kept
            if answer.good:
                self._reach(number, "accepted", answered)
                with self._lock:
                    if number not in self._ended:
                        self._open.add(number)
            else:
                self._refused(arrival, answer)
            if arrival.kind == "queue" and answer.good:
                self._entry(arrival, answered, entry=str(answer.reference))
            elif arrival.kind != "webhook":  # the mock itself tells of what it delivers
                self._request(arrival, began, answered, answer)

    def _refused(self, arrival: Arrival, answer: Answer) -> None:
        if answer.put_off:
            self.put_off[arrival.kind] = self.put_off.get(arrival.kind, 0) + 1
            return
        what = f"{arrival.kind}: {answer.status or 'no answer'}"
        self.refused[what] = self.refused.get(what, 0) + 1
        self.such_as.setdefault(what, answer.text or answer.error or "")

    def _request(self, arrival: Arrival, began: float, answered: float, answer: Answer) -> None:
        profile, number = self._profile, arrival.number
        token = self.plan.token(number)
        keys = [key("request", "load", token), key("token", token)]
        asked = {"operation": "send", "request": number, "to": recipient(arrival, profile.messages)}
        asked["channel"] = arrival.channel
        self._history.append("api.requested", source=LOAD, at=began, data=asked, keys=keys)
        data: dict[str, Any] = {**asked, "status": answer.status, "accepted": answer.good}
        if answer.word is not None:
            data["message_status"] = profile.statuses.canonical(answer.word, where="api")
        if answer.good and answer.reference is None:
            data["lacks_id"] = spelled(profile.send.of(arrival.channel).id)
        data |= {name: said for name, said in (("error", answer.error), ("text", answer.text)) if said}
        message = answer.reference if answer.good else None
        self._history.append("api.answered", source=LOAD, at=answered, message_id=message, data=data, keys=keys)

    def _entry(self, arrival: Arrival, at: float, *, entry: str) -> None:
        stream = self._profile.queue.streams[arrival.channel]
        name = key("entry", stream, entry)
        data = {"stream": stream, "id": entry, "entry": name, "process": "generator"}
        message = str(self.plan.message_id(arrival.number))
        keys = [name, key("token", self.plan.token(arrival.number))]
        self._history.append("queue.appended", source=LOAD, at=at, message_id=message, data=data, keys=keys)

    # what the probes tell

    def _take(self, event: Event) -> None:
        if self._closed:
            return
        if event.source == LOAD:
            self._learn(event)
            return
        match event.kind:
            case "queue.appended":
                self._note(event, "ended" if event.data.get("dead") else "queued")
            case "provider.called":
                self._note(event, "called")
            case "provider.answered" if self._ends_with == event.kind and event.data.get("accepted"):
                self._note(event, "ended")
            case "database.inserted" | "database.status":
                self._learn(event)
                self._moved(event)

    def _moved(self, event: Event) -> None:
        """A row has come to be, or to another status; the first that is seen of it may be its last."""
        words, new = self._profile.statuses, event.data.get("new")
        if self.late:
            if new in (words.sent, words.inbound, *words.terminal):
                self._note(event, "ended")
            return
        if event.kind == "database.inserted" and (event.data.get("direction") == "inbound" or new == words.inbound):
            self._note(event, "stored")
        elif new == words.sent:
            self._note(event, "sent")
        elif new in words.terminal:
            self._note(event, "ended")

    def _learn(self, event: Event) -> None:
        """Joins a message's id to its number, and counts what was seen of it before that was known."""
        if event.message_id is None:
            return
        name = key("message", event.message_id)
        number = next((self._numbers[known] for known in event.keys if known in self._numbers), None)
        if number is None:
            return
        self._numbers.setdefault(name, number)
        for stage, at in self._early.pop(name, ()):
            self._reach(number, stage, at)

    def _note(self, event: Event, stage: str) -> None:
        number = self.number_of(event)
        if number is not None:
            self._reach(number, stage, event.at)
        elif event.message_id is not None:
            self._early.setdefault(key("message", event.message_id), []).append((stage, event.at))

    def _reach(self, number: int, stage: str, at: float) -> None:
        arrival = self.arrivals[number]
        with self._lock:
            if stage in ("sent", "stored", "ended"):
                self._ended.add(number)
                self._open.discard(number)
            if stage == "ended" or number in self.reached[stage]:
                return
            self.reached[stage][number] = at
        self._on_stage(arrival, stage, at - self.start - arrival.at)
