"""What a record says of itself: what it may have missed, how its clocks differ, what was disturbed when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import Script, made, window

from harness.history import Event, Flow, History, key
from harness.history.facts import SAME_CLOCK_S, Facts
from harness.history.facts import offsets as measured_offsets
from harness.history.flow import GIVE_UP_S


def facts(script: Script) -> Facts:
    return Facts(script.history)


def declared(*kinds: str) -> Script:
    return Script().add("probe.started", at=0, source="any", kinds=list(kinds))


ALL = declared("queue.appended", "database.status", "provider.called", "callback.sent")


def gap(script: Script, source: str = "queue", **data: Any) -> Script:
    return script.add("probe.gap", at=1, source=source, **{"reason": "it was away", **data})


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("queue.appended", "[queue] url names the Redis"),
        ("database.status", "[database] url names the stack's database"),
        ("provider.called", "[providers] url names our mock providers, and the stack's base URLs"),
        ("callback.sent", "[providers] url names our mock providers, and its accounts"),
    ],
)
def test_what_no_probe_declares_is_unseen_with_what_would_show_it(kind: str, remedy: str) -> None:
    hidden = facts(Script()).unseen(kind)
    assert hidden is not None
    assert (hidden.reason, hidden.gap, hidden.lasting) == (f"nothing here shows {kind}", None, True)
    assert hidden.remedy.startswith(remedy)
    assert str(hidden) == f"{hidden.reason}; to know: {hidden.remedy}"
    assert facts(ALL).unseen(kind) is None


def test_the_first_kind_that_is_unseen_is_told() -> None:
    hidden = facts(declared("queue.appended")).unseen("queue.appended", "database.status", "provider.called")
    assert hidden is not None
    assert hidden.reason == "nothing here shows database.status"
    assert facts(Script()).unseen("worker.log") is None, "nobody has to declare it"


@pytest.mark.parametrize(
    ("source", "hides"),
    [
        ("queue", {"queue.appended"}),
        ("database", {"database.status"}),
        ("providers", {"provider.called", "callback.sent"}),
        ("deploy", set()),
    ],
)
def test_a_gap_hides_what_its_source_shows(source: str, hides: set[str]) -> None:
    known = facts(gap(ALL, source))
    kinds = ("queue.appended", "database.status", "provider.called", "callback.sent")
    assert {kind for kind in kinds if known.unseen(kind)} == hides


def test_a_gap_that_names_kinds_hides_those() -> None:
    known = facts(gap(ALL, kinds=["queue.acked"], remedy="look again"))
    assert known.unseen("queue.appended") is None
    hidden = known.unseen("queue.appended", "queue.acked")
    assert hidden is not None
    assert str(hidden) == "it was away; to know: look again"
    assert hidden.gap is known.history.last
    assert not hidden.lasting
    bare = facts(gap(ALL)).unseen("queue.appended")
    assert str(bare) == "it was away"


@pytest.mark.parametrize(("lasting", "places"), [(False, [0, 1]), (True, [0, 1, 2, 9])])
def test_a_gap_hides_what_came_before_it_and_a_lasting_one_all(lasting: bool, places: list[int]) -> None:
    known = facts(gap(ALL, lasting=lasting).add("queue.acked", at=2))
    assert [place for place in (0, 1, 2, 9) if known.unseen("queue.appended", since=place)] == places


@pytest.mark.parametrize(
    ("kind", "excused"), [("queue.claimed", True), ("queue.acked", True), ("queue.deleted", False)]
)
def test_another_group_hides_nothing_once_ours_is_at_work(kind: str, excused: bool) -> None:
    script = gap(ALL, lasting=True, other_group="audit")
    assert facts(script).unseen("queue.appended") is not None
    assert (facts(script.add(kind, at=2)).unseen("queue.appended") is None) is excused


def test_behind_a_gap_that_is_beside_another_one_counts() -> None:
    script = gap(gap(ALL, lasting=True, other_group="audit", reason="beside"), reason="ours", lasting=True)
    hidden = facts(script.add("queue.claimed", at=2)).unseen("queue.appended")
    assert hidden is not None
    assert hidden.reason == "ours"


@pytest.mark.parametrize(
    ("name", "untold", "known"),
    [
        ("token:a", False, True),
        ("provider:SM1", False, True),
        ("call:1", False, True),
        ("message:m", False, False),
        ("token:a", True, False),
    ],
)
def test_a_call_is_known_by_its_text_or_the_providers_id(name: str, untold: bool, known: bool) -> None:
    flow = Flow([made("database.inserted", at=0, keys=[name], **({"untold": True} if untold else {}))])
    apart = facts(ALL).apart(flow, "queue.acked", "provider.called")
    assert (apart is None) is known
    assert facts(ALL).apart(flow, "queue.acked") is None
    if apart is not None:
        assert apart.remedy == "[database] url, and in it the columns body and provider_id"


def measured(*offsets: float, error: float = 0.01, **data: Any) -> Script:
    script = Script()
    for offset in offsets:
        script = script.add("clock.measured", at=0, source="database", offset_s=offset, error_s=error, **data)
    return script


def test_clocks_that_differ_leave_what_is_close_open() -> None:
    """The database is 1 s ahead, within 10 ms; its event at 2 s was at 1 s by our clock."""
    for other, before in [(0.985, False), (0.995, None), (1.005, None), (1.015, True)]:
        script = measured(1.0).add("database.status", at=2000).add("queue.acked", at=other * 1000)
        *_, row, ack = script.history.events()
        known = Facts(script.history)
        assert known.earlier(row, ack) is before, other
        assert known.earlier(ack, row) is (None if before is None else not before), other


def test_one_source_knows_its_own_order_however_wrong_its_clock() -> None:
    script = measured(1.0).add("database.inserted", at=1).add("database.status", at=2).add("database.status", at=2)
    _, first, second, third = script.history.events()
    known = Facts(script.history)
    assert (known.earlier(first, second), known.earlier(second, first)) == (True, False)
    assert known.earlier(second, third) is True, "it tells in its order"


@pytest.mark.parametrize(
    ("offsets", "error", "here", "differs"),
    [
        ([0.005], 0.01, True, False),  # within its own error, on this machine
        ([0.011], 0.01, True, True),
        ([SAME_CLOCK_S / 2], 0.01, False, False),
        ([SAME_CLOCK_S * 2], 0.01, False, True),  # elsewhere an error is no excuse
        ([0.0, -0.011], 0.01, True, True),
        ([SAME_CLOCK_S / 2], SAME_CLOCK_S / 4, False, True),
    ],
)
def test_when_two_clocks_are_one(offsets: list[float], error: float, here: bool, differs: bool) -> None:
    known = measured_offsets(measured(*offsets, error=error, here=here).history.events())
    assert list(known) == (["database"] if differs else [])


def test_a_clock_that_moved_is_as_uncertain_as_it_moved() -> None:
    script = measured(1.0, 1.2).add("database.status", at=2000)
    (row,) = script.history.events("database.status")
    known = Facts(script.history)
    assert [known.earlier(row, made("queue.acked", at=at)) for at in (780, 800, 1000, 1020)] == [
        False,
        None,
        None,
        True,
    ]
    assert measured_offsets(script.history.events("clock.measured"))["database"] == pytest.approx((1.1, 0.11))


def test_outages_in_the_order_of_their_beginning() -> None:
    def cut(number: int, *, ended: bool = False) -> Event:
        kind = "fault.ended" if ended else "fault.began"
        return made(kind, at=number, fault="cut", target=f"link {number}", number=number, recovers_s=1)

    script = Script([cut(1), window(5, "hold", "worker", at=0), cut(2), cut(2, ended=True), cut(1, ended=True)])
    assert [one.target for one in facts(script).windows()] == ["link 2", "link 1", "worker"]
    assert [one.target for one in facts(script).outages()] == ["link 1", "link 2"]


@pytest.mark.parametrize(
    ("fault", "data", "waits"),
    [("hold", {}, True), ("gate", {}, True), ("kill", {}, False), ("cut", {"recovers_s": 0}, True), ("cut", {}, False)],
)
def test_whoever_is_asked_may_have_to_wait_while_something_is_on(fault: str, data: dict[str, Any], waits: bool) -> None:
    on = Script().add("fault.began", at=0, fault=fault, target="worker", number=1, **data)
    assert facts(on).keeps_waiting() is waits
    assert facts(on).disturbed(fault) is facts(on).disturbed() is True
    assert not facts(on).disturbed(fault, target="api")
    over = on.add("fault.ended", at=1, fault=fault, target="worker", number=1, **data)
    assert not facts(over).keeps_waiting()
    assert not facts(over).disturbed()


def test_windows_of_some_faults_between_two_times() -> None:
    events = [window(1, "hold", "worker", at=0), window(1, "hold", "worker", at=0, ended=True)]
    known = facts(Script([*events, window(2, "kill", "api", at=0)]))  # seen at 0, 1 and 2 ms
    assert [one.fault for one in known.windows()] == ["hold", "kill"]
    assert [one.fault for one in known.windows(since=0.0015)] == ["kill"]
    assert [one.fault for one in known.windows(until=0.0015)] == ["hold"]
    assert [one.fault for one in known.windows("kill", "gate")] == ["kill"]
    assert [one.fault for one in known.windows("hold", "kill", target="worker")] == ["hold"]


def gated(*told: str, seconds: float = 0.1, hits: int | None = None, before: int = 0) -> tuple[Facts, int]:
    """A gate that was on so long, with what its source told of it; `before` of that is of an earlier gate's time."""
    events = [replace(made(kind, at=0, gate=1), seen=0.0) for kind in told[:before]]
    events.append(replace(made("fault.began", at=1, fault="gate", target="api", number=1), seen=1.0))
    events += [replace(made(kind, at=2, gate=1), seen=1.0) for kind in told[before:]]
    ended = made("fault.ended", at=3, fault="gate", target="api", number=1, hits=len(told) if hits is None else hits)
    known = Facts(History.of([*events, replace(ended, seen=1.0 + seconds)]))
    (gate,) = known.windows()
    return known, known.hits(gate)


@pytest.mark.parametrize(
    ("told", "seconds", "before", "explains"),
    [
        ([], 9.0, 0, False),
        (["fault.hit"], GIVE_UP_S / 2, 0, False),
        (["fault.hit"], GIVE_UP_S, 0, True),
        (["fault.hit", "fault.hit"], 0.1, 0, True),
        (["fault.left"], 0.1, 0, True),
        (["fault.left", "fault.hit"], 0.1, 1, False),
    ],
)
def test_who_waited_at_a_gate_has_given_up(told: list[str], seconds: float, before: int, explains: bool) -> None:
    known, hits = gated(*told, seconds=seconds, before=before)
    assert known.explains(known.windows()[0]) is explains
    assert hits == told.count("fault.hit")


@pytest.mark.parametrize(
    ("fault", "explains"),
    [
        ("hold", False),
        ("gate", False),
        ("provider", False),
        ("lock", False),
        ("poison", False),
        ("kill", True),
        ("restart", True),
        ("cut", True),
    ],
)
def test_which_disturbances_explain_that_something_was_done_again(fault: str, explains: bool) -> None:
    known = facts(Script([window(1, fault, "worker", at=0)]))
    assert known.explains(known.windows()[0]) is explains


def test_an_event_named_by_two_keys_is_of_one_flow() -> None:
    history = Script([made("provider.called", at=0, keys=[key("call", 1), key("token", "a")])]).history
    assert history.same_flow("call:1", "token:a")
