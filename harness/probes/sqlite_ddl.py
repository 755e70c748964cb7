"""Putting the harness's triggers into a SQLite file, and taking them off again: our own, and what killed runs left.

A writer that waits for readers lets no new reader in, so each try is short, as it is in PostgreSQL (locks.py).
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from harness.probes.leftovers import tell
from harness.probes.locks import LOCK_TIMEOUT_MS, PAUSE, WITHIN
from harness.probes.sqlite_file import Claim, busy, holders, opened
from harness.probes.sqlite_tables import Place
from harness.probes.sqlite_trigger import BEGIN, FOUND, NAMED, TABLE, number_of, trigger_sql

SWEEP_WITHIN = 2.0
T = TypeVar("T")


class Locked(Exception):
    """The file couldn't be written in time; `str` says who holds it."""


def patiently(path: Path, work: Callable[[sqlite3.Connection], T], *, within: float = WITHIN) -> T:
    """Does work in one transaction that writes, again and again for up to `within` seconds.

    Raises Locked, and any other sqlite3.Error. It blocks.
    """
    deadline = time.monotonic() + within
    with contextlib.closing(opened(path, write=True, timeout=LOCK_TIMEOUT_MS / 1000)) as connection:
        while True:
            try:
                with transaction(connection):
                    return work(connection)
            except sqlite3.OperationalError as error:
                if not busy(error):
                    raise
                if time.monotonic() + PAUSE >= deadline:
                    raise Locked(f"held by {holders(path) or 'nobody that can be seen'}") from error
            # reason: those who wait go first, and SQLite tells nobody when a lock is free
            time.sleep(PAUSE)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def put(connection: sqlite3.Connection, name: str, tables: Sequence[Place]) -> bool:
    """Puts up the triggers of this name, and their table where it isn't there; returns whether that was made anew."""
    there = {row["name"]: row["type"] for row in connection.execute(FOUND) if row["name"].startswith(f"{name}_")}
    for trigger in (one for one, kind in there.items() if kind == "trigger"):
        connection.execute(f"DROP TRIGGER {trigger}")
    anew = f"{name}_transition" not in there
    if anew:
        connection.execute(TABLE.format(name=name))
        connection.execute(BEGIN.format(name=name))
    for number, table in enumerate(tables):
        for sql in trigger_sql(name, table.table, table.columns, place=number).values():
            connection.execute(sql)
    return anew


def remove(path: Path, name: str, *, within: float = WITHIN) -> str:
    """Takes off all of this name; returns "" or why that couldn't be done."""
    try:
        with contextlib.closing(opened(path, timeout=LOCK_TIMEOUT_MS / 1000)) as connection:
            if not any(row["name"].startswith(f"{name}_") for row in connection.execute(FOUND)):
                return ""
        patiently(path, lambda connection: drop(connection, name), within=within)
    except Locked as error:
        return f"the file's lock is {error}"
    except (sqlite3.Error, OSError) as error:
        return str(error)
    return ""


def drop(connection: sqlite3.Connection, name: str) -> None:
    """The triggers first: without their table they would break whoever writes."""
    there = [row for row in connection.execute(FOUND).fetchall() if row["name"].startswith(f"{name}_")]
    for row in sorted(there, key=lambda row: row["type"] != "trigger"):
        if row["type"] in ("trigger", "table"):
            connection.execute(f"DROP {row['type'].upper()} {row['name']}")


def by_hand(path: Path, name: str, places: int) -> str:
    """The commands that remove what is left."""
    events = [f"{name}_{event}_{place}" for place in range(places) for event in ("insert", "update", "delete")]
    drops = "; ".join(f"DROP TRIGGER {one}" for one in events)
    return f'sqlite3 {path} "BEGIN; {drops}; DROP TABLE {name}_transition; COMMIT"'


def sweep(path: Path) -> None:
    """Removes what killed runs left: names of ours whose lock is free."""
    with contextlib.closing(opened(path, timeout=LOCK_TIMEOUT_MS / 1000)) as connection:
        found = [match for row in connection.execute(FOUND) if (match := NAMED.fullmatch(row["name"]))]
    for name in dict.fromkeys(match[0][: match.end(1)] for match in found):
        lock = Claim(path, number_of(name))
        if not lock.held:
            continue
        try:
            why = remove(path, name, within=SWEEP_WITHIN)
        finally:
            lock.release()
        if why:
            tell(f"what a killed run left stays in {path}, since {why}; its names begin with {name}_")
