"""One run's hold on a SQLite file: its triggers, its lock by which others see that it lives, its connection."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from harness.probes.relation import quote
from harness.probes.sqlite_ddl import by_hand, patiently, put, remove, sweep
from harness.probes.sqlite_file import Claim, identity, opened
from harness.probes.sqlite_tables import NotYet, Place, places
from harness.probes.sqlite_trigger import new_name, number_of
from harness.profile import Database

SOME = "SELECT 1 FROM {table} LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Put:
    """What was put up: on which tables, whether our own was made anew, whether rows stood there before."""

    tables: list[Place]
    anew: bool
    rows: bool


class Watch:
    """Whether and how a file is watched; `file` is the one that was claimed, told from others of its name."""

    def __init__(self, path: Path, profile: Database) -> None:
        self.name = new_name()
        self.file: tuple[int, int] | None = None
        self.connection: sqlite3.Connection | None = None
        """There while the file is watched; it only reads."""
        self._path = path
        self._profile = profile
        self._claim: Claim | None = None
        self._tables: list[Place] = []

    @property
    def on(self) -> bool:
        return self.connection is not None

    def look(self) -> None:
        """Whether there is something to watch; raises NotYet, ProfileError, or what SQLite raises."""
        if identity(self._path) is None:
            raise NotYet(f"there is no SQLite file {self._path}; mend [database] url, or start what makes it")
        with contextlib.closing(opened(self._path)) as connection:
            places(connection, self._profile)

    def put(self) -> Put:
        """Puts the triggers up, or back; raises Locked, NotYet, ProfileError, or what SQLite raises. It blocks."""
        file = identity(self._path)
        if self._claim is None or file != self.file:
            if self._claim is not None:
                self._claim.release()
            sweep(self._path)
            self._claim, self.file = Claim(self._path, number_of(self.name)), file

        def work(connection: sqlite3.Connection) -> Put:
            tables = places(connection, self._profile)
            anew = put(connection, self.name, tables)
            rows = any(connection.execute(SOME.format(table=quote(one.table))).fetchone() for one in tables)
            return Put(tables=tables, anew=anew, rows=rows)

        done = patiently(self._path, work)
        self._tables = done.tables
        return done

    def open(self) -> None:
        self.connection = opened(self._path)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def clear(self) -> str:
        """Takes off what is ours; returns "" or what is left. It blocks."""
        if self._claim is None or identity(self._path) != self.file:
            return ""
        left = remove(self._path, self.name)
        self._claim.release()
        self._claim = None
        how = by_hand(self._path, self.name, len(self._tables))
        return left and f"the harness's trigger stays in {self._path}, since {left}; remove it with: {how}"
