"""No regular expression is slow on any text: what clients and stacks send decides how long none of them takes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from patterns import Found, Unread, attacks, patterns

from mock_providers.sendgrid import api as sendgrid
from mock_providers.twilio import api as twilio

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("mock_providers", "harness", "messaging_stack")
ALL = [one for package in PACKAGES for one in patterns(ROOT, package)]
ROUTED = [
    Found(f"{route.method} {route.pattern.pattern}", route.pattern, anchored=True)
    for route in (*twilio.ROUTES, *sendgrid.ROUTES)
]
MADE = {
    ("mock_providers/sendgrid/routes/visit.py", "pattern"): "the routes, which are tried here",
    ("mock_providers/twilio/routes/visit.py", "pattern"): "the routes, which are tried here",
    ("harness/deploy/finding.py", "spec.match"): "the profile's own; command lines of this machine",
    ("harness/deploy/launching.py", "log"): "the profile's own; looks at LONGEST characters of a line",
    ("harness/deploy/services.py", "re.escape(server.ready)"): "one word, escaped",
    ("harness/deploy/services.py", "pattern"): "our own, of a server's log: without repeats that meet",
    ("harness/discovery/processes.py", "said"): "escaped words of a command line",
    ("harness/discovery/redis_keys.py", "channel"): "without repeats",
    ("harness/discovery/settings.py", "pattern"): "names of settings, at most 61 characters",
    ("harness/discovery/sources.py", "name name"): "each line is tried once",
    ("harness/discovery/sources.py", "reading"): "without repeats that meet",
    ("harness/discovery/tables.py", "re.escape(column)"): "without repeats",
    ("harness/probes/statements.py", "b'(?<![\\\\w.])' + re.escape(word) + b'(?![\\\\w.])'"): "an escaped word",
    ("harness/profile/pointers.py", "where.match"): "the profile's own; looks at LONGEST characters",
    ("harness/profile/pointers.py", "value"): "compiled to see whether it can be; nothing is matched",
    ("harness/profile/processes.py", "value"): "compiled to see whether it can be; nothing is matched",
}
"""What is made while the program runs, and why it isn't slow."""
LENGTHS = [*range(16, 64, 6), *(64 * 2**n for n in range(8))]
"""A few characters more at first, for what takes twice as long with each; then twice as many, up to 8192."""
SHORT = 1000
DOUBLINGS = 3
"""How many are looked at together, so that a hiccup in one isn't taken for growth."""
PER_DOUBLING = 2.5
UNNOTICED_S = 0.004
"""Seconds for the longest text below which no growth is looked at: it is linear, or it can't hurt."""
LONG_S = 0.03
"""Seconds for a short text that are too many, however they grow."""
TRIES = 5


def seconds(found: Found, text: str) -> float:
    """Seconds of the processor, the least of a few."""
    best = float("inf")
    for _ in range(TRIES):
        began = time.thread_time()
        found.tries(text)
        best = min(best, time.thread_time() - began)
        if best < UNNOTICED_S:
            break
    return best


def slowness(found: Found, attack: tuple[str, str, str]) -> str:
    """What is wrong with the time that a pattern takes; nothing where it grows no faster than the text."""
    before, body, end = attack
    taken: dict[int, float] = {}
    # from short to long, so that one that takes for ever is met where it takes a moment
    for length in LENGTHS:
        taken[length] = seconds(found, before + body * (length // len(body)) + end)
        said = f"{taken[length] * 1000:.1f} ms for {before!r} + {body!r} * {length // len(body)} + {end!r}"
        if length < SHORT and taken[length] > LONG_S:
            return said
        half = taken.get(length // 2**DOUBLINGS)
        if half is not None and taken[length] >= UNNOTICED_S:
            growth = taken[length] / max(half, 1e-7)
            if growth > PER_DOUBLING**DOUBLINGS:
                return f"{growth:.0f} times as long: {said}"
    return ""


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(?:x|xx)*y", ".*a.*a.*a.*b", r"\s+AND\s+", "(?:secret|key)[a-z]*=", "a*a*c"]
)
def test_a_slow_pattern_is_found(pattern: str) -> None:
    found = Found("", re.compile(pattern), anchored=not pattern.startswith((r"\s", "(?:s")))
    assert any(slowness(found, attack) for attack in attacks(found.pattern, found.anchored))


def test_what_is_made_while_the_program_runs_is_known() -> None:
    made = {(one.place.partition(":")[0], one.source) for one in ALL if isinstance(one, Unread)}
    assert made == set(MADE), "say in MADE why a new one can't be slow, and take out what is gone"


@pytest.mark.parametrize("found", [*(one for one in ALL if isinstance(one, Found)), *ROUTED], ids=lambda one: one.place)
def test_a_pattern_takes_a_time_that_grows_as_the_text_does(found: Found) -> None:
    for attack in attacks(found.pattern, found.anchored):
        said = slowness(found, attack)
        assert not said, f"{found.pattern.pattern!r} takes {said}"
