"""The table of mails, in one SQLite file that API and workers share."""

from __future__ import annotations

import contextlib
import enum
import sqlite3
from collections.abc import Iterator
from typing import Final

from postbox import settings

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT,
    state INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 0,
    sendgrid_id TEXT,
    error TEXT,
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT
"""


class State(enum.IntEnum):
    """How far a mail has come: a number in its row, a word in the API."""

    WAITING = 0
    SENT = 1
    FAILED = 2


@contextlib.contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A connection whose changes are committed at the end; others are waited for up to five seconds."""
    connection = sqlite3.connect(settings.DATABASE, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def prepare() -> None:
    """Makes the table where there is none; readers and the one writer don't wait for each other."""
    with database() as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(SCHEMA)


def add(*, recipient: str, subject: str, text: str, html: str | None) -> int:
    """Stores a mail and returns its number."""
    with database() as db:
        values = (recipient, subject, text, html)
        added = db.execute("INSERT INTO mails (recipient, subject, text, html) VALUES (?, ?, ?, ?)", values)
    return int(added.lastrowid or 0)


def find(number: int) -> sqlite3.Row | None:
    with database() as db:
        row: sqlite3.Row | None = db.execute("SELECT * FROM mails WHERE id = ?", (number,)).fetchone()
    return row


def unqueued() -> list[int]:
    """The mails that the queue isn't known to have had."""
    with database() as db:
        return [row["id"] for row in db.execute("SELECT id FROM mails WHERE queued = 0 ORDER BY id")]


def mark_queued(number: int) -> None:
    with database() as db:
        db.execute("UPDATE mails SET queued = 1 WHERE id = ?", (number,))


def finish(number: int, state: State, *, sendgrid_id: str | None = None, error: str | None = None) -> None:
    """Moves a mail on, if nobody has done so before."""
    with database() as db:
        db.execute(
            "UPDATE mails SET state = ?, sendgrid_id = ?, error = ? WHERE id = ? AND state = ?",
            (int(state), sendgrid_id, error, number, int(State.WAITING)),
        )
