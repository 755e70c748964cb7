"""Tells when a file grows, without looking at it again and again: the kernel's inotify, until a process has ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UsageError

MODIFIED = 0x2
CLOEXEC = 0x80000


def growth(path: Path, *, pid: int) -> Iterator[None]:
    """Yields once now and after every change of `path`, and ends when process `pid` does; raises UsageError."""
    with contextlib.ExitStack() as cleanup:
        try:
            gone = os.pidfd_open(pid)
        except ProcessLookupError:
            raise UsageError("the stack that was up has gone; start one with `harness up`") from None
        cleanup.callback(os.close, gone)
        watch = watch_file(path)
        cleanup.callback(os.close, watch)
        yield
        ended = False
        while not ended:
            ready, _, _ = select.select([watch, gone], [], [])
            ended = gone in ready
            if watch in ready:
                os.read(watch, 1 << 16)  # however many changes there were, one look shows them all
            yield


def watch_file(path: Path) -> int:
    """An inotify descriptor that is readable once the file has changed; raises UsageError where it can't be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(CLOEXEC)
    if watch < 0 or libc.inotify_add_watch(watch, os.fsencode(path), MODIFIED) < 0:
        why = os.strerror(ctypes.get_errno())
        if watch >= 0:
            os.close(watch)
        raise UsageError(f"{path} can't be followed ({why}); is a stack up? start one with `harness up`")
    return int(watch)
