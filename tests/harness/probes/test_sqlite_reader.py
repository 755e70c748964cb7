"""Reading transitions in parts, between which others lock the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlite_scene import TABLE

from harness.probes import sqlite_reader
from harness.probes.sqlite_ddl import put
from harness.probes.sqlite_reader import Transitions
from harness.probes.sqlite_tables import places
from harness.probes.sqlite_trigger import new_name
from harness.profile import Database


class Interrupted:
    """A connection of which one statement finds the file locked."""

    def __init__(self, connection: sqlite3.Connection, *, number: int) -> None:
        self._connection, self._number, self._count = connection, number, 0

    def execute(self, *args: Any) -> Any:
        self._count += 1
        if self._count == self._number:
            raise sqlite3.OperationalError("database is locked")
        return self._connection.execute(*args)


@pytest.fixture
def made(tmp_path: Path) -> tuple[sqlite3.Connection, Callable[..., Any]]:
    connection = sqlite3.connect(tmp_path / "stack.db", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(TABLE)
    name = new_name()
    tables = places(connection, Database(kind="sqlite"))
    put(connection, name, tables)
    transitions = Transitions(name)
    transitions.begin(tables, anew=True)
    return connection, transitions.read


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_read_before_a_lock_is_not_lost(
    made: tuple[sqlite3.Connection, Callable[..., Any]], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_reader, "MANY", 4)
    connection, read = made
    for row in range(10):
        connection.execute("INSERT INTO messages (id, status) VALUES (?, 'pending')", (f"m{row}",))
    with pytest.raises(sqlite3.OperationalError):
        read(Interrupted(connection, number=number))
    assert [row["message_id"] for row in read(connection)] == [f"m{row}" for row in range(10)]
    assert read(connection) == []
