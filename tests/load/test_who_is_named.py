"""Where a message's time went, who was at a limit, and who is named for it, from records made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import History, key
from harness.load.blame import Blamed, blamed
from harness.load.histogram import Histogram
from harness.load.judge import Punctuality
from harness.load.limits import Limits, limits
from harness.load.meter import Meter
from harness.load.parts import PARTS, Spent, spent
from harness.load.plan import Plan
from harness.load.schedule import arrivals
from harness.profile import Profile
from harness.reports.load_table import MEANING

PLAN = Plan(rate=10, duration=1, gaps="uniform", mix={"api": 1})
ALL = arrivals(PLAN)
START = 1000.0


def loaded(
    *,
    late: float = 0.0,
    own: float = 0.0,
    queued: float = 0.01,
    called: float = 0.02,
    calls: int = 1,
    took: float = 0.1,
) -> Spent:
    """Ten messages, each with so many seconds to each step, and to each of its calls."""
    history = History()
    it = Meter(history, Profile(), PLAN, arrivals=ALL, start=START)
    for arrival in ALL:
        number, began = arrival.number, START + arrival.at + late
        it.started[number], it.own[number], it.kept[number] = began, own, 0.0
        it.reached["queued"][number] = began + queued
        it.reached["called"][number] = began + queued + called
        at = began + queued + called
        for call in range(calls):
            said = {"call": f"{number}/{call}"}
            history.append("provider.called", source="p", at=at, data=said, keys=[key("token", PLAN.token(number))])
            at += took
            answer: dict[str, Any] = {**said, "status": 429 if call < calls - 1 else 201}
            history.append(
                "provider.answered", source="p", at=at, data=answer | ({"wait_s": 1.0} if call < calls - 1 else {})
            )
            at += 1.0 if call < calls - 1 else 0.0
        it.reached["sent"][number] = at + 0.05
    return spent(history, it)


def shares(it: Spent) -> dict[str, int]:
    return {name: round(1000 * it.totals[name] / len(ALL)) for name in PARTS if it.totals[name] > 1e-9}


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({}, {"api": 10, "queue": 20, "provider": 100, "worker": 50}),
        ({"late": 0.3, "own": 0.3}, {"generator": 300, "api": 10, "queue": 20, "provider": 100, "worker": 50}),
        (
            {"late": 0.3, "own": 0.1},
            {"generator": 100, "users": 200, "api": 10, "queue": 20, "provider": 100, "worker": 50},
        ),
        ({"queued": 0.5, "called": 2.0}, {"api": 500, "queue": 2000, "provider": 100, "worker": 50}),
        ({"calls": 3}, {"api": 10, "queue": 20, "provider": 2300, "worker": 50}),
    ],
)
def test_each_second_of_a_message_belongs_to_one_part(given: dict[str, Any], parts: dict[str, int]) -> None:
    assert shares(loaded(**given)) == parts


def test_calls_are_counted_with_how_many_there_were_at_a_time() -> None:
    it = loaded(took=0.5)
    assert (it.calls, it.limited, it.messages) == (10, 0, 10)
    assert it.in_flight == pytest.approx(10 * 0.5 / 1.4, rel=0.01)
    assert loaded(calls=2).limited == 10


def test_each_part_is_explained() -> None:
    assert tuple(MEANING) == PARTS


def sample(
    at: float, machine: float, lag: int | None = 0, waits: dict[str, int] | None = None, **cpu: float
) -> dict[str, Any]:
    costs = {name.replace("_", "-"): {"cpu": share, "memory": 1.0} for name, share in cpu.items()}
    return {"at": at, "machine": machine, "lag": lag, "waits": waits, "costs": costs}


def test_shares_are_of_the_time_in_which_messages_arrived() -> None:
    rows = [
        sample(0.1, 5, worker_1=0.0),
        sample(0.6, 60, 4, {"Lock": 2}, worker_1=90.0, api_1=20.0),
        sample(1.1, 80, 8, {"Lock": 1, "processor": 1}, worker_1=100.0, api_1=20.0),
        sample(9.0, 1, 0, {}, worker_1=0.0),
    ]
    it = limits(rows, cores=2, until=2.0)
    assert it.processes == {"api-1": 20.0, "worker-1": 95.0}
    assert (it.busy, it.lag, it.full) == (70.0, 8, ["worker-1"])
    assert it.strangers == pytest.approx(70 - 115 / 2)
    assert it.waits == {"Lock": 1.5, "processor": 0.5}
    assert limits([], cores=2, until=2.0).lag is None
    unknown = limits([sample(0.1, 5), sample(0.6, 5, None)], cores=2, until=2.0)
    assert (unknown.lag, unknown.waits) == (None, {})


def on_time(*, late: int = 0, drops: int = 0) -> Punctuality:
    return Punctuality(
        scheduled=100,
        started=100 - drops,
        late=late,
        held_up=0,
        kept_off=frozenset(),
        own_drops=drops,
        limit=0.1,
        lateness=Histogram(),
    )


def at_limits(*, busy: float = 40, strangers: float = 0, waits: dict[str, float] | None = None, **cpu: float) -> Limits:
    processes = {name.replace("_", "-"): share for name, share in cpu.items()}
    return Limits(processes=processes, cores=2, busy=busy, strangers=strangers, waits=waits or {}, lag=0)


def named(it: Spent, limits: Limits, *, punctual: Punctuality | None = None, slow: bool = True) -> list[str]:
    found: list[Blamed] = blamed(punctual or on_time(), it, limits, share=0.05, slow=slow)
    assert all(one.why for one in found)
    return [one.party for one in found]


@pytest.mark.parametrize(
    ("it", "limits", "parties"),
    [
        (loaded(queued=2.0), at_limits(api_1=20), ["api"]),
        (loaded(late=2.0), at_limits(api_1=95), ["api"]),
        (loaded(took=2.0), at_limits(worker_1=20), ["provider"]),
        (loaded(called=3.0, took=2.0), at_limits(worker_1=20), ["provider"]),
        (loaded(called=3.0, took=2.0), at_limits(worker_1=97), ["worker"]),
        (loaded(called=3.0, took=0.01), at_limits(worker_1=20), ["worker"]),
        (loaded(called=3.0, took=0.01), at_limits(worker_1=20, waits={"Lock": 3}), ["postgres"]),
        (loaded(called=3.0, took=0.01, calls=2), at_limits(worker_1=97), ["provider"]),
        (loaded(took=2.0), at_limits(strangers=60, busy=100), ["machine", "provider"]),
    ],
)
def test_the_part_is_named_where_the_time_went(it: Spent, limits: Limits, parties: list[str]) -> None:
    assert named(it, limits) == parties


def test_the_generator_is_named_for_its_own_lateness_alone() -> None:
    it = loaded(late=2.0, own=2.0)
    assert named(it, at_limits(), punctual=on_time(late=50), slow=False) == ["generator"]
    assert named(it, at_limits(), punctual=on_time(drops=1), slow=False) == ["generator"]
    assert named(it, at_limits(), punctual=on_time(late=5), slow=False) == [], "that many may be late"
    assert named(loaded(took=3.0), at_limits(), punctual=on_time(late=50)) == ["generator", "provider"]


def test_a_full_machine_is_named_where_nothing_else_is() -> None:
    nothing = Spent()
    assert named(nothing, at_limits(busy=99)) == ["machine"]
    assert named(nothing, at_limits(busy=50)) == []
    assert named(loaded(took=2.0), at_limits(busy=99, worker_1=10)) == ["provider"]
