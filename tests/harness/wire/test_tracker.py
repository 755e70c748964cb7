"""Commands are matched with their replies, however the bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.commands import Said
from harness.wire.reach import Watched
from harness.wire.tracker import MOST_ASIDE, Tracker

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


def test_what_a_transaction_does_has_the_time_of_its_exec() -> None:
    """Commands may be queued long before: Redis does nothing of them until then."""
    tracker = Tracker(WATCHED)
    queued = [packed("MULTI"), packed("XACK", "jobs", "g", "1-0"), packed("XDEL", "jobs", "1-0"), packed("ECHO", "x")]
    for at, request in enumerate(queued, start=1):
        tracker.sent(request, at=float(at))
    assert list(tracker.received(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n", at=5.0)) == []
    tracker.sent(packed("EXEC") + packed("XDEL", "jobs", "2-0"), at=6.0)
    replies = b"*3\r\n:1\r\n:1\r\n" + bulk("x") + b":1\r\n"
    assert [(event["what"], event["id"], event["at"]) for event in tracker.received(replies, at=7.0)] == [
        ("acked", "1-0", 6.0),
        ("deleted", "1-0", 6.0),
        ("deleted", "2-0", 6.0),
    ]


def test_a_transaction_without_an_answer_may_have_been_done_when_its_exec_came() -> None:
    tracker = Tracker(WATCHED)
    tracker.sent(packed("MULTI") + packed("XDEL", "jobs", "1-0"), at=1.0)
    assert list(tracker.received(b"+OK\r\n+QUEUED\r\n", at=2.0)) == []
    tracker.sent(packed("EXEC"), at=3.0)
    assert [(event["what"], event["at"]) for event in tracker.ended()] == [("unread", 3.0)]


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


def seen(*talk: tuple[bytes, bytes]) -> tuple[Tracker, list[str]]:
    """What a tracker says of requests and their replies, and of the connection's end."""
    tracker = Tracker(WATCHED)
    events = []
    for request, reply in talk:
        tracker.sent(request, at=1.0)
        events += list(tracker.told())
        events += list(tracker.received(reply, at=2.0)) if reply else []
    events += list(tracker.ended())
    return tracker, [
        " ".join(str(e[k]) for k in ("what", "command", "id", "why", "database") if k in e) for e in events
    ]


ADD = packed("XADD", "jobs", "*", "a", "b")
OFF, ON, SKIP = (packed("CLIENT", "REPLY", mode) for mode in ("OFF", "ON", "SKIP"))


def test_replies_that_are_switched_off_are_not_waited_for() -> None:
    tracker, events = seen((OFF + ADD + packed("PING") + ON + ADD, b"+OK\r\n" + bulk("2-0")))
    assert events == ["unread XADD its reply was switched off", "appended 2-0"]
    assert not tracker.lost


def test_a_reply_that_is_skipped_is_that_of_the_next_command() -> None:
    tracker, events = seen((SKIP + packed("PING") + ADD, bulk("1-0")), (SKIP + ADD + ADD, bulk("3-0")))
    assert events == ["appended 1-0", "unread XADD its reply was switched off", "appended 3-0"]
    assert not tracker.lost


@pytest.mark.parametrize(
    "talk",
    [
        (OFF + ADD + ON + packed("XACK", "jobs", "g", "1-0"), b"-NOPERM no\r\n" + bulk("1-0") + b"+OK\r\n"),
        (SKIP + ADD + packed("XDEL", "jobs", "1-0"), b"-NOPERM no\r\n" + bulk("1-0") + b":1\r\n"),
        (packed("MULTI") + OFF, b"+OK\r\n+QUEUED\r\n"),
        (OFF + packed("MULTI") + ADD + packed("EXEC"), b""),
        (packed("MULTI") + ADD, b"+OK\r\n+odd\r\n"),
        (packed("MULTI") + ADD + packed("EXEC"), b"+OK\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n"),
        (ADD, b"%1\r\n*0\r\n:1\r\n"),
        (ADD, b"$?\r\n;1\r\na\r\n;0\r\n"),
        (ADD, b"|1\r\n+a\r\n+b\r\n" + bulk("1-0")),
        (packed("RESET") + packed("XACK", "jobs", "g", "1-0") + packed("XDEL", "jobs", "1-0"), b"+RESET\r\n:1\r\n"),
        (packed("SUBSCRIBE", "news") + ADD, b""),
        (packed("PSYNC", "?", "-1") + ADD, b""),
    ],
)
def test_what_can_not_be_followed_is_told_and_never_paired_wrongly(talk: tuple[bytes, bytes]) -> None:
    tracker, events = seen(talk, (ADD, b""))
    assert not [event for event in events if event.startswith(("appended", "acked", "deleted"))]
    assert tracker.missed or any("switched off" in event for event in events)


def test_a_refused_command_touched_nothing_and_another_may_have() -> None:
    wrong = b"-NOPERM no\r\n"
    assert seen((packed("DEL", "jobs"), wrong), (packed("FLUSHALL"), wrong), (ADD, wrong))[1] == []
    assert seen((packed("DEL", "jobs"), b":1\r\n"), (packed("EVAL", "x", "0"), b"-ERR half\r\n"))[1] == [
        "unread DEL",
        "unread EVAL",
    ]


@pytest.mark.parametrize("ending", [(packed("DISCARD"), b"+OK\r\n"), (packed("EXEC"), b"-EXECABORT no\r\n")])
def test_a_transaction_that_did_not_come_about_touched_nothing(ending: tuple[bytes, bytes]) -> None:
    talk = [(packed("MULTI"), b"+OK\r\n"), (packed("DEL", "jobs"), b"+QUEUED\r\n"), ending, (ADD, bulk("1-0"))]
    assert seen(*talk)[1] == ["appended 1-0"]


def test_a_second_multi_doesnt_forget_the_first() -> None:
    talk = [(packed("MULTI"), b"+OK\r\n"), (ADD, b"+QUEUED\r\n"), (packed("MULTI"), b"-ERR nested\r\n")]
    assert seen(*talk, (packed("EXEC"), b"*1\r\n" + bulk("1-0")))[1] == ["appended 1-0"]


def test_another_database_is_another_stream() -> None:
    select = (packed("SELECT", "3"), b"+OK\r\n")
    assert seen(select, (ADD, bulk("1-0")), (packed("DEL", "jobs"), b":1\r\n"))[1] == ["elsewhere XADD 3"]
    assert seen(
        select, (packed("SELECT", "99"), b"-ERR range\r\n"), (packed("SELECT", "0"), b"+OK\r\n"), (ADD, bulk("1-0"))
    )[1] == ["appended 1-0"]
    assert seen(select, (packed("RESET"), b"+RESET\r\n"), (ADD, bulk("1-0")))[1] == ["appended 1-0"]
    multi = [(packed("MULTI"), b"+OK\r\n"), (packed("SELECT", "3"), b"+QUEUED\r\n"), (ADD, b"+QUEUED\r\n")]
    assert seen(*multi, (packed("EXEC"), b"*2\r\n+OK\r\n" + bulk("1-0")))[1] == ["elsewhere XADD 3"]


def test_an_append_to_a_stream_that_is_not_watched_is_told_a_few_times() -> None:
    aside = (packed("XADD", "others", "MAXLEN", "~", "9", "*", "id", "7"), bulk("1-0"))
    tracker = Tracker(WATCHED)
    assert told(tracker, [aside[0]], [aside[1]]) == [
        {"what": "aside", "stream": "others", "fields": {"id": "7"}, "at": 1.0}
    ]
    assert told(tracker, [packed("SELECT", "3"), aside[0]], [b"+OK\r\n", aside[1]]) == []
    assert told(tracker, [packed("SELECT", "0"), aside[0]], [b"+OK\r\n", b"-OOM no memory\r\n"]) == []
    assert len(told(tracker, [aside[0]] * 100, [aside[1]] * 100)) == MOST_ASIDE - 1


def test_what_was_asked_and_not_answered_at_the_end_may_have_been_done() -> None:
    assert seen((ADD, b""))[1] == ["unread XADD the connection ended before its reply"]
    assert seen((packed("PING"), b""))[1] == []
    blocked = packed("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "jobs", ">")
    assert seen((blocked + ADD, b""))[1] == []
    assert len(seen((blocked, b"*1\r\n*2\r\n"))[1]) == 1


def test_an_inline_command_is_followed() -> None:
    tracker, events = seen((b"PING\r\n", b"+PONG\r\n"), (b"XADD jobs * a b\r\n", bulk("1-0")))
    assert events == ["appended 1-0"]
    assert not tracker.lost


def test_a_frame_that_redis_refuses_is_its_last() -> None:
    tracker, events = seen((ADD + b"*1\r\n:1\r\n" + ADD, bulk("1-0") + b"-ERR Protocol error\r\n"))
    assert events == ["appended 1-0"]
    assert not tracker.missed


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=12))
def test_bytes_of_any_kind_never_raise(pieces: list[tuple[bool, bytes]]) -> None:
    tracker = Tracker(WATCHED)
    for from_client, data in pieces:
        if from_client:
            tracker.sent(data, at=1.0)
        else:
            list(tracker.received(data, at=1.0))
    list(tracker.ended())
