"""Thresholds as people write them, and what a load says of each."""

from __future__ import annotations

import re

import pytest

from harness.errors import UsageError
from harness.profile import Profile, parse
from harness.profile.thresholds import Threshold, threshold


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("p99 of sent <= 500 ms", Threshold("latency", 0.5, "p99 of sent <= 500 ms", "sent", percent=99)),
        ("p99.9 of sent<=2 s", Threshold("latency", 2.0, "p99.9 of sent <= 2 s", "sent", percent=99.9)),
        ("p50 of queue sent ≤ 20 ms", Threshold("latency", 0.02, "p50 of queue sent <= 20 ms", "sent", "queue", 50)),
        ("max of stored <= 1 s", Threshold("latency", 1.0, "max of stored <= 1 s", "stored")),
        ("lost = 0", Threshold("count", 0, "lost = 0", "lost")),
        ("duplicated <= 3", Threshold("count", 3, "duplicated <= 3", "duplicated")),
        ("rate ≥ 200", Threshold("rate", 200, "rate >= 200")),
        ("rate >= 200 /s", Threshold("rate", 200, "rate >= 200 /s")),
    ],
)
def test_a_threshold_is_a_line_of_words(text: str, means: Threshold) -> None:
    assert threshold(text) == means


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no threshold"),
        ("p99 of sent < 500 ms", "is no threshold"),
        ("p99 of sent <= 500", "is no threshold"),
        ("p99 of sent <= fast ms", "'fast' in 'p99 of sent <= fast ms' is no number of 0 or more"),
        ("p99 of sent <= -1 ms", "'-1'"),
        ("p99 of sent <= nan ms", "'nan'"),
        ("p99 of sent <= inf ms", "'inf'"),
        ("q99 of sent <= 5 ms", "'q99' in 'q99 of sent <= 5 ms' is no quantile"),
        ("p0 of sent <= 5 ms", "no quantile"),
        ("p101 of sent <= 5 ms", "no quantile"),
        ("p9.9.9 of sent <= 5 ms", "no quantile"),
        ("p² of sent <= 5 ms", "no quantile"),
        ("p99 of delivered <= 5 ms", "names no stage; known are accepted, queued, called, sent, stored"),
        ("p99 of bulk sent <= 5 ms", "names no stage"),
        ("p99 of <= 5 ms", "names no stage"),
        ("p99 of api sent again <= 5 ms", "names no stage"),
        ("lost = 1", "is no threshold"),
        ("forgotten = 0", "is no threshold"),
        ("rate <= 5", "is no threshold"),
    ],
)
def test_anything_else_says_how_to_write_one(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        threshold(text)


STACK = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:1"}}


def profile(*thresholds: str) -> Profile:
    return parse({**STACK, "load": {"thresholds": list(thresholds)}}, source="p.toml", environ={})


def test_the_profile_has_them_and_checks_them() -> None:
    assert profile("lost = 0", "p99 of sent <= 1 s").load.thresholds == ["lost = 0", "p99 of sent <= 1 s"]
    with pytest.raises(UsageError, match="is no threshold; write 'p99 of sent <= 500 ms'"):
        profile("quick")
