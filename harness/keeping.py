"""What a run leaves in its directory: written whole or not at all, and taken away before the next run."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from harness.errors import UsageError

RESERVATION = ".run"
"""Stands in a directory that a run writes to, locked for as long as it does."""
OURS = (
    "verdicts.json",
    "junit.xml",
    "summary.md",
    "history.jsonl",
    "history-gw*.jsonl",
    "logs/history*/*.log",
    ".stop",
)
"""What a verification writes into its directory, as patterns."""
ALLURE = (
    *("*-result.json*", "*-container.json*", "*-globals.json*", "*-attachment*"),
    *("environment.properties", "executor.json", "categories.json"),
)
"""What it writes into the directory of Allure's results beside."""

SHORT = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in the quota",
    errno.EFBIG: "raise `ulimit -f`",
    errno.EMFILE: "raise `ulimit -n`",
    errno.ENFILE: "close what holds so many files open",
}
"""What the machine can run short of while a run is kept, and what to do about it."""
MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE)
"""Those of them that are nobody's code's fault, wherever they come up."""


def advice(error: OSError, what: str, *, option: str = "--build") -> str:
    """One line: what couldn't be done, why, and what to do; `option` names another place."""
    cure = SHORT.get(error.errno or 0, f"name another place with {option}")
    return f"{what}: {error.strerror or error}; {cure}"


def shortage(error: BaseException) -> OSError | None:
    """What the machine ran short of, where that is behind an error; None where it isn't."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, OSError) and cause.errno in MACHINE:
            return cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return None


def keep(path: Path, content: str | bytes) -> None:
    """Writes a file so that it is there whole or not at all; raises OSError."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    half = path.with_name(path.name + ".half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
        raise


def probe(directory: Path) -> None:
    """Raises OSError where a directory can't be made, or nothing be written into it; not all that can't says so."""
    directory.mkdir(parents=True, exist_ok=True)
    tried = directory / f".{os.getpid()}.half"
    try:
        tried.write_bytes(b"x")
    finally:
        tried.unlink(missing_ok=True)


@contextlib.contextmanager
def reserved(directory: Path, *, run: int | None = None) -> Iterator[None]:
    """While the block runs, no other run writes to a directory; raises UsageError where one does, or none can.

    A `run` of several processes is named by the number of one, and all of them may hold it at once.
    The kernel lets go of it when the process ends, however it ends.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        held = (directory / RESERVATION).open("a+", encoding="utf-8")
    except OSError as error:
        raise UsageError(advice(error, f"results can't be written to {directory}")) from error
    with held:
        with one_at_a_time(directory):
            seize(held, directory, run)
        yield


@contextlib.contextmanager
def one_at_a_time(directory: Path) -> Iterator[None]:
    """Whoever looks at who holds a directory sees it written down whole."""
    number = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def seize(held: TextIO, directory: Path, run: int | None) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.seek(0)
        whose = held.read().strip() or "unknown"
        if whose != str(run):
            raise UsageError(
                f"another run (process {whose}) writes to {directory}; wait for its end, or name another with --build"
            ) from None
    else:
        held.truncate(0)
        held.write(f"{run or os.getpid()}\n")
        held.flush()
    if run is not None:
        fcntl.flock(held, fcntl.LOCK_SH)


def forget(build: Path) -> None:
    """Takes away what an earlier run left, by its names, and nothing else; raises OSError."""
    for path in left(build, OURS):
        path.unlink(missing_ok=True)
    for directory in build.glob("logs/history*"):
        with contextlib.suppress(OSError):  # something that isn't ours is in it
            directory.rmdir()


def forget_allure(results: Path) -> None:
    """The same for a directory of Allure's results."""
    for path in left(results, ALLURE):
        path.unlink(missing_ok=True)


def left(directory: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from [path for path in directory.glob(pattern) if path.is_file() or path.is_symlink()]
