"""Waiting for an event, but not for ever; and getting through an outage."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from messaging_stack.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

log = get_logger()


async def is_set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Waits until the event is set or the time is over; says whether it is set."""
    try:
        await asyncio.wait_for(event.wait(), timeout=seconds)
    except TimeoutError:
        return False
    return True


async def until_it_works(
    action: Callable[[], Awaitable[T]], *, errors: tuple[type[Exception], ...], stop: asyncio.Event, doing: str
) -> T:
    """Repeats an action that an outage makes fail, with growing pauses; after `stop`, its next failure is final."""
    pause = 0.05
    while True:
        try:
            return await action()
        except errors as error:
            if stop.is_set():
                raise
            log.warning(f"{doing} failed", error=repr(error), next_try_s=pause)
        await is_set_within(
            stop, pause
        )  # reason: a pause between attempts; the end of an outage doesn't announce itself
        pause = min(pause * 2, 2.0)
