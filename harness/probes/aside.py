"""Streams that the profile doesn't name: a message on one of them, and on no watched stream, shows that it is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.history import Flow, History, key
from harness.history.flow import came_in
from harness.probes.probe import gap, token_in
from harness.profile import Queue

MOST = 500
"""Entries that are kept until it is known whose they are; the first ones tell as much as the later."""


class Aside:
    """Entries on streams that aren't watched, until their messages are known."""

    def __init__(self, history: History, queue: Queue) -> None:
        self._history = history
        self._queue = queue
        self._kept: dict[str, list[Mapping[str, str]]] = {}
        self._told: set[str] = set()

    def take(self, stream: str, fields: Mapping[str, str]) -> None:
        """Keeps an entry; nothing is said of it before `settle`."""
        kept = self._kept.setdefault(stream, [])
        if stream not in self._told and len(kept) < MOST:
            kept.append(fields)

    def settle(self, kinds: tuple[str, ...]) -> None:
        """Records a gap for each stream that carries what should stand on a watched one.

        A message that stands on a watched stream too is noted elsewhere for reasons of the stack's own. One that came
        in is nobody's to send: who receives a webhook may queue it wherever it likes.
        """
        for stream, kept in self._kept.items():
            if stream not in self._told and any(self._is_work(fields) for fields in kept):
                self._told.add(stream)
                kept.clear()
                place, named = self._queue.place, self._queue.named_by
                reason = f"entries on {stream} carry messages of this run that no {place} of [queue] {named} has"
                remedy = f'[queue] {named}: "{stream}" for the channel whose messages it carries'
                gap(self._history, "queue", reason, kinds=kinds, lasting=True, remedy=remedy, stream=stream)

    def _is_work(self, fields: Mapping[str, str]) -> bool:
        flows = (Flow(self._history.flow(name)) for name in names_in(fields))
        return any(known(flow) and not flow.appends and not came_in(flow) for flow in flows)


def known(flow: Flow) -> bool:
    """Whether something is one of the run's messages: a worker's log may name anything, such as a job's own id."""
    return bool(flow.requests or flow.answers or flow.of("database.inserted"))


def names_in(fields: Mapping[str, str]) -> Iterator[str]:
    """The keys by which a message might be known in an entry, wherever they stand in it."""
    for value in fields.values():
        yield key("message", value)
        token = token_in(value)
        if token is not None:
            yield key("token", token)
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            continue
        yield from (key("message", one) for one in leaves(inner))


def leaves(value: Any) -> Iterator[str]:
    """The texts and numbers in a JSON value."""
    open_ones = [value]
    while open_ones:
        one = open_ones.pop()
        if isinstance(one, dict):
            open_ones += one.values()
        elif isinstance(one, list):
            open_ones += one
        elif isinstance(one, str | int) and not isinstance(one, bool):
            yield str(one)
