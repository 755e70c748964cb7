"""A hold that keeps nobody from a SQLite file, as one would that stopped somebody in the middle of writing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from harness.deploy.tree import Look, Tree
from harness.probes.sqlite_file import locking

TRIES = 100
PAUSE = 0.002


def stop_unlocked(
    tree: Tree,
    path: Path | None,
    *,
    tell: Callable[[Look], None] = lambda _: None,
    told: Callable[[int, int], None] = lambda *_: None,
) -> frozenset[int]:
    """Stops a tree as `Tree.stop` does, at a moment at which it holds no lock on the file by which others wait.

    Who never lets it go is stopped all the same. It blocks.
    """
    for _ in range(TRIES):
        pids = tree.stop(tell=tell)
        if path is None or not locking(path) & pids:
            return pids
        tree.resume(told=told)
        # reason: SQLite tells nobody when a lock is free
        time.sleep(PAUSE)
    return tree.stop(tell=tell)
