"""What all faults share: the window in the record, and that it is closed whatever happens in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.deploy.driver import Driver, Servers
from harness.errors import Unobservable, UsageError
from harness.history import Event
from harness.loop import Loop
from harness.probes.wire import WireProbe
from harness.scenario.disturbances import began, ended
from harness.scenario.waiting import Waiting

OURS = '[deploy] driver = "embedded": the harness then starts these servers itself, and may disturb them'


class Window:
    """The base of all faults of a stack."""

    def __init__(self, *, waiting: Waiting, driver: Driver, loop: Loop, wire: WireProbe | None) -> None:
        self._waiting = waiting
        self._driver = driver
        self._loop = loop
        self._wire = wire

    @contextlib.contextmanager
    def _window(
        self,
        fault: str,
        target: str,
        *,
        start: Callable[[Event], object],
        heal: Callable[[Event], int | None],
        more: Mapping[str, Any] | None = None,
    ) -> Iterator[Event]:
        """A fault between `start` and `heal`, which says how often it was met, and must heal a start that failed, too.

        It begins in the record before it is there, and ends once nothing of it is left: what it may have caused is
        never dated outside of it.
        """
        policy = self._waiting.profile.policy
        begin = began(self._waiting.history, fault, target, recovers_s=policy.recovers_within, **(more or {}))
        hits: int | None = None
        try:
            start(begin)
            yield begin
        finally:
            try:
                hits = heal(begin)
            finally:
                ended(self._waiting.history, begin, hits=hits)

    def _services(self, part: str, what: str) -> Servers:
        """The servers of this deployment; raises Unobservable where one isn't ours to disturb."""
        services = self._driver.services
        if services is None or not services.has(part):
            raise Unobservable(f"{what} can't be made here: that server isn't the harness's own", remedy=OURS)
        return services

    def _role(self, role: str) -> str:
        """A role that the profile has; raises UsageError with those that there are."""
        known = self._waiting.profile.roles
        if role not in known:
            raise UsageError(f"the profile starts no {role!r}; it has {', '.join(known) or 'no processes'}")
        return role


def positive(value: float, name: str) -> float:
    """A number above nothing; raises UsageError."""
    if not value > 0:
        raise UsageError(f"{name} = {value!r}: expected a number above 0")
    return value
