"""How a disturbance is recorded: its begin and its end, joined by a number."""

from __future__ import annotations

import itertools

from harness.history import History

numbers = itertools.count(1)


def began(history: History, fault: str, target: str, *, at: float | None = None, **more: object) -> int:
    """Records that a disturbance began; its number joins it to its end. `at` is when (Unix seconds), if not now."""
    number = next(numbers)
    data = {"fault": fault, "target": target, "number": number, **more}
    history.append("fault.began", source="harness", at=at, data=data)
    return number


def ended(history: History, fault: str, target: str, number: int, **more: object) -> None:
    """Records that the disturbance of that number is over."""
    data = {"fault": fault, "target": target, "number": number, **more}
    history.append("fault.ended", source="harness", data=data)
