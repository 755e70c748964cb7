"""Which threshold a load holds, breaks, or leaves open, by what the generator itself made late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness.checks import Account
from harness.history import History
from harness.load.holding import Known, judged, thresholds_held
from harness.load.meter import Meter
from harness.load.plan import Plan
from harness.load.schedule import arrivals
from harness.profile import Profile
from harness.profile.thresholds import threshold

PLAN = Plan(rate=10, duration=10, gaps="uniform", mix={"api": 1})
ALL = arrivals(PLAN)
NOTHING = Account(fates={})


def meter(
    sent: Mapping[int, float], *, own: Mapping[int, float] | None = None, kept: Mapping[int, float] | None = None
) -> Meter:
    """A load of which some messages were sent so many seconds after they were due."""
    it = Meter(History(), Profile(), PLAN, arrivals=ALL, start=1000.0)
    for arrival in ALL:
        it.started[arrival.number] = 1000.0 + arrival.at
        if arrival.number in sent:
            it.reached["sent"][arrival.number] = 1000.0 + arrival.at + sent[arrival.number]
    it.own.update(own or {})
    it.kept.update(kept or {})
    return it


EVERY = {a.number: 0.1 for a in ALL}
SLOW = {**EVERY, **dict.fromkeys(range(50, 60), 0.9)}


def asked(text: str, it: Meter, **known: Any) -> bool | None:
    return judged(threshold(text), it, Known(**{"account": NOTHING, "until": 2000.0, **known})).holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p90 of sent <= 200 ms", True),
        ("p91 of sent <= 200 ms", False),
        ("p91 of sent <= 900 ms", True),
        ("max of sent <= 899 ms", False),
        ("p50 of api sent <= 101 ms", True),
        ("p50 of queue sent <= 101 ms", None),
        ("p50 of stored <= 1 s", None),
    ],
)
def test_a_latency_counts_from_the_intended_start(text: str, holds: bool | None) -> None:
    assert asked(text, meter(SLOW)) is holds


def test_what_the_generator_made_late_breaks_nothing_and_holds_nothing() -> None:
    text = "p99 of sent <= 200 ms"
    assert asked(text, meter(SLOW, own=dict.fromkeys(range(50, 60), 0.8))) is None
    assert asked(text, meter(SLOW, own=dict.fromkeys(range(50, 60), 0.5))) is False, "0.4 s are the stack's"
    assert (
        asked(text, meter(SLOW, own=dict.fromkeys(range(50, 60), 0.4), kept=dict.fromkeys(range(50, 60), 0.4))) is None
    )


def test_a_message_that_never_came_to_the_stage_took_for_ever() -> None:
    some = dict.fromkeys(range(10, 100), 0.1)
    it = meter(some)
    assert asked("p99 of sent <= 1 s", it) is True, "nobody says that the others were taken"
    it.reached["accepted"].update(dict.fromkeys(range(10), 1000.0))
    assert asked("p99 of sent <= 1 s", it) is False
    assert asked("p90 of sent <= 1 s", it) is True
    it._ended.update(range(10))
    assert asked("p99 of sent <= 1 s", it) is True, "they came to another end"
    assert asked("p99 of sent <= 1 s", meter(some), kept_off=tuple(range(10))) is False, "they never started"


def test_messages_of_the_warm_up_are_not_asked_about() -> None:
    slow_at_first = {a.number: 5.0 if a.at < 2 else 0.1 for a in ALL}
    assert asked("max of sent <= 200 ms", meter(slow_at_first)) is False
    assert asked("max of sent <= 200 ms", meter(slow_at_first), since=2.0) is True


def test_a_rate_is_broken_by_the_stack_alone() -> None:
    half = {a.number: 0.1 for a in ALL[::2]}
    assert asked("rate >= 9", meter(EVERY)) is True
    assert asked("rate >= 9", meter(half)) is False
    assert asked("rate >= 9", meter(half), intended=False) is None, "the generator brought less"
    assert asked("rate >= 20", meter(EVERY)) is None, "this load brings 10"


def test_the_verdict_is_the_worst_and_a_load_that_was_not_intended_holds_nothing() -> None:
    def verdict(*texts: str, intended: bool = True) -> tuple[str, str]:
        known = Known(account=NOTHING, intended=intended)
        found, _ = thresholds_held([*map(threshold, texts)], meter(SLOW), known)
        assert found is not None
        return found.outcome, found.reason

    assert verdict("p90 of sent <= 1 s", "lost = 0") == ("pass", "p90 of sent <= 1 s: 100.0 ms; lost = 0: 0")
    assert verdict("p90 of sent <= 1 s", "max of sent <= 1 ms") == ("fail", "max of sent <= 1 ms: 900.0 ms")
    assert verdict("p90 of sent <= 1 s", "rate >= 50")[0] == "unknown"
    assert verdict("p90 of sent <= 1 s", intended=False)[0] == "unknown"
    assert verdict("max of sent <= 1 ms", intended=False)[0] == "fail"
    assert thresholds_held([], meter(SLOW), Known(account=NOTHING)) == (None, [])


def test_what_was_not_looked_for_long_enough_or_not_seen_breaks_nothing() -> None:
    it = meter(dict.fromkeys(range(10, 100), 0.1))
    it.reached["accepted"].update(dict.fromkeys(range(10), 1000.0))
    assert asked("p99 of sent <= 20 s", it, until=1015.0) is None, "looked for 14 s at the least"
    assert asked("p99 of sent <= 5 s", it, until=1015.0) is False
    assert asked("p99 of sent <= 5 s", it, unseen={"sent"}) is None, "a source may have missed it"
    assert asked("p80 of sent <= 5 s", it, unseen={"sent"}) is True
    assert asked("rate >= 9.5", it, unseen={"sent"}) is None
    started_late = {"kept_off": tuple(range(10))}
    assert asked("p99 of sent <= 9 s", meter(dict.fromkeys(range(10, 100), 0.1)), **started_late) is None


def test_where_no_message_came_to_a_stage_it_is_broken_once_it_was_looked_for_long_enough() -> None:
    it = meter({})
    it.reached["accepted"].update({a.number: 1000.0 for a in ALL})
    assert asked("p50 of sent <= 5 s", it) is False
    assert asked("p50 of sent <= 5 s", it, until=1010.0) is None
    assert asked("p50 of sent <= 5 s", it, unseen={"sent"}) is None


def test_a_count_holds_only_where_the_account_is_known_to_the_last_message() -> None:
    assert asked("lost = 0", meter(EVERY)) is True
    assert asked("lost = 0", meter(EVERY), counted=False) is None
    lost = Account(fates={"a": "lost"})
    assert asked("lost = 0", meter(EVERY), account=lost, counted=False) is False
    assert asked("lost <= 1", meter(EVERY), account=lost) is True
