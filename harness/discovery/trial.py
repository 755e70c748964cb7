"""One message, sent through the profile as far as it is known: what was seen of it, part by part."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.discovery import mocks, tables
from harness.discovery.listening import Listening
from harness.discovery.words import step_of
from harness.errors import DeployError, Inconclusive
from harness.history import History
from harness.profile import Profile
from harness.scenario.client import ApiClient
from harness.scenario.messages import Message

WITHIN: Final = 15.0
"""Seconds in which a message is expected to come to its end."""
AFTER: Final = 1.5
"""Seconds in which its entry is expected to be finished after that."""
PAUSE: Final = 0.02
ENDS: Final = ("sent", "delivered", "failed")


@dataclass(kw_only=True)
class Seen:
    """What was seen of one message; None or empty for what nobody saw."""

    message: Message
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    table: tables.Table | None = None
    rows: list[tables.Row] = field(default_factory=list)
    """The row each time that it was another one, the first first."""
    looks: list[Any] = field(default_factory=list)
    """What the API showed of it, each time that it was something else."""
    calls: list[dict[str, Any]] = field(default_factory=list)
    id: str | None = None

    def took(self, profile: Profile) -> bool:
        return profile.send.of(self.message.type).takes(self.status)

    @property
    def last(self) -> tables.Row:
        return self.rows[-1] if self.rows else {}

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [entry for entry in self.calls if entry.get("type") == "answered"]


class Trial:
    """Sends one message and looks, until it has come to its end or its time is over; it only reads."""

    def __init__(
        self,
        profile: Profile,
        *,
        api: str,
        database: tables.Asked | None,
        candidates: Sequence[tables.Table],
        listening: Listening | None,
        mocks_: mocks.Asked | None,
        within: float = WITHIN,
    ) -> None:
        self._profile = profile
        self._client = ApiClient(History(), url=api, profile=profile)
        self._database = database
        self._candidates = candidates
        self._listening = listening
        self._mocks = mocks_
        self._within = within

    def send(self, message: Message) -> Seen:
        """Sends it, and returns what was seen of it."""
        seen = Seen(message=message)
        since = self._mocks.seq() if self._mocks is not None else 0
        try:
            answer = self._client.send(message)
        except Inconclusive as error:
            seen.error = str(error)
            return seen
        seen.status, seen.body, seen.headers = answer["status"], answer["body"], answer["headers"]
        if not seen.took(self._profile):
            return seen
        seen.id = answer["id"]
        deadline = time.monotonic() + self._within
        while time.monotonic() < deadline:
            self._look(seen, since)
            if self.came_to_an_end(seen):
                break
            time.sleep(PAUSE)  # reason: neither a database nor an API tells of a change to one who only reads
        self._until_finished()
        self._look(seen, since)
        return seen

    def came_to_an_end(self, seen: Seen) -> bool:
        """Whether the row, or the API, says so; where neither does, whether the provider has answered."""
        status = seen.table.status if seen.table is not None else None
        words = [str(row.get(status)) for row in seen.rows] if status else []
        if words:
            moved = len(dict.fromkeys(words)) > 1 or step_of(words[-1]) in ENDS
            return moved and step_of(words[-1]) != "queued" and (self._mocks is None or bool(seen.answers))
        if self._mocks is not None:
            return bool(seen.answers)
        return bool(seen.looks) and any(step_of(word) in ENDS for word in texts(seen.looks[-1]))

    def _look(self, seen: Seen, since: int) -> None:
        if self._database is not None:
            self._look_at_rows(self._database, seen)
        if self._profile.look.path and seen.id:
            try:
                shown = self._client.message(seen.id)["body"]
            except Inconclusive:
                shown = None
            if shown is not None and (not seen.looks or seen.looks[-1] != shown):
                seen.looks.append(shown)
        if self._mocks is not None:
            seen.calls = self._mocks.calls(seen.message.token, after=since)

    def _look_at_rows(self, database: tables.Asked, seen: Seen) -> None:
        ids = ids_in(seen)
        for table in [seen.table] if seen.table is not None else self._candidates:
            own = table.id
            known = [str(seen.last[own])] if own and seen.rows else ids
            try:
                row = database.find(table, seen.message.token, known)
            except DeployError:
                continue
            if row is None or not (seen.rows or belongs(row, seen)):
                continue
            seen.table = table
            if not seen.rows or seen.rows[-1] != row:
                seen.rows.append(row)
            if own and seen.id is None:
                seen.id = str(row[own])
            return

    def _until_finished(self) -> None:
        """Waits for what finishes an entry, where Redis lets itself be listened to."""
        if self._listening is None or self._listening.why:
            return
        deadline = time.monotonic() + AFTER
        heard = -1
        quiet = time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - quiet < AFTER / 2:
            if len(self._listening.lines) != heard:
                heard, quiet = len(self._listening.lines), time.monotonic()
            time.sleep(PAUSE)  # reason: what finishes an entry isn't known yet, so nothing can be waited for by name

    def close(self) -> None:
        self._client.close()


def texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in what an API showed."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth < 6:
        for below in value.values():
            yield from texts(below, depth + 1)


def ids_in(seen: Seen) -> list[str]:
    """Every word of an answer that may be an id: what stands in it, and where it says that the message is."""
    found: list[str] = [seen.id] if seen.id else []

    def walk(value: Any, depth: int = 0) -> None:
        if isinstance(value, Mapping) and depth < 6:
            for below in value.values():
                walk(below, depth + 1)
        elif isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) <= 64:
            found.append(str(value))

    walk(seen.body)
    location = {name.lower(): value for name, value in seen.headers.items()}.get("location", "")
    if location:
        found.append(location.rstrip("/").rpartition("/")[2])
    return list(dict.fromkeys(found))[:12]


def belongs(row: tables.Row, seen: Seen) -> bool:
    """Whether a row is the message's: its token or its recipient stands in it."""
    text = json.dumps(row, default=str, ensure_ascii=False)
    return seen.message.token in text or seen.message.to in text
