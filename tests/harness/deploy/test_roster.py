"""What the history is told of processes, in whatever order their news come."""

from __future__ import annotations

from harness.deploy.processes import Process
from harness.deploy.roster import Roster
from harness.history import History


def process(name: str, role: str, *, member: bool = True) -> Process:
    return Process(name=name, role=role, pid=1, output=-1, member=member)


def told(history: History) -> list[tuple[str, str]]:
    return [(event.kind, event.data["process"]) for event in history.events("process.started", "process.exited")]


def test_who_ends_before_his_start_is_told_has_started_first() -> None:
    history = History()
    roster = Roster(history)
    worker = process("mail-1", "worker")
    worker.end(1)
    roster.exited(worker)
    assert told(history) == []
    roster.started(worker)
    assert told(history) == [("process.started", "mail-1"), ("process.exited", "mail-1")]


def test_a_part_of_ours_and_a_process_of_that_role_are_two() -> None:
    history = History()
    roster = Roster(history)
    theirs, ours = process("queue-1", "queue"), process("redis", "queue", member=False)
    roster.started(theirs)
    theirs.end(1)
    roster.exited(theirs)
    assert history.events("part.died") == []
    ours.end(1)
    roster.exited(ours)
    assert [event.data["part"] for event in history.events("part.died")] == ["Redis"]


def test_a_name_is_free_again_once_its_process_has_ended() -> None:
    roster = Roster(History())
    one = process("mail-1", "worker")
    roster.started(one)
    assert roster.free_name("mail") == "mail-2"
    assert roster.free_name("texts") == "texts-1"
    one.end(0)
    assert roster.free_name("mail") == "mail-1"


def test_a_process_may_be_kept_from_names_that_are_free() -> None:
    roster = Roster(History())
    one = process("mail-1", "worker")
    roster.started(one)
    assert roster.free_name("mail", but=["mail-2"]) == "mail-3"
    one.end(0)
    assert roster.free_name("mail", but=["mail-1"]) == "mail-2"
