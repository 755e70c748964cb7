"""What a scenario does, told step by step to whoever reports it; nobody listens unless a report is written."""

from __future__ import annotations

import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

M = TypeVar("M", bound=Callable[..., Any])
Listener = Callable[[str], AbstractContextManager[object]]
"""Opens a step of that title; an exception that leaves the block is the step's outcome."""

_listener: Listener | None = None
_thread = 0


@contextlib.contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Tells `listener` of every step that this thread takes while the block runs.

    Steps of other threads are not told: they overlap, and a report that is a tree has no place for them.
    """
    global _listener, _thread  # one test runs at a time in a process, and it has one report
    before = _listener, _thread
    _listener, _thread = listener, threading.get_ident()
    try:
        yield
    finally:
        _listener, _thread = before


def step(title: Callable[..., str]) -> Callable[[M], M]:
    """Makes a method a step; `title` gets the method's arguments. A generator is a step for as long as it lives.

    Stands below `@contextlib.contextmanager`, so that what happens inside the block is inside the step.
    """

    def wrap(method: M) -> M:
        @functools.wraps(method)
        def told(*args: Any, **kwargs: Any) -> Any:
            with _opened(title, args, kwargs):
                return method(*args, **kwargs)

        @functools.wraps(method)
        def generated(*args: Any, **kwargs: Any) -> Any:
            with _opened(title, args, kwargs):
                yield from method(*args, **kwargs)

        return cast("M", generated if inspect.isgeneratorfunction(method) else told)

    return wrap


def _opened(title: Callable[..., str], args: Any, kwargs: Any) -> AbstractContextManager[object]:
    if _listener is None or threading.get_ident() != _thread:
        return contextlib.nullcontext()
    return _listener(title(*args, **kwargs))
