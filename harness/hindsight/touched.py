"""Which messages a test touched, and which of them it looked at when it failed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.hindsight.failure import Failure
from harness.history import Flow, History
from harness.history.begun import flows_begun
from harness.scenario.tracked import FollowedFlow

MESSAGES: Final = ("message:", "token:", "provider:")
CLIENTS: Final = ("httpx", "requests")
"""HTTP clients whose answers a test may have at hand."""
MOST: Final = 50
"""Messages of a test that are looked at."""


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
    mine = of_type(local)
    for flow in messages(history, mine, since=since):
        names = {name for event in flow.events for name in event.keys}
        handle = next((one for one in (*mine, *tracked) if one.key in names), None)
        code, variable = waited_on(flow, handle, local)
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


def of_type(local: Mapping[str, Any]) -> list[FollowedFlow]:
    return [value for value in local.values() if isinstance(value, FollowedFlow)]


def waited_on(flow: Flow, handle: FollowedFlow | None, local: Mapping[str, Any]) -> tuple[str, str]:
    """The code by which the test that has these names waits on a message, and the name that it begins with."""
    if handle is not None:
        name = next((name for name, value in local.items() if value is handle), "")
        if name:
            return name, name
        lists = ((name, value) for name, value in local.items() if isinstance(value, list))
        place = next(
            ((name, number) for name, one in lists for number, it in enumerate(one[:MOST]) if it is handle), None
        )
        return (f"{place[0]}[{place[1]}]", place[0]) if place else ("flow", "")
    ids = {text for event in flow.events for name in event.keys for text in [name.partition(":")[2]] if text}
    expression, variable = next(naming(local, {*ids, *([flow.id] if flow.id else [])}), (f'"{flow.id or ""}"', ""))
    return f"stack.follow({expression})", variable


def naming(local: Mapping[str, Any], ids: set[str]) -> Iterator[tuple[str, str]]:
    """Expressions of a test's own names that are one of some ids, the plainest first, each with its name."""
    for name, value in local.items():
        if isinstance(value, str) and value in ids:
            yield name, name
    for name, value in local.items():
        if isinstance(value, dict):
            yield from ((f"{name}[{key!r}]", name) for key, one in value.items() if isinstance(one, str) and one in ids)
    for name, value in local.items():
        yield from ((f"{name}.json()[{key!r}]", name) for key in answer_keys(value, ids))


def answer_keys(value: Any, ids: set[str]) -> list[str]:
    """The members of an HTTP answer's JSON that are one of some ids; none where a value is no such answer."""
    if type(value).__module__.partition(".")[0] not in CLIENTS or not hasattr(value, "status_code"):
        return []
    try:
        table = value.json()
    except ValueError:  # both raise a kind of it where the body is no JSON
        return []
    return [key for key, one in table.items() if isinstance(one, str) and one in ids] if isinstance(table, dict) else []
