"""One object for each thread that asks for it: what several threads had better not share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerThread(Generic[T]):
    """Makes one object a thread, when it first asks; those of ended threads are closed when another is made."""

    def __init__(self, make: Callable[[], T], *, close: Callable[[T], object]) -> None:
        self._make = make
        self._close = close
        self._own = threading.local()
        self._lock = threading.Lock()
        self._made: list[tuple[threading.Thread, T]] = []

    @property
    def own(self) -> T:
        """This thread's object."""
        found: T | None = getattr(self._own, "made", None)
        if found is None:
            found = self._own.made = self._make()
            with self._lock:
                ended = [one for thread, one in self._made if not thread.is_alive()]
                self._made = [pair for pair in self._made if pair[0].is_alive()]
                self._made.append((threading.current_thread(), found))
            for one in ended:
                self._close(one)
        return found

    def close(self) -> None:
        """Closes all of them, whoever uses one."""
        with self._lock:
            made, self._made = self._made, []
        for _, one in made:
            self._close(one)
