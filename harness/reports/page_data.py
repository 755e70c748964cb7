"""What the page of a record holds: columns of numbers for its events, and a row of facts for each message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.record.reading import Run
from harness.record.scenarios import ABOUT, Scenario
from harness.reports.comparing import FIELDS, stage
from harness.reports.details import Details
from harness.reports.lanes import LANES, actor_of, lane_of, note, said, words
from harness.results import RANKS, WHOLE_RECORD
from harness.visible import visible

MOST: Final = 200_000
"""Events on a page, where nobody names another number."""
MOST_KEYS, MOST_VERDICTS, LONGEST_WORDS, LONGEST_REASON = 6, 12, 300, 240
OUTCOMES: Final = ("pass", "unknown", "fail", "error", "xfailed", "skipped", "not asked")
"""As the page numbers them."""
ITSELF: Final = "the run itself"


@dataclass(frozen=True)
class Message:
    """One row of the page: a message of a run, or what happened in the run without one."""

    run: str
    flow: Flow
    itself: bool = False

    @property
    def begin(self) -> float:
        return min(event.at for event in self.flow.events)


@dataclass(kw_only=True)
class PageData:
    """A record as the page has it; `most` bounds its events, and whole messages are left out beyond that."""

    name: str
    runs: Mapping[str, Run]
    damaged: int
    scenarios: Sequence[Scenario]
    verdict: str
    trouble: str = ""
    most: int = MOST
    details: Sequence[str] = ()
    left_out: str = ""
    _strings: dict[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return visible(f"Run of {self.profile}" if self.profile else "A run")

    @property
    def profile(self) -> str:
        about = next((run.about.get("profile") for run in self.runs.values() if run.about), None)
        return str(about.get("name", "")) if isinstance(about, Mapping) else ""

    def __post_init__(self) -> None:
        self.tests = [one for one in self.scenarios if one.check != WHOLE_RECORD]
        self.number = sum(len(run.events) for run in self.runs.values())
        self._histories = {name: History.of(in_place(run)) for name, run in self.runs.items()}
        self._places = {name: sorted(run.events) for name, run in self.runs.items()}
        everything = [one for name, history in self._histories.items() for one in messages_of(name, history)]
        self.messages = sum(not one.itself for one in everything)
        self._judge(everything)
        self.kept = sorted(self._bounded(everything), key=lambda one: (not one.itself, one.begin))
        self._say_left_out(everything)

    @property
    def counts(self) -> str:
        of = f"{len(self.tests)} tests, " if self.tests else ""
        return f"{of}{self.messages} messages, {self.number} events"

    def _judge(self, messages: Sequence[Message]) -> None:
        """Finds whose each message is, which verdicts rest on it, and which events are witnesses."""
        owner = {(one.run, place): n for n, one in enumerate(messages) for place in self._places_of(one)}
        named: dict[int, list[tuple[str, str, str]]] = {}
        self._scenario_of: dict[int, int] = {}
        self._witnesses: set[tuple[str, int]] = set()
        for scenario in self.scenarios:
            for line in scenario.lines:
                seen = set(witness_places(line))
                self._witnesses |= {(scenario.run, seq) for seq in seen}
                told = tuple(str(line.get(name, "")) for name in ("verdict", "name", "reason"))
                for at in {owner[scenario.run, seq] for seq in seen if (scenario.run, seq) in owner}:
                    named.setdefault(at, []).append((told[0], told[1], told[2]))
        spans = [(one.run, number, one) for number, one in enumerate(self.tests)]
        for one in messages:
            places = set() if one.itself else set(self._places_of(one))
            first = min(places, default=-1)
            mine = (number for run, number, scenario in spans if run == one.run and is_of(scenario, places, first))
            own = list(islice(mine, 1))
            if own:
                self._scenario_of[id(one)] = own[0]
        self._named = {id(messages[at]): list(dict.fromkeys(lines)) for at, lines in named.items()}

    def _places_of(self, message: Message) -> list[int]:
        places = self._places[message.run]
        return [places[event.seq] for event in message.flow.events]

    def verdict_of(self, message: Message) -> str:
        """The worst verdict that rests on a message; where none does, its test's; "" where it has none."""
        said = [outcome for outcome, _, _ in self._named.get(id(message), ())]
        number = self._scenario_of.get(id(message))
        if not said and number is not None:
            said = [self.tests[number].outcome]
        return "" if message.itself else max(said, key=rank, default="")

    def _bounded(self, messages: Sequence[Message]) -> Iterator[Message]:
        """Whole messages up to the bound: the run's own rows, then what failed, then the others as they came."""
        order = sorted(messages, key=lambda one: (not one.itself, -rank(self.verdict_of(one)), one.begin))
        room = self.most
        for one in order:
            if len(one.flow) <= room or one.itself:
                events = one.flow.events[: max(room, 1)]
                room -= len(events)
                yield one if len(events) == len(one.flow) else Message(one.run, Flow(events, name=ITSELF), itself=True)

    def _say_left_out(self, messages: Sequence[Message]) -> None:
        lacking = self.messages - sum(not one.itself for one in self.kept)
        events = sum(len(one.flow) for one in messages) - sum(len(one.flow) for one in self.kept)
        parts = []
        if events:
            parts.append(
                f"Left out: {lacking} messages, {events} events in all; what failed is kept first; --most N keeps more"
            )
        lines = "1 line" if self.damaged == 1 else f"{self.damaged} lines"
        parts += [f"{lines} of the history can't be read"] if self.damaged else []
        parts += [self.trouble] if self.trouble else []
        self.left_out = "; ".join(parts)
        self.left_out = self.left_out[:1].upper() + self.left_out[1:]

    def table(self) -> dict[str, Any]:
        """All that the page's script reads, but for the details, which stand beside it."""
        kinds = list(dict.fromkeys(event.kind for one in self.kept for event in one.flow.events))
        columns: dict[str, list[int]] = {
            name: [] for name in ("at", "kind", "lane", "actor", "said", "stage", "detail", "witness")
        }
        flows: dict[str, list[Any]] = {
            name: [] for name in ("name", "short", "keys", "run", "scenario", "verdict", "verdicts", "first")
        }
        segments: list[int] = []
        first_segments: list[int] = []
        start = min(one.begin for one in self.kept)
        details = Details(min(self.most, self.number))
        number_of = {kind: number for number, kind in enumerate(kinds)}
        actors = {name: Actors(history) for name, history in self._histories.items()}
        for one in self.kept:
            self._add_facts(flows, one, first=len(columns["at"]))
            first_segments.append(len(segments) // 3)
            ordered = sorted(one.flow.events, key=lambda event: (event.at, event.seq))
            segments += under_way(ordered, len(columns["at"])) if not one.itself else []
            for event in ordered:
                columns["at"].append(round((event.at - start) * 1e6))
                columns["kind"].append(number_of[event.kind])
                columns["lane"].append(LANES.index(lane_of(event)))
                columns["actor"].append(actors[one.run].of(event))
                columns["said"].append(self.string(said(event)))
                staged = stage(event) if event.kind in FIELDS or event.kind.startswith("fault.") else None
                columns["stage"].append(self.string(staged[0]) if staged else -1)
                columns["detail"].append(self.string(staged[1]) if staged else -1)
                columns["witness"].append(int((one.run, self._places[one.run][event.seq]) in self._witnesses))
                details.add(event)
        flows["first"].append(len(columns["at"]))
        first_segments.append(len(segments) // 3)
        self.details = details.cut()
        if details.left_out:
            self.left_out = "; ".join(filter(None, [self.left_out, details.left_out]))
            self.left_out = self.left_out[:1].upper() + self.left_out[1:]
        return {
            "title": self.title,
            "verdictSaid": self.verdict,
            "counts": self.counts,
            "leftOut": self.left_out,
            "lanes": list(LANES),
            "kinds": [visible(kind) for kind in kinds],
            "quiet": [kind == "worker.log" for kind in kinds],
            "events": columns,
            "flows": flows,
            "segments": {"of": segments, "first": first_segments},
            "windows": self._windows(start),
            "scenarios": [{"name": visible(one.name), "outcome": one.outcome} for one in self.tests],
            "strings": list(self._strings),
        }

    def string(self, text: str, most: int = LONGEST_WORDS) -> int:
        shown = visible(text if len(text) <= most else text[: most - 1] + "…")
        return self._strings.setdefault(shown, len(self._strings))

    def _add_facts(self, flows: dict[str, list[Any]], one: Message, *, first: int) -> None:
        name = one.flow.id or one.flow.name
        keys = list(dict.fromkeys(key for event in one.flow.events for key in event.keys))
        about = [key for key in keys if not key.endswith(f":{name}")] if not one.itself else []
        more = [f"and {len(about) - MOST_KEYS} more"] if len(about) > MOST_KEYS else []
        verdict = self.verdict_of(one)
        lines = sorted(self._named.get(id(one), ()), key=lambda line: -rank(line[0]))[:MOST_VERDICTS]
        shown = f"{name}, {one.run}" if one.itself and one.run else name
        flows["name"].append(visible(shown[:LONGEST_WORDS]))
        flows["short"].append(visible(shown if one.itself else shown[:13]))
        flows["keys"].append(visible(", ".join([*(key[:120] for key in about[:MOST_KEYS]), *more])))
        flows["run"].append(int(one.itself))
        flows["scenario"].append(self._scenario_of.get(id(one), -1))
        flows["verdict"].append(OUTCOMES.index(verdict) if verdict in OUTCOMES else -1)
        flows["verdicts"].append(
            [
                [OUTCOMES.index(outcome), self.string(check), self.string(reason, LONGEST_REASON)]
                for outcome, check, reason in lines
                if outcome in OUTCOMES
            ]
        )
        flows["first"].append(first)

    def _windows(self, start: float) -> list[list[Any]]:
        """When what was disturbed: begin, end, lane."""
        found = []
        for history in self._histories.values():
            last = max(event.at for event in history.events())
            for window in Facts(history).windows():
                end = window.ended.at if window.ended else last
                micro = [round((at - start) * 1e6) for at in (window.began.at, end)]
                found.append([*micro, LANES.index(lane_of(window.began)), visible(words(window.began))])
        return sorted(found)


class Actors:
    """The lane of who did it, by number; -1 where that is the event's own, or isn't known."""

    def __init__(self, history: History) -> None:
        self._facts = Facts(history)
        self._known: dict[tuple[object, ...], str | None] = {}

    def of(self, event: Event) -> int:
        callback = event.kind if event.kind.startswith("callback.") else ""
        who = (callback, event.data.get("process") or event.data.get("by") or "")
        try:
            if who not in self._known:
                self._known[who] = actor_of(event, self._facts)
            lane = self._known[who]
        except TypeError:  # a damaged line's, of a kind that is no name
            return -1
        return LANES.index(lane) if lane and lane != lane_of(event) else -1


def in_place(run: Run) -> Iterator[Event]:
    return (run.events[place] for place in sorted(run.events))


def messages_of(run: str, history: History) -> Iterator[Message]:
    """The messages of a run, and one row for all that is about none."""
    known: set[int] = set()
    others: list[Event] = []
    for event in history.events():
        if event.seq in known:
            continue
        events = history.flow(event.keys[0]) if event.keys else [event]
        known |= {one.seq for one in events}
        if any(key.startswith(ABOUT) for one in events for key in one.keys):
            name = next(key for one in events for key in one.keys if key.startswith(ABOUT))
            yield Message(run, Flow(events, name=name.partition(":")[2]))
        else:
            others += events
    if others:
        yield Message(run, Flow(sorted(others, key=lambda one: one.seq), name=ITSELF), itself=True)


def is_of(scenario: Scenario, places: set[int], first: int) -> bool:
    if scenario.span is not None:
        return scenario.span[0] <= first < scenario.span[1]
    return not scenario.places.isdisjoint(places)


def under_way(events: Sequence[Event], first: int) -> list[int]:
    """Lane, first and last event of each time in which something was under way, one after the other."""
    things: dict[str, set[object]] = {}
    began: dict[str, int] = {}
    found: list[int] = []
    for place, event in enumerate(events, start=first):
        try:
            note(things, event)
        except TypeError:  # a damaged line's
            continue
        now = {lane for lane, some in things.items() if some}
        for lane in [lane for lane in began if lane not in now]:
            found += [LANES.index(lane), began.pop(lane), place]
        began |= {lane: place for lane in now if lane not in began}
    for lane, begin in began.items():
        found += [LANES.index(lane), begin, first + len(events) - 1]
    return found


def witness_places(line: Mapping[str, Any]) -> Iterator[int]:
    witnesses = line.get("witnesses")
    for one in witnesses if isinstance(witnesses, list) else ():
        if isinstance(one, dict) and type(one.get("seq")) is int:
            yield one["seq"]


def rank(outcome: str) -> int:
    return next((number for name, number in RANKS.items() if name == outcome), min(RANKS.values()) - 1)


def overall(verdicts: bytes | None) -> str:
    """The run's own verdict; "" where it isn't said."""
    try:
        said = json.loads(verdicts or b"{}").get("verdict", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return said if said in RANKS else ""
