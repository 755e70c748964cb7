"""One message's timeline as data: a row for each event, its lane, what was open and what was disturbed meanwhile.

The HTML page and the terminal draw the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.story import DETAILS, shorten
from harness.history.windows import Window
from harness.visible import visible

LANES = ("api", "queue", "database", "worker", "provider", "callback")
TARGETS = {"api": "api", "worker": "worker", "redis": "queue", "postgres": "database", "database": "database"}
"""Which lane a fault's target belongs to; anything else is a provider."""
LONG_GAP_MS = 50.0
MOST_ROWS = 400


@dataclass(frozen=True, kw_only=True)
class Row:
    """One event in its place.

    `actor` is the lane of the process that did it, where another one than the event's own; `open` are the lanes in
    which something is under way when the event has happened (a request, an entry, a call), `shaded` what was disturbed.
    """

    event: Event
    lane: str
    actor: str | None
    since_ms: float
    gap_ms: float
    said: str
    open: frozenset[str]
    shaded: dict[str, str] = field(default_factory=dict)
    witness: bool = False
    ours: bool = True
    """Whether the event is about this message; the others say what was done to the stack meanwhile."""

    @property
    def long_gap(self) -> bool:
        return self.gap_ms >= LONG_GAP_MS


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All rows of one message, in order of time."""

    title: str
    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def disturbed(self) -> list[str]:
        """What was on at any time, each once: `hold of worker`."""
        return list(dict.fromkeys(words for row in self.rows for words in row.shaded.values()))


def timeline(
    history: History, flow: Flow, *, witnesses: Iterable[Event] = (), redact: Callable[[str], str] = str
) -> Timeline:
    """The timeline of a flow, with the disturbances and witnesses that belong to it."""
    chosen = {event.seq for event in witnesses}
    mine = {event.seq for event in flow.events}
    facts = Facts(history)
    windows = [window for window in facts.windows() if flow.events and overlaps(window, flow)]
    events = {event.seq: event for event in (*flow.events, *context(history, flow, windows), *witnesses)}
    ordered = sorted(events.values(), key=lambda event: (event.at, event.seq))
    rows: list[Row] = []
    under_way: dict[str, set[object]] = {}
    for event in ordered[:MOST_ROWS]:
        note(under_way, event)
        previous = rows[-1].event.at if rows else event.at
        lane, actor = lane_of(event), actor_of(event, facts)
        rows.append(
            Row(
                event=event,
                lane=lane,
                actor=actor if actor != lane else None,
                since_ms=(event.at - ordered[0].at) * 1000,
                gap_ms=(event.at - previous) * 1000,
                said=visible(redact(said(event))),
                open=frozenset(name for name, things in under_way.items() if things),
                shaded=shading(windows, event),
                witness=event.seq in chosen,
                ours=event.seq in mine,
            )
        )
    name = flow.id or flow.name
    return Timeline(title=visible(redact(name)), rows=tuple(rows), left_out=max(0, len(ordered) - MOST_ROWS))


def overlaps(window: Window, flow: Flow) -> bool:
    first, last = flow.events[0].seen, flow.events[-1].seen
    return window.began.seen <= last and (window.ended is None or window.ended.seen >= first)


def context(history: History, flow: Flow, windows: Sequence[Window]) -> list[Event]:
    """What was done to the stack meanwhile: faults, and processes that ended or started."""
    if not flow.events:
        return []
    edges = [event for w in windows for event in (w.began, w.ended) if event is not None]
    numbers = {w.began.data.get("number") for w in windows}
    first, last = flow.events[0].seq, flow.events[-1].seq
    hits = [e for e in history.events("fault.hit", after=first) if e.data.get("gate") in numbers and e.seq <= last]
    lives = [e for e in history.events("process.started", "process.exited", after=first) if e.seq <= last]
    return [*edges, *hits, *lives]


def lane_of(event: Event) -> str:
    """The lane an event is drawn in; faults and processes stand in the lane of what they are about."""
    space = event.kind.partition(".")[0]
    if space in LANES:
        return space
    if space == "test":
        return "api"  # it stands where the harness's own looks do
    about = str(event.data.get("target") or event.data.get("role") or event.source)
    other = "queue" if about == "counters" else "worker" if space == "process" else "provider"
    return TARGETS.get(about.partition("-")[0], other)


def actor_of(event: Event, facts: Facts) -> str | None:
    """The lane of the process that did it, where the event says so: `worker-1` acknowledged, `messaging-api` wrote."""
    who = str(event.data.get("process") or event.data.get("by") or "")
    if event.kind.startswith("callback."):
        return "provider" if event.kind == "callback.sent" else "api"
    role = facts.role(who)
    return next((lane for lane in ("worker", "api") if lane == role or lane in who), None)


def said(event: Event) -> str:
    """What an event says in a few words; unlike a failure message it need not fit a line."""
    data = event.data
    match event.kind:
        case "api.requested":
            return f"{data.get('method')} {data.get('path')}"
        case "api.answered" if data.get("status") is None:
            return f"no answer: {data.get('error')}"
        case "api.answered":
            state = data.get("message_status")
            return f"{data.get('status')}" + (f", status {state}" if state else "")
        case "database.inserted":
            return f"inserted as {data.get('new')}"
        case "database.status":
            return f"{data.get('old')} → {data.get('new')}"
        case "worker.log":
            return str(data.get("text"))
        case "fault.began" | "fault.hit" | "fault.ended":
            return f"{words(event)} {event.kind.partition('.')[2]}"
        case "process.started" | "process.exited":
            code = f" with {data['code']}" if "code" in data else ""
            return f"{data.get('process')} {event.kind.partition('.')[2]}{code}"
    parts = [str(data[name]) for name in ("stream", "process", "how", "provider", "endpoint") if data.get(name)]
    named = [name for name in DETAILS.get(event.kind, ()) if name not in ("stream", "process", "how", "provider", "id")]
    named = [name for name in named if name != "endpoint"]
    parts += [f"{name} {shorten(data[name])}" for name in named if data.get(name) not in (None, "", [])]
    return ", ".join(parts)


def words(event: Event) -> str:
    """What a fault is: `hold of worker`, `gate of api: answer of XADD`."""
    data = event.data
    if data.get("fault") == "provider":
        ours = ("fault", "target", "number", "id", "hits")
        effect = (f"{name} {value}" for name, value in data.items() if name not in ours)
        return "provider fault" + "".join(f", {one}" for one in effect)
    text = f"{data.get('fault')} of {data.get('target')}"
    return f"{text}: {data['side']} of {data['command']}" if "command" in data else text


def shading(windows: Sequence[Window], event: Event) -> dict[str, str]:
    """The lanes that were disturbed when an event happened, and by what."""
    shaded = {}
    for window in windows:
        if window.began.at <= event.at and (window.ended is None or event.at <= window.ended.at):
            shaded[lane_of(window.began)] = words(window.began)
    return shaded


BEGINS = {"api.requested": "request", "queue.appended": "entry", "provider.called": "call", "callback.sent": "call"}
ENDS = {"api.answered": "request", "queue.acked": "entry", "queue.deleted": "entry"}
ENDS |= {"provider.answered": "call", "callback.answered": "call"}


def note(under_way: dict[str, set[object]], event: Event) -> None:
    """Keeps track of what is under way in each lane; a worker is at work from its claim to its acknowledgement."""
    lane = lane_of(event)
    if event.kind in BEGINS:
        under_way.setdefault(lane, set()).add(event.data.get(BEGINS[event.kind]))
    if event.kind in ENDS:
        under_way.setdefault(lane, set()).discard(event.data.get(ENDS[event.kind]))
    if event.kind == "queue.claimed":
        under_way.setdefault("worker", set()).add(event.data.get("entry"))
    if event.kind in ("queue.acked", "queue.deleted"):
        under_way.setdefault("worker", set()).discard(event.data.get("entry"))
    if event.kind == "process.exited" and event.data.get("role") == "worker":
        under_way.pop("worker", None)
    if event.kind == "database.inserted":
        under_way.setdefault(lane, set()).add(event.message_id)
