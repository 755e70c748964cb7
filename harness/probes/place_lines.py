"""What MONITOR's lines say of a queue that is no stream: of scripts alone beside the wire, of everybody without one.

Redis' answers can't be seen: a pop shows no element, so what a worker was given is known where its entry then stands in
a place that the profile names as `taken`. MONITOR also shows what Redis refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.probes.entries import Said
from harness.probes.monitor_lines import Line, escape, first_word, parse
from harness.wire.commands import name_of, text
from harness.wire.places import ASIDE, UNKNOWN
from harness.wire.reach import DATABASE, EVERYTHING, SCRIPTS, Watched, reaches

LUA = b" lua] "
OURS = frozenset({*SCRIPTS, b"ECHO"})
UNNAMED = EVERYTHING | DATABASE | OURS
"""Commands that concern us without naming a key of ours."""


class PlaceLines:
    """Turns lines into what `Entries` takes; `name` says whose a client's address is, empty where that isn't known."""

    def __init__(
        self, watched: Watched, *, take: Callable[[Said], None], name: Callable[[str], str], everybody: bool
    ) -> None:
        self._watched = watched
        self._take = take
        self._name = name
        self._everybody = everybody
        # a part of each name that stands in a line as it is
        patterns = (*watched.streams, *watched.beside, *watched.payloads)
        self._names = [escape(max(text(pattern).split("*"), key=len)) for pattern in patterns]
        self._process = ""
        self._scripts = 0
        self._marks = 0
        self._shown: dict[str, asyncio.Future[None]] = {}

    def mark(self) -> tuple[str, asyncio.Future[None]]:
        """A text to be sent by ECHO, and what is done when a line has shown it."""
        self._marks += 1
        name = f"messaging-harness-mark-{id(self)}-{self._marks}"
        self._shown[name] = shown = asyncio.get_running_loop().create_future()
        return name, shown

    def lost(self) -> None:
        """No more lines come: whoever waits for a mark gets a ConnectionError."""
        for shown in self._shown.values():
            if not shown.done():
                shown.set_exception(ConnectionError("MONITOR's connection was lost"))
        self._shown.clear()

    def caller(self, line: bytes) -> str | None:
        """Whose script a line says begins; None where none does."""
        if LUA in line[:60] or first_word(line) not in SCRIPTS:
            return None
        said = parse(line)
        return said.address if said is not None else None

    def heard(self, line: bytes) -> None:
        """Takes one line, and tells what it shows."""
        scripted = LUA in line[:60]
        word = first_word(line)
        if word not in OURS and not scripted and not self._everybody:
            return
        if word not in UNNAMED and word not in ASIDE and not any(name in line for name in self._names):
            return
        said = parse(line)
        if said is None or not said.command:
            return
        if word == b"ECHO":
            shown = self._shown.pop(text(said.command[-1]), None)
            if shown is not None and not shown.done():
                shown.set_result(None)
            return
        if word in SCRIPTS and not scripted:
            self._scripts += 1
            self._process = self._name(said.address)
        elif scripted or self._everybody:
            self._ran(said, self._process if scripted else self._name(said.address))

    def _ran(self, line: Line, process: str) -> None:
        command, watched = line.command, self._watched
        batch = f"script {self._scripts}" if line.address == "lua" else line.address
        by = {"at": line.at, "process": process, "unanswered": True, "batch": batch}
        if not watched.reads(name_of(command)):
            unread = reaches(command, watched, here=line.database, scripts=False)
            if unread is not None:
                self._take({**unread, **by})
        elif line.database == watched.database and (concern := watched.concern(command)) is not None:
            if watched.base == "stream":
                why = "what Redis answered a script can't be seen"
                said: Said = {"what": "unread", "command": text(name_of(command)), "stream": text(concern), "why": why}
                self._take({**said, **by})
                return
            for one in watched.meaning(command, UNKNOWN):
                self._take({**one, **by})
        elif line.database == watched.database and (said_aside := watched.aside(command)) is not None:
            self._take({**said_aside, **by})
