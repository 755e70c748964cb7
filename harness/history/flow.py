"""Everything that happened to one message: its slice of the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from harness.history.event import Event

SUCCESS = range(200, 300)
REFUSAL = range(400, 500)
"""The answers by which somebody says no, and not that it is broken."""
SENDS: Final = ("messages.create", "mail.send")
"""The providers' endpoints by which something is sent."""
UNTOLD: Final = (None, "unknown", "method_not_allowed")
"""What stands for an endpoint where the provider doesn't know what was wanted of it: a send that went astray, too."""
GIVE_UP_S = 2.0
"""Seconds after which a client may give up waiting for an answer, and try again."""
INBOUND: Final = ("inbound", "parse")
"""What the mock calls a delivery of something that came in; others are reports about what went out."""


class Flow:
    """A slice of the history about one message, in order of arrival; pure data, safe to keep.

    What is asked of it again and again is worked out once; who gets a list of it may read it only.
    """

    def __init__(self, events: Sequence[Event], *, name: str = "") -> None:
        self.events = tuple(events)
        self.name = name
        self._of: dict[str, list[Event]] = {}
        for event in self.events:
            self._of.setdefault(event.kind, []).append(event)

    def __len__(self) -> int:
        return len(self.events)

    @property
    def begin(self) -> Event:
        """Its first event; raises IndexError where it has none."""
        return self.events[0]

    @property
    def latest(self) -> Event:
        """The event that arrived last; raises IndexError where it has none."""
        return self.events[-1]

    @cached_property
    def id(self) -> str | None:
        """The stack's id of the message, where any source has said it."""
        return next((event.message_id for event in self.events if event.message_id), None)

    @cached_property
    def texts(self) -> set[str]:
        """The tokens of all texts that the flow is about: usually one."""
        names = {event.keys for event in self.events}
        return {name for keys in names for name in keys if name.startswith("token:")}

    @cached_property
    def messages(self) -> int:
        """How many messages it should be: those that the API took, and one for each send that it didn't answer so.

        The same text sent twice without an idempotency key is two. What was stored beyond that is no message.
        """
        stored = {event.message_id for event in self.of("database.inserted") if event.message_id}
        sends = [event for event in self.requests if event.data.get("operation", "send") == "send"]
        if not sends:
            return max(1, len(stored))
        named = {event.message_id for event in self.answers if event.message_id}
        answered = {event.data.get("request") for event in self.answers if event.message_id}
        keys = {one.data.get("request"): one.data.get("idempotency_key") or f"request {one.seq}" for one in sends}
        told = {name for request, name in keys.items() if request in answered}
        untold = {name for request, name in keys.items() if request not in answered} - told
        # an answer that says yes and no id may be another message each time
        nameless = [event for event in self.answers if took(event) and not event.message_id]
        return max(1, len(named) + max(len(nameless), min(len(untold), len(stored - named))))

    @cached_property
    def came_in(self) -> bool:
        """Whether the message came from outside, through a webhook."""
        if any(event.data.get("what") in INBOUND for event in self.of("callback.sent", "callback.answered")):
            return True
        rows = self.of("database.inserted")
        return bool(rows) and all(event.data.get("direction") == "inbound" for event in rows)

    def of(self, *kinds: str) -> list[Event]:
        """The events of these kinds, in order."""
        if len(kinds) == 1:
            return self._of.get(kinds[0], [])[:]
        known = [kind for kind in kinds if kind in self._of]
        if len(known) > 1:
            return [event for event in self.events if event.kind in known]
        return self._of[known[0]][:] if known else []

    def first(self, *kinds: str) -> Event | None:
        return next(iter(self.of(*kinds)), None)

    @cached_property
    def put_off(self) -> list[Event]:
        """The answers by which the API asked to wait (429), and was asked again: they say nothing of the message."""
        return [event for event in self.of("api.answered") if event.data.get("again_in_s") is not None]

    @cached_property
    def requests(self) -> list[Event]:
        put_off = {event.data.get("request") for event in self.put_off}
        return [event for event in self.of("api.requested") if event.data.get("request") not in put_off]

    @property
    def waits_to_be_asked(self) -> bool:
        """Whether its send was put off, and has not been asked again yet."""
        return bool(self.put_off) and self.of("api.requested", "api.answered")[-1] is self.put_off[-1]

    @cached_property
    def answers(self) -> list[Event]:
        """The answers of the API to the send itself; looks at the message later are not among them."""
        answers = [event for event in self.of("api.answered") if event.data.get("operation") == "send"]
        return [event for event in answers if event.data.get("again_in_s") is None]

    @cached_property
    def acceptance(self) -> Event | None:
        """The answer by which the API took responsibility for the message."""
        return next((event for event in self.answers if took(event)), None)

    @property
    def taken(self) -> Event | None:
        """The moment from which the stack must not lose the message: its acceptance, or else its row.

        A send whose answer never came is indeterminate, until a row shows that it was taken.
        """
        return self.acceptance or self.first("database.inserted")

    @cached_property
    def statuses(self) -> list[tuple[str, Event]]:
        """Each status that the row had, in the order of the transitions, with the event that shows it."""
        return [(str(e.data.get("new")), e) for e in ordered(self.of("database.inserted", "database.status"))]

    @cached_property
    def status(self) -> str | None:
        """The status that the row has now, as far as recorded."""
        return self.statuses[-1][0] if self.statuses else None

    @property
    def row(self) -> Event:
        """The event that shows the status that the row has now; raises IndexError where none is recorded."""
        return self.statuses[-1][1]

    @property
    def answer(self) -> Event:
        """The last answer to its send; raises IndexError where there is none."""
        return self.answers[-1]

    @property
    def entry(self) -> Event:
        """The first entry of it that was put on a stream; raises IndexError where there is none."""
        return self.appends[0]

    @property
    def appends(self) -> list[Event]:
        return self.of("queue.appended")

    @property
    def claims(self) -> list[Event]:
        return self.of("queue.claimed")

    @property
    def acks(self) -> list[Event]:
        return self.of("queue.acked")

    @property
    def finish(self) -> Event | None:
        """The acknowledgement after which nobody is given the message again: the last among each entry's first.

        A worker may acknowledge an entry twice; the second time it says nothing that Redis didn't know.
        """
        first: dict[object, Event] = {}
        for event in self.of("queue.acked", "queue.appended"):
            if event.kind == "queue.acked":
                first.setdefault(event.data.get("entry"), event)
            elif event.data.get("again"):  # it was put back: that wasn't its end
                first.pop(event.data.get("entry"), None)
        return max(first.values(), key=lambda event: event.at, default=None)

    @property
    def deletes(self) -> list[Event]:
        return self.of("queue.deleted")

    @cached_property
    def calls(self) -> list[Event]:
        """Calls that reached a provider to send it, accepted or not; one that asks for its state is none."""
        return [event for event in self.of("provider.called") if sends(event)]

    @cached_property
    def call_answers(self) -> list[Event]:
        """The providers' answers to calls that send."""
        others = {event.data.get("call") for event in self.of("provider.called") if not sends(event)}
        return [event for event in self.of("provider.answered") if event.data.get("call") not in others]

    @cached_property
    def accepted_calls(self) -> list[Event]:
        """Answers by which a provider took the message, each once per call."""
        return [event for event in self.call_answers if event.data.get("accepted")]

    @cached_property
    def unheard(self) -> list[Event]:
        """Answers that didn't tell their caller that its message was taken: refused, cut off, or left before it came.

        A caller that doesn't hang up, and calls again while its first call is still open, has given that one up.
        """
        calls = {event.data.get("call"): event for event in self.calls}
        answers = self.call_answers
        return [event for event in answers if not heard(event, calls.get(event.data.get("call")), calls.values())]

    @property
    def calls_in_flight(self) -> list[Event]:
        answered = {event.data.get("call") for event in self.call_answers}
        return [event for event in self.calls if event.data.get("call") not in answered]

    @property
    def open_entries(self) -> set[str]:
        """Entries of this flow that were appended to a work stream and neither acknowledged nor deleted."""
        done = {event.data.get("entry") for event in self.of("queue.acked", "queue.deleted")}
        work = {str(e.data["entry"]) for e in self.appends if not e.data.get("dead")}
        return work - done

    def value(self, kind: str, name: str) -> Any:
        """The field `name` of the first event of a kind, or None."""
        event = self.first(kind)
        return event.data.get(name) if event else None


def took(answer: Event) -> bool:
    """Whether the API's answer to a send says that the stack took the message."""
    accepted = answer.data.get("accepted")
    return answer.data.get("status") in SUCCESS if accepted is None else bool(accepted)


def came_in(flow: Flow) -> bool:
    """Whether the message came from outside, through a webhook."""
    return flow.came_in


def sends(call: Event) -> bool:
    """Whether a provider was called to send something, as far as its endpoint says."""
    return call.data.get("endpoint") in (*SENDS, *UNTOLD)


def heard(answer: Event, call: Event | None, others: Iterable[Event]) -> bool:
    """Whether a caller got an answer that says yes, and was still waiting for it, as far as nothing says otherwise."""
    status, outcome = answer.data.get("status"), answer.data.get("outcome")
    if (status is not None and status not in SUCCESS) or outcome not in (None, "answered"):
        return False
    if call is None or answer.at - call.at < GIVE_UP_S:
        return True
    return not any(call.at < other.at < answer.at for other in others)


def ordered(events: Sequence[Event]) -> list[Event]:
    """Events of one source by its own sequence where it has one (the database's), else by arrival."""
    return sorted(events, key=lambda event: (event.data.get("sequence", 0), event.seq))
