"""Which messages a test touched, and which of them it looked at when it failed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from types import ModuleType
from typing import Any, Final

from harness.hindsight.failure import Failure
from harness.history import Flow, History
from harness.history.begun import flows_begun
from harness.scenario.stack import Stack
from harness.scenario.tracked import FollowedFlow

MESSAGES: Final = ("message:", "token:", "provider:")
CLIENTS: Final = ("httpx", "requests")
"""HTTP clients whose answers a test may have at hand."""
MOST: Final = 50
"""Messages of a test that are looked at."""
MOST_HELD: Final = 1000
"""Parts of what a test's names hold that are looked at, for each step further in."""
DEEPEST: Final = 2
"""Steps that are taken from a name into what it holds."""
UNNAMED_FLOW: Final = "flow"
"""How a message is called that the test has not at hand where it failed."""
UNNAMED: Final = "message_id"
"""How a message's id is called where no name of the test leads to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A value within a test's reach: the code that comes to it, and the name with which that begins."""

    code: str
    name: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A message that a test touched: `code` is how it can wait on it, `looked` when it looked at its flow last."""

    history: History
    key: str
    code: str
    named: bool = False
    looked: tuple[float, int] | None = None

    @property
    def now(self) -> Flow:
        """The flow as recorded so far."""
        return Flow(self.history.flow(self.key))

    @property
    def name(self) -> str:
        return self.now.id or self.key.partition(":")[2]


def subjects(failure: Failure, history: History, tracked: Sequence[FollowedFlow], *, since: int) -> list[Subject]:
    """The messages that began since a place of the record, those first that the failing statement is about.

    A message that the test neither sent nor named is among them, too: its record says no more of who touched it.
    """
    local = failure.local
    used = {node.id for node in ast.walk(failure.tree) if isinstance(node, ast.Name)} if failure.tree else set()
    found = []
    held = holdings(local, used)
    mine = [one.value for one in held if of(one.value, FollowedFlow)]
    for flow in messages(history, mine, since=since):
        names = {name for event in flow.events for name in event.keys}
        handle = next((one for one in (*mine, *tracked) if one.key in names), None)
        code, variable = waited_on(flow, handle, held)
        looked = handle.looked if handle else None
        key = next(name for name in sorted(names) if name.startswith(MESSAGES))
        found.append(Subject(history=history, key=key, code=code, named=variable in used, looked=looked))
    return sorted(found, key=lambda one: (not one.named, -(one.looked or (0.0, 0))[0]))


def messages(history: History, followed: Sequence[FollowedFlow], *, since: int) -> Iterator[Flow]:
    """The flows of messages that began since a place of the record, and of those that a test has at hand, each once."""
    known: set[int] = set()
    for number, flow in enumerate((*flows_begun(history, since), *(Flow(history.flow(one.key)) for one in followed))):
        if number >= MOST * 2 or not flow.events or flow.events[0].seq in known:
            continue
        known.add(flow.events[0].seq)
        if any(name.startswith(MESSAGES) for event in flow.events for name in event.keys):
            yield flow


def waited_on(flow: Flow, handle: FollowedFlow | None, held: Sequence[Held]) -> tuple[str, str]:
    """The code by which the test that holds these values waits on a message, and the name that it begins with."""
    if handle is not None:
        found = next((one for one in held if one.value is handle), None)
        return (found.code, found.name) if found else (UNNAMED_FLOW, "")
    ids = {text for event in flow.events for name in event.keys for text in [name.partition(":")[2]] if text}
    ids |= {flow.id} if flow.id else set()
    named = next((one for one in held if type(one.value) is str and one.value in ids), None)
    stack = next((one.code for one in held if of(one.value, Stack)), "stack")
    return f"{stack}.follow({named.code if named else UNNAMED})", named.name if named else ""


def holdings(local: Mapping[str, Any], used: Set[str]) -> list[Held]:
    """What a test's names hold, and what stands in it, the plainest first, and first by the names that are used.

    What pytest's rewriting of assertions keeps among the names is none of the test's.
    """
    names = sorted((name for name in local if name.isidentifier()), key=lambda name: name not in used)
    found: list[Held] = []
    level = [Held(code=name, name=name, value=local[name]) for name in names]
    for _ in range(DEEPEST):
        found += level
        level = [part for one in level for part in within(one)][:MOST_HELD]
    return found + level


def within(held: Held) -> list[Held]:
    """The parts of what is held, each with its code; none of what refuses to be looked at.

    Nothing of the test's is run for it but for an answer's JSON, as far as its objects let themselves be looked at.
    """
    try:
        return [Held(code=f"{held.code}{code}", name=held.name, value=one) for code, one in parts_of(held.value)]
    except Exception:
        return []


def parts_of(value: Any) -> list[tuple[str, Any]]:
    if of(value, dict):
        return [(f"[{key!r}]", one) for key, one in islice(value.items(), MOST) if isinstance(key, str | int)]
    if of(value, list, tuple):
        return [(f"[{number}]", one) for number, one in enumerate(islice(value, MOST))]
    if is_answer(value):
        return [(f".json()[{key!r}]", one) for key, one in islice(members(value).items(), MOST)]
    if of(value, type, ModuleType, FollowedFlow, Stack):
        return []
    inner: Any = getattr(value, "__dict__", None)
    return [(f".{key}", one) for key, one in islice(inner.items(), MOST)] if of(inner, dict) else []


def of(value: object, *types: type) -> bool:
    """Whether a value is of some types, by what it is and not by what it says that it is."""
    return issubclass(type(value), types)


def is_answer(value: object) -> bool:
    """Whether a value is an HTTP client's answer."""
    return type(value).__module__.partition(".")[0] in CLIENTS and hasattr(value, "status_code")


def members(answer: Any) -> Mapping[str, Any]:
    """The members of an HTTP answer's JSON; none where its body is no such table, or wasn't read."""
    try:
        table = answer.json()
    except Exception:
        return {}
    return table if of(table, dict) else {}
