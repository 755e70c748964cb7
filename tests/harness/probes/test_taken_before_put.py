"""Whoever waits for an entry may be given it before the one who puts it there hears that it was put."""

from __future__ import annotations

from typing import Any

from harness.history import History
from harness.probes.entries import Entries
from harness.profile import Queue

KEY, JOB = "rq:queue:default", "rq:job:j1"
PAYLOAD = '{"message_id": "7"}'


def recorded(*said: dict[str, Any]) -> list[tuple[str, str | None, bool]]:
    queue = Queue.model_validate({"kind": "rq", "encoding": "json", "message_id": "/message_id"})
    history = History()
    entries = Entries(history, queue)
    for one in said:
        entries.take({"process": "p", **one})
    entries.settle()
    return [
        (event.kind.removeprefix("queue."), event.message_id, bool(event.data.get("again")))
        for event in history.events()
        if event.kind.startswith("queue.")
    ]


def taken(at: float) -> dict[str, Any]:
    return {"what": "took", "stream": KEY, "value": "j1", "into": f"{KEY}:intermediate", "at": at}


def put(at: float) -> list[dict[str, Any]]:
    pays = {"what": "put", "stream": JOB, "value": "data", "content": PAYLOAD, "at": at}
    return [pays, {"what": "put", "stream": KEY, "value": "j1", "at": at}]


def test_an_entry_that_was_taken_first_is_put_once_and_names_its_message() -> None:
    assert recorded(taken(2.0), *put(1.0)) == [("claimed", None, False), ("appended", "7", False)]


def test_one_that_is_put_later_than_it_was_taken_is_put_again() -> None:
    assert recorded(*put(1.0), taken(2.0), *put(3.0)) == [
        ("appended", "7", False),
        ("claimed", "7", False),
        ("appended", "7", True),
    ]


def test_one_that_stood_there_before_anything_was_seen_and_comes_back_names_its_message() -> None:
    assert recorded(taken(2.0), *put(3.0)) == [("claimed", None, False), ("appended", "7", True)]


def test_of_several_places_the_one_that_it_leaves_last_says_when_it_was_done() -> None:
    """One who says several things in a row is heard at once: each has its own time all the same."""
    queue = Queue.model_validate({"kind": "rq", "encoding": "json", "message_id": "/message_id"})
    history = History()
    entries = Entries(history, queue)
    marked = {"what": "put", "stream": "rq:wip:default", "value": "j1:e1", "at": 2.0}
    begun = {"what": "removed", "stream": f"{KEY}:intermediate", "value": "j1", "perhaps": True, "at": 3.0}
    done = {"what": "removed", "stream": "rq:wip:default", "value": "j1:e1", "perhaps": True, "at": 5.0}
    for one in [*put(1.0), marked, begun, done]:
        entries.take({"process": "", "batch": "127.0.0.1:1", **one})
    entries.settle()
    (acked,) = history.events("queue.acked")
    assert acked.at == 5.0
