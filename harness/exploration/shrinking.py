"""Makes a program that failed smaller, for as long as there is time: what is kept has failed as it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from harness.exploration.finding import Finding
from harness.exploration.steps import Program, without_orphans

ABOUT_MESSAGES: Final = frozenset(
    ("send", "again", "invalid", "reply", "deliver", "first_replies", "report", "report_batch", "send_reported_early")
)
Attempt = Callable[[Program], Finding | None]


def smallest(found: Finding, attempt: Attempt, *, until: float) -> tuple[Finding, bool]:
    """The smallest program that failed before a monotonic time, and whether any has failed again.

    First what only the messages that are blamed need, then halves, then single steps.
    """
    best, again, tried = found, False, set[tuple[str, ...]]()
    while True:
        for program in candidates(best):
            lines = tuple(step.line for step in program)
            if lines in tried:
                continue
            if time.monotonic() >= until:
                return best, again
            tried.add(lines)
            other = attempt(program)
            if other is not None and other.refuted:
                again = True
                if other.size < best.size:
                    best = other
                    break  # from here on
        else:
            return best, again


def candidates(found: Finding) -> Iterator[Program]:
    """Smaller programs, those first that leave out the most; the whole one again before single steps are left out."""
    program = list(found.program)
    if found.blamed and len(found.blamed) < len(program):
        first = {min(found.blamed)}
        for guilty in (first, found.blamed):
            yield only(program, guilty, disturbed=False)
            yield only(program, guilty, disturbed=True)
    size = len(program) // 2
    while size >= 1:
        for begin in range(0, len(program), size):
            rest = [*program[:begin], *program[begin + size :]]
            if rest:
                yield list(without_orphans(rest))
        if size == len(program) // 2:
            yield program
        size //= 2


def only(program: Program, guilty: set[int] | frozenset[int], *, disturbed: bool) -> Program:
    """The steps that made some messages, with what those need and what was done to them; with disturbances, or not."""
    names = {program[number].name for number in guilty} - {""}
    for number in guilty:
        names |= program[number].needs
    kept = [
        step
        for number, step in enumerate(program)
        if number in guilty or step.name in names or step.needs & names or (disturbed and not makes(step.verb))
    ]
    return list(without_orphans(kept))


def makes(verb: str) -> bool:
    """Whether a step is about single messages, and no disturbance of the stack."""
    return verb in ABOUT_MESSAGES
