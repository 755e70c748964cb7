"""What MONITOR's lines say of the queue: which process did what, of commands whose answers can't be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from harness.probes.appends import Add, Appends
from harness.probes.entries import Entries, Said
from harness.probes.monitor_lines import Line, escape, first_word, parse
from harness.probes.owners import Owners
from harness.wire.commands import (
    ID,
    Command,
    after_ids,
    aside,
    group_of,
    name_of,
    read_options,
    streams_of,
    text,
    trimmed,
    whole,
)
from harness.wire.reach import DATABASE, EVERYTHING, READ, SCRIPTS, Watched, reaches

NameOfPid = Callable[[int], str | None]
NameOfHost = Callable[[str], str | None]


def host_of(address: str) -> str:
    """The host of a client's address, as MONITOR shows it."""
    return address.rpartition(":")[0].strip("[]")


def nobody(_: str) -> str | None:
    """Of a stack of which no process has an address to itself."""
    return None


Shown = asyncio.Future[dict[str, list[Add]]]

UNNAMED = EVERYTHING | DATABASE | SCRIPTS | {b"ECHO", b"XADD"}
"""Commands that concern us without naming a stream of ours."""


class LineReader:
    """Turns lines into what `Entries` and `Appends` take; a script's own commands are lines too."""

    def __init__(
        self,
        entries: Entries,
        appends: Mapping[str, Appends],
        *,
        watched: Watched,
        name_of_pid: NameOfPid,
        name_of_host: NameOfHost = nobody,
        port: int | None = None,
    ) -> None:
        self._entries = entries
        self._appends = appends
        self._watched = watched
        self._names = [escape(text(stream)) for stream in watched.streams]
        self._name_of_pid = name_of_pid
        self._name_of_host = name_of_host
        self._owners = Owners(port)
        self._who: dict[str, str] = {}
        self._script = ""
        self._marks = 0
        self._marked: dict[str, Shown] = {}

    def mark(self) -> tuple[str, Shown]:
        """A text to be sent by ECHO; when a line shows it, the XADDs shown before it of which there is no entry yet."""
        self._marks += 1
        name = f"messaging-harness-mark-{id(self)}-{self._marks}"
        self._marked[name] = shown = asyncio.get_running_loop().create_future()
        return name, shown

    def lost(self) -> None:
        """No more lines come: whoever waits for a mark gets a ConnectionError."""
        for shown in self._marked.values():
            if not shown.done():
                shown.set_exception(ConnectionError("MONITOR's connection was lost"))
        self._marked.clear()

    def heard(self, line: bytes) -> None:
        """Takes one line, and records what it shows."""
        if first_word(line) in UNNAMED or any(name in line for name in self._names):
            said = parse(line)
            if said is not None and said.command:
                self._ran(said)

    def _ran(self, line: Line) -> None:
        command, name = line.command, name_of(line.command)
        if name == b"ECHO":
            mark = self._marked.pop(text(command[-1]), None)
            if mark is not None and not mark.done():
                mark.set_result({stream: appends.open() for stream, appends in self._appends.items()})
            return
        if name in SCRIPTS:
            self._script = self._name(line.address)
        if name not in READ:
            unread = reaches(command, self._watched, here=line.database, scripts=False)
            if unread is not None:
                self._entries.take({**unread, "at": line.at, "process": self._process(line)})
        elif line.database == self._watched.database:
            stream = self._watched.named_in(streams_of(command))
            if stream is not None:
                self._ran_on(text(stream), line, name)
            elif name == b"XADD" and len(command) > 1:
                self._entries.take(aside(command))

    def _ran_on(self, stream: str, line: Line, name: bytes) -> None:
        command, process = line.command, self._process(line)
        said: Said = {"stream": stream, "process": process, "at": line.at, "unanswered": True}
        if name == b"XADD":
            if stream in self._appends:
                self._appends[stream].added(command, process=process, at=line.at)
        elif name == b"XTRIM":
            for one in trimmed(command):
                self._entries.take(one)
        elif name in (b"XACK", b"XDEL"):
            self._done(said, "acked" if name == b"XACK" else "deleted", command, command[3 if name == b"XACK" else 2 :])
        elif name in (b"XACKDEL", b"XDELEX"):
            ids = after_ids(command)
            if name == b"XACKDEL":
                self._done(said, "acked", command, ids)
            if b"ACKED" in map(bytes.upper, command[2:]):
                why = "Redis deletes only what all groups have acknowledged"
                self._entries.take({**said, "what": "unread", "command": "XDELEX", "why": why})
            else:
                self._done(said, "deleted", command, ids)
        elif (group := group_of(command)) is not None:
            by = {"stream": stream, "group": text(group)}
            if name == b"XREADGROUP" and b"NOACK" in read_options(command)[0]:
                self._entries.take({**by, "what": "noack"})
            else:
                self._entries.by_the_workers(by)

    def _done(self, said: Said, what: str, command: Command, ids: Command) -> None:
        group = {"group": text(group_of(command))} if what == "acked" else {}
        # MONITOR also shows what Redis refuses, such as an id that is none
        for entry in filter(ID.fullmatch, dict.fromkeys(map(whole, ids))):
            if said["stream"] in self._appends:
                self._appends[said["stream"]].named(entry)
            self._entries.take({**said, **group, "what": what, "id": entry})

    def _process(self, line: Line) -> str:
        return self._script if line.address == "lua" else self._name(line.address)

    def _name(self, address: str) -> str:
        """The stack's process behind a client's address; empty where it isn't known.

        Only a process that the profile names counts: any other may be a proxy that speaks for several.
        """
        if address not in self._who:
            pid = self._owners.pid_at(address)
            self._who[address] = (self._name_of_pid(pid) if pid else self._name_of_host(host_of(address))) or ""
        return self._who[address]
