"""What the history says of the run itself: which processes live, what was held or disturbed when, what was missed."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from harness.history import Event, History

SHOWN_BY = {"queue": ("queue.",), "database": ("database.",), "providers": ("provider.", "callback.")}
"""The kinds of events, by their beginnings, that a source shows, and hides when it misses something."""


@dataclass(frozen=True)
class Window:
    """A time in which something was disturbed, in the harness's own clock (`seen`)."""

    fault: str
    target: str
    began: Event
    ended: Event | None

    def covers(self, event: Event) -> bool:
        return self.began.seen <= event.seen <= (self.ended.seen if self.ended else inf)


class Facts:
    """A view of a history; it reads only, and always the whole record."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def manages_processes(self) -> bool:
        """Whether the deployment told of any process; only then does "no worker" mean anything."""
        return bool(self._history.events("process.started"))

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

    def gone(self, role: str) -> bool:
        """Whether no process of a role runs, as far as the deployment tells of processes at all."""
        return self.manages_processes and not self.alive(role)

    def no_consumer(self) -> str | None:
        """Why nobody can take an entry from the queue any more; None while somebody can, or where we can't know."""
        if not self.gone("worker"):
            return None
        exits = [e for e in self._history.events("process.exited") if e.data.get("role") == "worker"]
        if not exits:
            return "no consumer: no worker was ever started"
        last = exits[-1].data
        return f"no consumer: {last['process']}, the last worker, ended with {last['code']}"

    def windows(self, *faults: str, target: str | None = None) -> list[Window]:
        """The windows of the given faults, or of all, in order of their beginning."""
        began: dict[object, Event] = {}
        found: list[Window] = []
        for event in self._history.events("fault.began", "fault.ended"):
            number = event.data.get("number")
            if event.kind == "fault.began":
                began[number] = event
            elif number in began:
                found.append(self._window(began.pop(number), event))
        found += [self._window(event, None) for event in began.values()]
        return [w for w in found if (not faults or w.fault in faults) and target in (None, w.target)]

    def disturbed(self, target: str) -> bool:
        """Whether a fault, a hold or a gate of a role is on now."""
        return any(window.ended is None for window in self.windows(target=target))

    @staticmethod
    def _window(began: Event, ended: Event | None) -> Window:
        return Window(str(began.data["fault"]), str(began.data.get("target", "")), began, ended)

    def unseen(self, *kinds: str, since: int = 0) -> Event | None:
        """A gap by which events of these kinds may be missing from place `since` of the record on; None without one.

        A gap hides what came before it, a *lasting* one also what comes after; `kinds` in it, where given, are all
        that it hides.
        """
        for gap in self._history.events("probe.gap"):
            hidden = tuple(gap.data.get("kinds") or SHOWN_BY.get(gap.source, ()))
            if (gap.seq >= since or gap.data.get("lasting")) and any(kind.startswith(hidden) for kind in kinds):
                return gap
        return None

    def disturbances(self, first: Event, last: Event) -> list[Window]:
        """Faults other than holds and gates that were on between two events: they can explain a duplicate."""
        return [
            w
            for w in self.windows()
            if w.fault not in ("hold", "gate")
            and w.began.seen <= last.seen
            and (w.ended is None or w.ended.seen >= first.seen)
        ]
