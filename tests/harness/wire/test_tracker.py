"""Commands are matched with their replies, however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.commands import Said
from harness.wire.reach import Watched
from harness.wire.tracker import Tracker

WATCHED = Watched(streams=frozenset({b"jobs", b"full"}), group=b"g")


def packed(*words: str) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w.encode()), w.encode()) for w in words)


def bulk(text: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text.encode()), text.encode())


TALK = [
    (packed("CLIENT", "SETINFO", "LIB-NAME", "redis-py"), b"+OK\r\n"),
    (packed("XADD", "jobs", "*", "data", "grüße"), bulk("1-0")),
    (packed("MULTI"), b"+OK\r\n"),
    (packed("XADD", "jobs", "*", "data", "two"), b"+QUEUED\r\n"),
    (packed("XACK", "jobs", "g", "1-0"), b"+QUEUED\r\n"),
    (packed("EXEC"), b"*2\r\n" + bulk("2-0") + b":1\r\n"),
    (packed("XADD", "full", "*", "a", "b"), b"-OOM no memory\r\n"),
    (packed("XDEL", "jobs", "1-0"), b":1\r\n"),
]
EXPECTED = [("appended", "1-0"), ("appended", "2-0"), ("acked", "1-0"), ("deleted", "1-0")]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def told(tracker: Tracker, requests: list[bytes], replies: list[bytes]) -> list[Said]:
    for part in requests:
        tracker.sent(part, at=1.0)
    return [event for part in replies for event in tracker.received(part, at=2.0)]


@given(st.lists(st.integers(0, 400), max_size=12), st.lists(st.integers(0, 400), max_size=12))
def test_the_bytes_may_be_cut_anywhere(requests: list[int], replies: list[int]) -> None:
    tracker = Tracker(WATCHED)
    out, back = b"".join(r for r, _ in TALK), b"".join(a for _, a in TALK)
    events = told(tracker, cut(out, requests), cut(back, replies))
    assert [(event["what"], event["id"]) for event in events] == EXPECTED
    assert tracker.lost == ""


def test_the_bytes_may_be_cut_at_every_place() -> None:
    out, back = b"".join(r for r, _ in TALK), b"".join(a for _, a in TALK)
    single = told(Tracker(WATCHED), [bytes([b]) for b in out], [bytes([b]) for b in back])
    assert [(event["what"], event["id"]) for event in single] == EXPECTED


def test_a_transaction_that_was_given_up_shows_nothing() -> None:
    tracker = Tracker(WATCHED)
    requests = [
        packed("MULTI"),
        packed("XADD", "jobs", "*", "a", "b"),
        packed("DISCARD"),
        packed("XDEL", "jobs", "1-0"),
    ]
    events = told(tracker, requests, [b"+OK\r\n+QUEUED\r\n+OK\r\n:1\r\n"])
    assert [event["what"] for event in events] == ["deleted"]


def test_a_transaction_that_redis_refused_shows_nothing() -> None:
    requests = [packed("MULTI"), packed("XADD", "jobs", "*", "a", "b"), packed("EXEC")]
    assert told(Tracker(WATCHED), requests, [b"+OK\r\n+QUEUED\r\n*-1\r\n"]) == []


def test_a_command_refused_within_a_transaction_is_not_matched() -> None:
    requests = [packed("MULTI"), packed("XADD", "jobs"), packed("XADD", "jobs", "*", "a", "b"), packed("EXEC")]
    events = told(Tracker(WATCHED), requests, [b"+OK\r\n-ERR arguments\r\n+QUEUED\r\n*1\r\n" + bulk("3-0")])
    assert [(event["what"], event["id"]) for event in events] == [("appended", "3-0")]


def test_what_a_process_does_has_the_time_of_its_command_and_what_it_is_given_that_of_the_reply() -> None:
    tracker = Tracker(WATCHED)
    tracker.sent(packed("XADD", "jobs", "*", "a", "b"), at=1.0)
    tracker.sent(packed("XREAD", "STREAMS", "jobs", "0"), at=1.5)
    reply = (
        bulk("1-0") + b"*1\r\n*2\r\n" + bulk("jobs") + b"*1\r\n*2\r\n" + bulk("1-0") + b"*2\r\n" + bulk("a") + bulk("b")
    )
    assert [(event["what"], event["at"]) for event in tracker.received(reply, at=9.0)] == [
        ("appended", 1.0),
        ("claimed", 9.0),
    ]


def test_pushed_messages_are_no_replies() -> None:
    tracker = Tracker(WATCHED)
    tracker.sent(packed("XDEL", "jobs", "1-0"), at=1.0)
    push = b">2\r\n" + bulk("invalidate") + b"*1\r\n" + bulk("x")
    assert [event["what"] for event in tracker.received(push + b":1\r\n", at=2.0)] == ["deleted"]


@pytest.mark.parametrize(
    ("request_", "reason", "at_once"),
    [
        (packed("MONITOR"), "MONITOR was used", False),
        (packed("subscribe", "news"), "SUBSCRIBE was used", False),
        (packed("XADD", "jobs", "*", "a", "b") + packed("SUBSCRIBE", "news"), "SUBSCRIBE was used", True),
    ],
)
def test_a_connection_that_can_not_be_followed_says_why(request_: bytes, reason: str, at_once: bool) -> None:
    """A connection that only subscribes has missed nothing until it says something about a queue."""
    tracker = Tracker(WATCHED)
    tracker.sent(request_, at=1.0)
    assert tracker.lost
    assert reason in tracker.lost
    tracker.sent(packed("PING"), at=1.0)
    assert bool(tracker.missed) is at_once
    tracker.sent(packed("XACK", "jobs", "workers", "1-0"), at=1.0)
    assert tracker.missed == tracker.lost
    assert tracker.sent(packed("XDEL", "jobs", "1-0"), at=1.0) == []
    assert list(tracker.received(b":1\r\n", at=1.0)) == []


def test_a_reply_that_nobody_asked_for_is_told() -> None:
    tracker = Tracker(WATCHED)
    assert list(tracker.received(b"+OK\r\n", at=1.0)) == []
    assert tracker.lost == tracker.missed == "a reply came that no command asked for"


def test_a_reply_that_is_no_resp_is_told() -> None:
    tracker = Tracker(WATCHED)
    tracker.sent(packed("PING"), at=1.0)
    assert list(tracker.received(b"HTTP/1.1 200 OK\r\n", at=1.0)) == []
    assert "Protocol error" in tracker.missed
