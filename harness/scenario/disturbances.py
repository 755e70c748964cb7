"""Disturbances in the record: each has a number, a begin and an end."""

from __future__ import annotations

import itertools

from harness.history import Event, History

numbers = itertools.count(1)


def began(history: History, fault: str, target: str, *, at: float | None = None, **more: object) -> Event:
    """Records that a disturbance began, at a time (Unix seconds) or now; its number joins it to its end."""
    data = {"fault": fault, "target": target, "number": next(numbers), **more}
    return history.append("fault.began", source="harness", at=at, data=data)


def ended(history: History, begin: Event, **more: object) -> None:
    """Records that a disturbance is over; `hits` says how often it was met, `missed` whom it didn't reach."""
    data = {name: begin.data[name] for name in ("fault", "target", "number")}
    history.append("fault.ended", source="harness", data={**data, **more})
