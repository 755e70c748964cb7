"""Whose fault a flip is: the stack's where its record is wrong, the machine's where load does it, else the test's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.errors import UsageError
from harness.history import Event, read_runs
from harness.shaking.case import AtFault, Case
from harness.shaking.disturbance import Disturbed, shown, shown_time
from harness.shaking.runs import Run, Told

LATE_S: Final = 0.02
"""How late a process may be woken on a machine that has time."""
SLOWING: Final = ("worker=slow", "provider=slow", "database=slow", "pause=worker", "order=api-first")
HANGS_ON: Final = {
    "order=worker-first": "it looks at a state that moves: the worker was done before the look",
    "api=slow": "it looks at a state that moves: the worker was done before the API's answer was there",
    "webhook=slow": "it races with the webhook, and loses where that comes later",
    "order=callback-first": "it counts on the webhook coming after the provider's answer",
    "order=crash-before-ack": "it counts on one try: the stack took the message up again, as it claims",
    "order=crash-after-ack": "it counts on a worker that is never restarted; the record is right",
    "pause=api": "its deadline leaves the API no time",
    "state=left-over": "it counts on things that are shared: what other messages left is counted, too",
    "clock=scale": "its own deadline is too short",
}


def blame(case: Case, disturbed: Disturbed, *, failed: Sequence[Run], passed: Run) -> tuple[AtFault, str]:
    """Who is at fault for a test that fails with a disturbance and passes without it, and why."""
    name = case.name
    wrong = next((said for run in failed if (said := run.wrong(name))), "")
    if wrong and not passed.wrong(name):
        return "stack", f"the record of the failing run is judged wrong: {wrong}"
    refused = errors_of_api(failed[-1], name)
    if refused and not errors_of_api(passed, name):
        return "stack", f"the API answered {refused[0].data['status']} with {shown(disturbed)}, which it should outlast"
    told, well = failed[-1].tests[name], passed.tests[name]
    if all(one.family == "machine" for one in disturbed) and disturbed:
        return "machine", of_machine(case, told, well)
    return "test", of_test(disturbed, told, well)


def of_machine(case: Case, told: Told, well: Told) -> str:
    """The machine's: no delay of the pipeline did it, so what was late is what the machine runs itself."""
    tried = {one.sort.name for run in case.those(failed=False) for one in run.disturbed if one.family == "pipeline"}
    late = f"; its process was woken {shown_time(told.late_s)} late" if told.late_s > LATE_S else ""
    calm = f", {shown_time(well.late_s)} without it" if late and well.late_s > 0 else ""
    return (
        f"it fails only where the machine has more to do{late}{calm}; "
        f"with the pipeline itself slower ({len(tried)} ways) it passed"
    )


def of_test(disturbed: Disturbed, told: Told, well: Told) -> str:
    names = [one.sort.name for one in disturbed]
    if {"order=worker-first", "provider=slow"} <= set(names):
        return "it looks once at a state that moves, and met one in between that it doesn't know of"
    known = [HANGS_ON[name] for name in names if name in HANGS_ON]
    if known:
        return known[0]
    if any(name in SLOWING for name in names):
        took, usual = told.ended - told.began, well.ended - well.began
        slow = max(one.strength for one in disturbed)
        if took > usual + 0.5 * slow and took > 2 * usual:
            return (
                f"its deadline is too short: it gave up at {shown_time(round(took, 3))}, before what it waits for came"
            )
        return "it looks once at a state that moves, or after a time that it takes for enough: what it wants came later"
    return f"it passes without {shown(disturbed)}, and the record is right both times"


def errors_of_api(run: Run, name: str) -> list[Event]:
    """The API's own errors while a test ran, where the harness sent the requests."""
    told = run.tests.get(name)
    if told is None:
        return []
    return [
        event
        for event in events_of(run)
        if event.kind == "api.answered"
        and told.began <= event.at <= told.ended
        and isinstance(event.data.get("status"), int)
        and event.data["status"] >= 500
    ]


def events_of(run: Run) -> list[Event]:
    """The record of a run; empty where it has none that can be read."""
    try:
        return [event for history in read_runs(run.directory / "history.jsonl") for event in history.events()]
    except UsageError:
        return []
