"""Lets one of several test processes do a thing that all of them need."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def once(what: Path) -> Iterator[None]:
    """Only one process at a time is inside, whoever comes later finds the work done."""
    lock = what.with_name(f".{what.name}.lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
