"""What the history says of the run itself: which processes live, what was held or disturbed when, what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from harness.history import Event, Flow, History
from harness.history.flow import GIVE_UP_S
from harness.history.windows import Window, Windows, Withheld

SHOWN_BY = {"queue": ("queue.",), "database": ("database.",), "providers": ("provider.", "callback.")}
"""The kinds of events, by their beginnings, that a source shows, and hides when it misses something."""
REMEDIES = {
    "queue.": "[queue] url names the Redis of the stack, and its user may MONITOR",
    "database.": "[database] url names the stack's database, and its user may create a trigger",
    "provider.": "[providers] url names our mock providers, and the stack's base URLs lead to them",
    "callback.": "[providers] url names our mock providers, and its accounts are the stack's",
}
"""What lets events be seen that nobody delivers."""
LAST_WORDS = 3
"""Lines of a dead worker's output that are told."""
PATIENT = frozenset({"hold", "gate", "provider", "lock", "poison"})
"""Disturbances under which nothing is ended in the middle of what it does; all others explain a second try."""
SAME_CLOCK_S = 0.001
"""A measured difference that is within its own error, and below this, is none; on this machine its error is enough."""


@dataclass(frozen=True)
class Unseen:
    """Why events of a kind may be missing from a record; `gap` is the event that says so, where one does."""

    reason: str
    remedy: str = ""
    gap: Event | None = None
    lasting: bool = True

    def __str__(self) -> str:
        return f"{self.reason}; to know: {self.remedy}" if self.remedy else self.reason


class Facts:
    """A view of a history; it reads only, and always the whole record."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def history(self) -> History:
        return self._history

    @property
    def manages_processes(self) -> bool:
        """Whether the deployment told of any process; only then does "no worker" mean anything."""
        return bool(self._history.events("process.started"))

    def named(self, role: str) -> bool:
        """Whether the profile names processes of a role; whoever else does its work, nobody knows.

        A deployment says so at its start, also of a role of which it then starts none.
        """
        said = self._history.events("probe.started", "process.started")
        return any(role in (*event.data.get("roles", ()), event.data.get("role")) for event in said)

    def all_are(self, *roles: str) -> bool:
        """Whether a stack is wholly started by its deployment, and by processes of just these roles."""
        whole = any(event.data.get("whole") for event in self._history.events("probe.started"))
        return whole and {str(event.data.get("role")) for event in self._history.events("process.started")} == set(
            roles
        )

    def alive(self, role: str) -> list[str]:
        """The names of the processes of a role that run now."""
        names: dict[str, None] = {}
        for event in self._history.events("process.started", "process.exited"):
            if event.data.get("role") == role:
                if event.kind == "process.started":
                    names[str(event.data["process"])] = None
                else:
                    names.pop(str(event.data["process"]), None)
        return list(names)

    def role(self, process: object) -> str:
        """The role of a process by its name: `worker-1` is a worker, as is `mailer-1` where the profile says so."""
        kind = str(process).rpartition("-")[0]
        said = (event.data.get("processes") for event in self._history.events("probe.started"))
        return next((str(one[kind]) for one in said if one and kind in one), kind)

    def most(self, role: str, until: Event) -> int:
        """How many processes of a role have run at once up to an event."""
        count = most = 0
        for event in self._history.events("process.started", "process.exited"):
            if event.seq > until.seq:
                break
            if event.data.get("role") == role:
                count += 1 if event.kind == "process.started" else -1
                most = max(most, count)
        return most

    def gone(self, role: str) -> bool:
        """Whether no process of a role runs, as far as the deployment tells of such processes at all."""
        return self.manages_processes and self.named(role) and not self.alive(role)

    def no_consumer(self) -> str | None:
        """Why nobody can take an entry from the queue any more; None while somebody can, or where we can't know."""
        if not self.gone("worker") or any(w.comes_back for w in self.windows(target="worker", since=inf)):
            return None
        exits = [e for e in self._history.events("process.exited") if e.data.get("role") == "worker"]
        if not exits:
            return "no consumer: no worker was ever started"
        last = exits[-1].data
        words = [line for line in str(last.get("said") or "").splitlines() if line.strip()][-LAST_WORDS:]
        more = f", saying: {' | '.join(words)}"[:400] if words else ""
        born = max(
            (e.seen for e in self._history.events("process.started") if e.data.get("role") == "worker"), default=0
        )
        ours = any(w.began.seen >= born for w in self.windows("kill", "terminate", target="worker"))
        who = "; this run ended it, and didn't start it again" if ours else ""
        return f"no consumer: {last['process']}, the last worker, ended with {last['code']}{more}{who}"

    def windows(self, *faults: str, target: str | None = None, since: float = -inf, until: float = inf) -> list[Window]:
        """The windows of the given faults, or of all, that were on at some time between two monotonic times."""
        known = self._history.drawn(Windows, "fault.began", "fault.ended").between(since, until)
        return [w for w in known if (not faults or w.fault in faults) and target in (None, w.target)]

    def withheld(self, begin: float, end: float) -> float:
        """Seconds between two monotonic times in which a hold, a gate or an outage of ours was on, or just over."""
        return self._history.drawn(Withheld, "fault.began", "fault.ended").seconds(begin, end)

    def outages(self) -> list[Window]:
        """The windows in which somebody lacked what he needs, in order of their beginning."""
        return sorted((w for w in self.windows() if w.outage), key=lambda window: window.began.seq)

    def unmet(self, *, after: int = 0) -> str | None:
        """The first disturbance that ended from place `after` on and didn't happen, in words; None where all did."""
        for event in self._history.events("fault.ended", after=after):
            fault = {"provider": "provider fault"}.get(str(event.data.get("fault")), event.data.get("fault"))
            what = f"the {fault} of the {event.data.get('target')}"
            if event.data.get("hits") == 0:
                role = event.data.get("target")
                named = role not in ("api", "worker") or self.named(role) or not self.manages_processes
                why = "nothing was disturbed" if named else f"nobody knows whom: the profile has no [processes.{role}]"
                return f"{what} was never met, so {why}"
            if event.data.get("missed"):
                return f"{what} missed {', '.join(event.data['missed'])}, which went on working"
        return None

    def disturbed(self, *faults: str, target: str | None = None) -> bool:
        """Whether one of the given faults, or any, is on now."""
        return any(window.ended is None for window in self.windows(*faults, target=target))

    def unseen(self, *kinds: str, since: int = 0) -> Unseen | None:
        """Why events of these kinds may be missing from place `since` of the record on; None where all were seen.

        What no probe declared is unseen from the beginning. A gap hides what came before it, a *lasting* one also what
        comes after; `kinds` in it, where given, are all that it hides.
        """
        for gap in self._history.events("probe.gap"):
            hidden = tuple(gap.data.get("kinds") or SHOWN_BY.get(gap.source, ()))
            lasting = bool(gap.data.get("lasting"))
            if (gap.seq >= since or lasting) and any(kind.startswith(hidden) for kind in kinds):
                if self._beside(gap):
                    continue
                return Unseen(str(gap.data["reason"]), str(gap.data.get("remedy", "")), gap, lasting)
        for kind in kinds:
            remedy = next((text for start, text in REMEDIES.items() if kind.startswith(start)), None)
            if remedy is not None and kind not in self.delivered:
                return Unseen(f"nothing here shows {kind}", remedy)
        return None

    def _beside(self, gap: Event) -> bool:
        """Whether a gap is of something that goes on beside what the profile names, which is seen at work itself."""
        if gap.data.get("other_group"):
            return bool(self._history.events("queue.claimed", "queue.acked"))
        if "other_database" not in gap.data:
            return False
        entries = self._history.events("queue.appended", "queue.claimed")
        return any(event.data.get("stream") == gap.data.get("stream") for event in entries)

    def apart(self, flow: Flow, *kinds: str) -> Unseen | None:
        """Why events of these kinds may be another flow's in the record although they are of this message.

        A call is known by the text that it carries, or by the provider's id; a row without both finds none.
        """
        links = ("token:", "provider:", "call:")
        told = (event for event in flow.events if not event.data.get("untold"))
        if any(key.startswith(links) for event in told for key in event.keys):
            return None
        if any(kind.startswith("provider.") for kind in kinds):
            reason = "neither its text nor its provider's id was seen, by which a call of it would be known"
            return Unseen(reason, "[database] url, and in it the columns body and provider_id")
        return None

    @property
    def delivered(self) -> frozenset[str]:
        """The kinds of events that some probe has declared."""
        return self._history.drawn(kinds_of, "probe.started")

    def earlier(self, first: Event, second: Event) -> bool | None:
        """Whether one event was before another, by the clocks of their sources; None where those can't tell."""
        (begin, end, doubt), (other_begin, other_end, more) = self._true(first), self._true(second)
        margin = 0.0 if first.source == second.source else doubt + more
        if other_begin - end > margin or (other_begin >= end and margin == 0):
            return True
        return False if begin - other_end > margin else None

    def _true(self, event: Event) -> tuple[float, float, float]:
        """From when until when an event may have been by the harness's clock, and how far that may be off."""
        begin, end = event.at, float(event.data.get("until", event.at))
        offset = self._history.drawn(offsets, "clock.measured").get(event.source)
        return (begin, end, 0.0) if offset is None else (begin - offset[0], end - offset[0], offset[1])

    def keeps_waiting(self) -> bool:
        """Whether something is on now for which whoever is asked may have to wait, or fail."""
        return any(w.ended is None for w in self.windows() if w.outage or w.fault in ("hold", "gate"))

    def disturbances(self, first: Event, last: Event) -> list[Window]:
        """Faults that were on between two events and ended somebody, or made him give up."""
        return [w for w in self.windows(since=first.seen, until=last.seen) if self.explains(w)]

    def explains(self, window: Window) -> bool:
        """Whether whom a fault met may do again what it did: it was ended, or hasn't got its answer.

        Not a hold, which makes nobody say anything twice; not a provider's fault, of which the answers themselves tell
        whom it met (`Flow.unheard`).
        """
        return window.fault not in PATIENT or (window.fault == "gate" and self._given_up(window))

    def hits(self, window: Window) -> int:
        """How often a gate was met, as its source told."""
        return [event.kind for event in self._told(window)].count("fault.hit")

    def _told(self, gate: Window) -> list[Event]:
        """What was told of who stood before a gate."""
        return self._history.drawn(by_gate, "fault.hit", "fault.left").get(gate.began.data.get("number"), [])

    def _given_up(self, gate: Window) -> bool:
        """Whether who waited at a gate hung up, said it again, or may have done so after so long a time."""
        end = gate.ended
        kinds = [event.kind for event in self._told(gate) if event.seq >= gate.began.seq]
        if "fault.left" in kinds or len(kinds) > 1:
            return True
        return end is not None and bool(end.data.get("hits")) and end.seen - gate.began.seen >= GIVE_UP_S


# what is drawn from a record once, however often it is asked for


def kinds_of(started: Iterable[Event]) -> frozenset[str]:
    """The kinds of events that some probe has declared."""
    return frozenset(kind for event in started for kind in event.data.get("kinds", ()))


def by_gate(events: Iterable[Event]) -> dict[object, list[Event]]:
    found: dict[object, list[Event]] = {}
    for event in events:
        found.setdefault(event.data.get("gate"), []).append(event)
    return found


def offsets(events: Iterable[Event]) -> dict[str, tuple[float, float]]:
    """By how much each source's clock is ahead of ours, and how sure that is, in seconds; not where they are one."""
    measured: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        measured.setdefault(event.source, []).append(event.data)
    found = {}
    for source, known in measured.items():
        ahead = [float(data["offset_s"]) for data in known]
        error = max(float(data["error_s"]) for data in known)
        limit = error if all(data.get("here") for data in known) else min(error, SAME_CLOCK_S)
        if any(abs(offset) > limit for offset in ahead):
            least, most = min(ahead), max(ahead)
            found[source] = ((least + most) / 2, error + (most - least) / 2)
    return found
