"""What an element of a queue is called, and which message it is about, as the profile says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from harness.extras import need
from harness.probes.decoding import decoded
from harness.profile import Queue
from harness.profile.pointers import pointed
from harness.wire.commands import bare, raw
from harness.wire.places import fits

LONGEST: Final = 64
"""Characters; an element that is longer, or isn't printable, is called by its digest."""
SHOWN: Final = 2000


class Naming:
    """Reads elements and payloads of a queue that is no stream."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        if "msgpack" in queue.encoding:
            need("msgpack")
        self._taken = list(opened(queue, *queue.taken))
        self._later = list(opened(queue, queue.later))
        self._payload = list(opened(queue, queue.payload))

    # what an entry is called

    def entry(self, element: str) -> str:
        """The name of an element that stands on the queue."""
        name = element
        if self._queue.entry:
            found = pointed(self._value(element), self._queue.entry)
            if isinstance(found, str | int) and not isinstance(found, bool):
                name = str(found)
        if len(name) <= LONGEST and name.isprintable():
            return name
        return hashlib.sha256(bare(name)).hexdigest()[:12]

    def taken(self, key: str, element: str) -> Iterator[tuple[str, str]]:
        """The queues' keys and the entry's name there, for what stands in a place of taken entries."""
        for queue, pattern in self._taken:
            if fits_text(pattern.replace("{entry}", "*"), key):
                name = within(pattern, key) if "{entry}" in pattern else within(self._queue.taken_as, element)
                if name is not None:
                    yield queue, self.entry(name)

    def later(self, key: str, element: str) -> Iterator[tuple[str, str]]:
        """The same for a place in which entries wait for a time."""
        yield from ((queue, self.entry(element)) for queue, pattern in self._later if fits_text(pattern, key))

    def points(self, key: str, field: str) -> Iterator[tuple[str, str]]:
        """The queues' keys and the entry's name there, of which something is the payload."""
        for queue, pattern in self._payload:
            if self._queue.field == "{entry}":
                if fits_text(pattern.replace("{entry}", "*"), key):
                    yield queue, self.entry(field)
            elif field == self._queue.field and (name := within(pattern, key)) is not None:
                yield queue, self.entry(name)

    # what it is about

    def _value(self, content: str) -> Any:
        try:
            return decoded(bare(content), self._queue.encoding)
        except ValueError:
            return None

    def read(self, content: str) -> tuple[str | None, dict[str, str]]:
        """The message's id in an element or payload, and what to show of it; no id where it isn't of that shape."""
        wanted, value = self._queue.message_id, self._value(content)
        shown = {"data": json.dumps(value, default=str) if isinstance(value, dict | list) else display(content)}
        if not wanted:
            value = content if value is None or isinstance(value, dict | list) else value
        elif wanted.startswith("/"):
            value = pointed(value, wanted)
        else:
            value = value.get(wanted) if isinstance(value, dict) else None
        return plain(value), {name: text[:SHOWN] for name, text in shown.items()}


def plain(value: Any) -> str | None:
    """An id as text; None for what can't be one."""
    if isinstance(value, bytes):
        value = raw(value)
    if value is None or isinstance(value, dict | list | tuple | set | frozenset | bool):
        return None
    try:
        return str(value)
    except ValueError:  # a number of thousands of digits
        return None


def display(content: str) -> str:
    """A text that any file can hold."""
    return bare(content).decode("utf-8", "replace")


def opened(queue: Queue, *patterns: str | None) -> Iterator[tuple[str, str]]:
    """Patterns of the profile for each key of the queue."""
    for pattern in filter(None, patterns):
        yield from ((key, pattern.replace("{name}", name)) for key, name in queue.names.items())


def fits_text(pattern: str, key: str) -> bool:
    return fits(pattern.encode(), key.encode())


def within(template: str, text: str) -> str | None:
    """What stands in the place of `{entry}`, where a text is of that shape; a `*` behind it stands for anything."""
    before, _, behind = template.partition("{entry}")
    if not text.startswith(before):
        return None
    rest = text[len(before) :]
    stop, star, _ = behind.partition("*")
    if star:
        return rest.partition(stop)[0] if stop else rest
    return rest[: len(rest) - len(stop)] if rest.endswith(stop) else None


def first(found: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    return next(iter(found), None)
