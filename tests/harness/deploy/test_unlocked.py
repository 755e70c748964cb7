"""Who is held keeps nobody from a SQLite file, although he was writing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from harness.deploy.tree import Tree
from harness.deploy.unlocked import stop_unlocked
from harness.probes.sqlite_file import locking

WRITER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
while True:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE messages SET n = n + 1")
    time.sleep(0.02)  # reason: work inside a transaction, in which a hold may meet it
    connection.execute("COMMIT")
    print("wrote", flush=True)
    time.sleep(0.01)  # reason: work outside of one
"""


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_hold_falls_between_two_transactions(tmp_path: Path, journal: str) -> None:
    path = tmp_path / "stack.db"
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    connection.execute(f"PRAGMA journal_mode = {journal}").fetchone()
    connection.executescript("CREATE TABLE messages (n); INSERT INTO messages VALUES (0)")
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        tree = Tree(writer.pid)
        try:
            for _ in range(10):
                assert writer.stdout.readline() == "wrote\n"
                assert stop_unlocked(tree, path) == {writer.pid}
                assert locking(path) == set()
                connection.execute("UPDATE messages SET n = n")  # which would fail at once
                tree.resume()
        finally:
            tree.kill()


def test_who_never_lets_go_is_held_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.deploy.unlocked.TRIES", 3)
    path = tmp_path / "stack.db"
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE'); print(1, flush=True)"
    words = [sys.executable, "-c", f"{code}; sys.stdin.read()", str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        tree = Tree(writer.pid)
        try:
            assert writer.stdout.readline() == "1\n"
            assert stop_unlocked(tree, path) == locking(path) == {writer.pid}
        finally:
            tree.kill()
