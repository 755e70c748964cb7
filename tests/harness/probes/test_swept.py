"""What is removed by its score: the scores that were seen say which it was, or it is a gap."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import History
from harness.probes.entries import Entries
from harness.profile import Queue
from harness.wire.places import UNKNOWN, meaning_of

KEY, JOBS, WORKED = "rq:queue:default", ("j1", "j2"), "rq:wip:default"


def recorded(*commands: tuple[str, Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """The events of two jobs that were put and taken, and the gaps, after some commands with their replies."""
    history = History()
    entries = Entries(history, Queue.model_validate({"kind": "rq", "payload": "", "encoding": "json"}))
    given = [(f"RPUSH {KEY} {job}", number) for number, job in enumerate(JOBS, start=1)]
    given += [(f"LMOVE {KEY} {KEY}:intermediate LEFT RIGHT", job.encode()) for job in JOBS]
    given += [(f"ZADD {WORKED} 100 j1:a 200 j2:b", 2)]
    given += [(f"LREM {KEY}:intermediate 1 {job}", 1) for job in JOBS]
    for at, (command, reply) in enumerate((*given, *commands)):
        for said in meaning_of([word.encode() for word in command.split()], reply):
            entries.take({"process": "p", "at": float(at), **said})
        entries.flush()
    told = [event for event in history.events() if event.kind.startswith("queue.")]
    kept = [(event.kind.removeprefix("queue."), str(event.data["id"])) for event in told[4:]]
    return kept, [str(event.data["reason"]) for event in history.events("probe.gap") if "ZREM" in event.data["reason"]]


def sweep(low: object, high: object, *, counted: object) -> tuple[str, Any]:
    return f"ZREMRANGEBYSCORE {WORKED} {low} {high}", counted


@pytest.mark.parametrize(
    ("commands", "left"),
    [
        ([sweep(0, 150, counted=1)], ["j1"]),
        ([sweep(0, "+inf", counted=2)], ["j1", "j2"]),
        ([sweep("-inf", "(200", counted=1)], ["j1"]),
        ([sweep("(100", 200, counted=1)], ["j2"]),
        ([sweep(0, 50, counted=0)], []),
        # a sign of life: it has another score from now on
        ([(f"ZADD {WORKED} XX 300 j1:a", 0), sweep(0, 250, counted=1)], ["j2"]),
        # what has left by its name isn't there any more
        ([(f"ZREM {WORKED} j1:a", 1), sweep(0, 250, counted=1)], ["j1", "j2"]),
        # it goes back before it is swept, so that nobody has finished it
        ([(f"RPUSH {KEY} j1", 1), sweep(0, 150, counted=1)], []),
    ],
)
def test_what_is_swept_has_left(commands: list[tuple[str, Any]], left: list[str]) -> None:
    events, gaps = recorded(*commands)
    assert ([entry for kind, entry in events if kind == "acked"], gaps) == (left, [])


@pytest.mark.parametrize(
    "commands",
    [
        [sweep(0, 150, counted=2)],
        [sweep(0, 150, counted=UNKNOWN)],
        [sweep("x", "y", counted=1)],
        [(f"ZADD {WORKED} GT 300 j1:a", 0), sweep(0, 150, counted=1)],
        [(f"ZINCRBY {WORKED} 5 j1:a", b"105"), sweep(0, 150, counted=1)],
    ],
)
def test_where_the_scores_dont_say_which_it_is_a_gap(commands: list[tuple[str, Any]]) -> None:
    events, gaps = recorded(*commands)
    assert [kind for kind, _ in events if kind == "acked"] == []
    assert len(gaps) == 1
