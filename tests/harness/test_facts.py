"""What the record says of the run itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import Script, made, started, window

from harness.history import History
from harness.history.facts import Facts


def facts(script: Script) -> Facts:
    return Facts(script.history)


def exited(process: str, code: int = 1) -> Script:
    event = made("process.exited", at=1, source="deploy", process=process, role="worker", code=code)
    return Script([*started("api", "worker").events, event])


def test_who_is_alive() -> None:
    assert facts(started("api", "worker")).alive("worker") == ["worker-1"]
    assert facts(exited("worker-1")).alive("worker") == []
    assert facts(exited("worker-1")).alive("api") == ["api-1"]


def test_nobody_takes_an_entry() -> None:
    assert facts(started("api", "worker")).no_consumer() is None
    assert facts(started("api")).no_consumer() == "no consumer: no worker was ever started"
    assert facts(exited("worker-1", -9)).no_consumer() == "no consumer: worker-1, the last worker, ended with -9"
    assert facts(Script()).no_consumer() is None  # an attached stack tells of no process


def test_who_is_missing_because_this_run_ended_him_is_told_as_such() -> None:
    before = Script([*exited("worker-1").events[:-1], window(1, "kill", "worker", at=1), exited("worker-1").events[-1]])
    told = facts(before).no_consumer()
    assert told is not None
    assert told.endswith("; this run ended it, and didn't start it again")
    again = before.add("process.started", at=3, process="worker-1", role="worker", pid=2)
    own = facts(again.add("process.exited", at=4, process="worker-1", role="worker", code=1)).no_consumer()
    assert own == "no consumer: worker-1, the last worker, ended with 1"


def test_a_restarted_worker_is_a_consumer() -> None:
    script = exited("worker-1").add("process.started", at=2, process="worker-1", role="worker", pid=2)
    assert facts(script).no_consumer() is None


def test_windows_are_joined_by_their_number() -> None:
    events = [
        window(1, "hold", "worker", at=0),
        window(2, "kill", "api", at=1),
        window(1, "hold", "worker", at=2, ended=True),
        window(9, "hold", "worker", at=3, ended=True),
    ]
    known = facts(Script(events))
    assert [(w.fault, w.ended is None) for w in known.windows()] == [("hold", False), ("kill", True)]
    assert known.windows("hold", target="api") == []


def test_holds_gates_and_faults_of_providers_explain_no_duplicate() -> None:
    events = [made("queue.appended", at=0)]
    for number, fault in enumerate(("hold", "gate", "provider", "kill")):
        events.append(window(number, fault, "worker", at=1))
    events.append(made("queue.appended", at=2))
    history = Script(events).history
    first, *_, last = history.events()
    assert [w.fault for w in Facts(history).disturbances(first, last)] == ["kill"]


@pytest.mark.parametrize(("seconds", "hits", "explains"), [(5, 1, True), (0.01, 1, False), (5, 0, False)])
def test_a_gate_that_outlasted_a_clients_patience_explains_a_second_try(
    seconds: float, hits: int, explains: bool
) -> None:
    """A client whose answer is withheld for long gives up and says it again."""
    history = History.of(
        replace(event, seen=seen)
        for event, seen in (
            (made("queue.appended", at=0), 0.0),
            (made("fault.began", at=1, fault="gate", target="api", number=1), 0.1),
            (made("fault.ended", at=2, fault="gate", target="api", number=1, hits=hits), 0.1 + seconds),
            (made("queue.appended", at=3), seconds),
        )
    )
    first, *_, last = history.events()
    assert bool(Facts(history).disturbances(first, last)) is explains


@pytest.mark.parametrize(
    ("told", "explains"),
    [(["fault.hit"], False), (["fault.hit", "fault.hit"], True), (["fault.hit", "fault.left"], True)],
)
def test_a_short_gate_explains_a_second_try_of_who_hung_up_or_said_it_again(told: list[str], explains: bool) -> None:
    """The message came before the gate was opened; what was withheld stands on the stream after that."""
    history = Script(
        [
            made("api.requested", at=0),
            made("fault.began", at=1, fault="gate", target="api", number=1),
            *(made(kind, at=2, source="queue", fault="gate", gate=1, target="api-1") for kind in told),
            made("fault.ended", at=3, fault="gate", target="api", number=1, hits=told.count("fault.hit")),
            made("queue.appended", at=4),
            made("queue.appended", at=5),
        ]
    ).history
    begin, *_, first, last = history.events()
    assert bool(Facts(history).disturbances(begin, last)) is explains
    assert not Facts(history).disturbances(first, last), "a message that began after the gate was opened"


def test_of_a_role_that_the_profile_does_not_name_nobody_knows_who_does_its_work() -> None:
    script = Script().add("probe.started", at=0, source="deploy", kinds=[], roles=["api"])
    script = script.add("process.started", at=1, source="deploy", process="api-1", role="api", pid=1)
    known = facts(script)
    assert (known.named("api"), known.named("worker")) == (True, False)
    assert known.no_consumer() is None
    assert not known.gone("worker")


@pytest.mark.parametrize(
    ("kind", "stream", "excused"),
    [
        ("queue.appended", "message_queue:sms", True),
        ("queue.claimed", "message_queue:sms", True),
        ("queue.deleted", "message_queue:sms", False),
        ("queue.appended", "message_queue:email", False),
    ],
)
def test_a_stream_of_the_same_name_in_another_database_hides_nothing_once_ours_is_at_work(
    kind: str, stream: str, excused: bool
) -> None:
    gap = {"reason": "elsewhere", "kinds": ["queue."], "lasting": True, "stream": "message_queue:sms"}
    script = started("api", "worker").add("probe.gap", at=0, source="queue", other_database=5, **gap)
    assert facts(script).unseen("queue.appended") is not None
    assert (facts(script.add(kind, at=1, stream=stream)).unseen("queue.appended") is None) is excused


@pytest.mark.parametrize(
    ("other", "before", "behind"),
    [(0.5, False, True), (1.0, None, True), (2.0, None, None), (3.0, True, None), (3.5, True, False)],
)
def test_an_event_of_which_only_bounds_are_known(other: float, before: bool | None, behind: bool | None) -> None:
    """A row that was written at 1 ms and read at 3 ms was committed somewhere between."""
    bounded = made("database.status", at=1, until=made("database.status", at=3).at)
    point = made("provider.answered", at=other)
    known = facts(Script([bounded, point]))
    assert (known.earlier(bounded, point), known.earlier(point, bounded)) == (before, behind)


def test_time_that_was_withheld_is_counted_once_however_many_withheld_it() -> None:
    script = Script([window(1, "hold", "worker", at=0), window(2, "gate", "api", at=1), window(3, "kill", "api", at=1)])
    script = Script(
        [*script.events, window(1, "hold", "worker", at=2, ended=True), window(3, "kill", "api", at=3, ended=True)]
    )
    known = facts(Script([*script.events, window(2, "gate", "api", at=4, ended=True), window(4, "hold", "api", at=6)]))
    # `seen` is the place in the history, in milliseconds: held from 0 to 3, at a gate from 1 to 5, held again from 6 on
    assert known.withheld(0.0, 0.005) == pytest.approx(0.005)
    assert known.withheld(0.004, 0.0055) == pytest.approx(0.001)
    assert known.withheld(0.005, 0.006) == 0.0
    assert known.withheld(0.005, 0.010) == pytest.approx(0.004)
