"""An entry that a script or a transaction removes from its queue and writes to where taken ones stand is moved."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import History
from harness.probes.entries import Entries
from harness.profile import Queue

KEY, WORKING = "due", "taken:worker-1"
PUT = {"what": "put", "stream": KEY, "value": "7", "at": 1.0, "batch": "a"}
REMOVED = {"what": "removed", "stream": KEY, "value": "7", "at": 2.0, "batch": "b"}
MARKED = {"what": "put", "stream": WORKING, "value": "7", "at": 2.0, "batch": "b"}
DONE = {"what": "removed", "stream": WORKING, "value": "7", "at": 3.0, "batch": "c"}


def recorded(*said: dict[str, Any], kind: str = "sorted-set", finish: str = "ack") -> list[tuple[str, str]]:
    document = {"kind": kind, "keys": {"sms": KEY}, "taken": "taken:*", "message_id": "", "finish": finish}
    history = History()
    entries = Entries(history, Queue.model_validate(document))
    for one in said:
        entries.take({"process": "p", **one})
    entries.settle()
    return [
        (event.kind.removeprefix("queue."), event.data["id"])
        for event in history.events()
        if event.kind.startswith("queue.")
    ]


@pytest.mark.parametrize("kind", ["sorted-set", "list"])
@pytest.mark.parametrize("move", [(REMOVED, MARKED), (MARKED, REMOVED)], ids=["removed first", "marked first"])
def test_what_is_removed_and_marked_in_one_go_is_taken(move: tuple[dict[str, Any], ...], kind: str) -> None:
    assert recorded(PUT, *move, DONE, kind=kind) == [("appended", "7"), ("claimed", "7"), ("acked", "7")]


def test_what_is_removed_and_put_back_in_one_go_stands_there_still() -> None:
    back = {**PUT, "at": 2.0, "batch": "b"}
    assert recorded(PUT, REMOVED, back) == [("appended", "7")]


def test_what_is_only_removed_is_deleted() -> None:
    assert recorded(PUT, REMOVED) == [("appended", "7"), ("deleted", "7")]


def test_where_it_stands_in_its_place_until_it_is_done_its_removal_is_its_end() -> None:
    said = recorded(PUT, MARKED, {**REMOVED, "at": 3.0, "batch": "c"}, DONE, finish="ack-delete")
    assert said == [("appended", "7"), ("claimed", "7"), ("deleted", "7")]


def test_what_is_heard_of_a_script_only_after_the_wire_told_of_its_end_is_no_second_entry() -> None:
    unanswered = {**REMOVED, "perhaps": True}
    assert recorded(PUT, DONE, unanswered, MARKED) == [("appended", "7"), ("acked", "7"), ("claimed", "7")]


def test_what_went_back_before_its_taking_was_heard_of_still_waits() -> None:
    left, back = {**DONE, "at": 3.0}, {**PUT, "at": 3.0, "batch": "c"}
    again = [{**one, "at": one["at"] + 2.0, "batch": one["batch"] * 2} for one in (REMOVED, MARKED, DONE)]
    heard = recorded(PUT, left, back, MARKED, *again)
    assert [what for what, _ in heard] == ["appended", "appended", "claimed", "claimed", "acked"]
    assert {name for _, name in heard} == {"7"}
