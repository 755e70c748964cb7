"""What a tracker follows on a connection: databases, transactions, replies that are off, ends; when it is lost."""

from __future__ import annotations

import pytest
from test_tracker import bulk, packed

from harness.wire.commands import Said
from harness.wire.reach import Watched
from harness.wire.tracker import MOST_ASIDE, Asked, Tracker, blocks, reply_mode

STREAM = Watched(streams=frozenset({b"jobs"}), group=b"g")
CHANNEL = Watched(streams=frozenset({b"news"}), base="pubsub")
OK = b"+OK\r\n"


class Talk:
    """Commands and replies, a second apart; what was told of them."""

    def __init__(self, watched: Watched = STREAM) -> None:
        self.tracker, self.now, self.told = Tracker(watched), 0.0, list[Said]()

    def say(self, line: str, reply: bytes | None = None) -> Talk:
        self.now += 1
        self.tracker.sent(packed(*line.split()), at=self.now)
        return self if reply is None else self.hear(reply)

    def hear(self, reply: bytes) -> Talk:
        self.now += 1
        self.told += self.tracker.received(reply, at=self.now)
        return self

    def end(self) -> Talk:
        self.told += self.tracker.ended()
        return self

    @property
    def what(self) -> list[tuple[str, float]]:
        return [(said["what"], said["at"]) for said in self.told]


def test_what_a_process_does_has_its_commands_time_and_what_it_is_given_the_replys() -> None:
    entry = b"*1\r\n*2\r\n" + bulk("jobs") + b"*1\r\n*2\r\n" + bulk("1-0") + b"*2\r\n" + bulk("a") + bulk("b")
    talk = Talk().say("XADD jobs * a b", bulk("1-0")).say("XREADGROUP GROUP g c STREAMS jobs >", entry)
    assert talk.what == [("appended", 1.0), ("claimed", 4.0)]


def test_a_transaction_is_done_when_its_exec_came() -> None:
    talk = Talk().say("MULTI", OK).say("XADD jobs * a b", b"+QUEUED\r\n").say("SELECT 1", b"+QUEUED\r\n")
    assert talk.say("EXEC", b"*2\r\n" + bulk("1-0") + OK).what == [("appended", 7.0)]
    assert [said["what"] for said in talk.say("XADD jobs * a b", bulk("2-0")).told[1:]] == ["elsewhere"]


@pytest.mark.parametrize(
    ("ending", "reply"),
    [("EXEC", b"*-1\r\n"), ("EXEC", b"-EXECABORT no\r\n"), ("DISCARD", OK), ("RESET", b"+RESET\r\n")],
)
def test_what_a_transaction_did_not_do_is_not_told(ending: str, reply: bytes) -> None:
    talk = Talk().say("MULTI", OK).say("XADD jobs * a b", b"+QUEUED\r\n").say(ending, reply)
    assert (talk.told, talk.tracker.lost) == ([], "")
    assert talk.say("XADD jobs * a b", bulk("1-0")).what == [("appended", 7.0)]


def test_a_command_that_redis_refused_in_a_transaction_has_no_answer_in_it() -> None:
    talk = Talk().say("MULTI", OK).say("XADD jobs", b"-ERR args\r\n").say("XADD jobs * a b", b"+QUEUED\r\n")
    assert talk.say("EXEC", b"*1\r\n" + bulk("1-0")).what == [("appended", 7.0)]


@pytest.mark.parametrize(
    ("reply", "lost"),
    [
        (b"+NO\r\n", "in a transaction XADD was answered 'NO'"),
        (bulk("x" * 50), f"in a transaction XADD was answered {'x' * 40!r}"),
    ],
)
def test_what_is_no_answer_in_a_transaction(reply: bytes, lost: str) -> None:
    talk = Talk().say("MULTI", OK).say("XADD jobs * a b", reply)
    assert (talk.tracker.lost, talk.tracker.missed) == (lost, lost)


def test_another_database_is_elsewhere_and_the_way_back_is_known() -> None:
    talk = Talk().say("SELECT 3", OK).say("XADD jobs * a b", bulk("1-0")).say("SELECT 9", b"-ERR\r\n")
    assert talk.told == [{"what": "elsewhere", "command": "XADD", "stream": "jobs", "database": 3, "at": 3.0}]
    assert talk.say("FLUSHDB", OK).what[1:] == []
    assert talk.say("RESET", b"+RESET\r\n").say("XADD jobs * a b", bulk("1-0")).what[1:] == [("appended", 11.0)]


def test_entries_that_go_to_other_streams_are_told_a_few_times() -> None:
    talk = Talk()
    for number in range(MOST_ASIDE + 2):
        talk.say("XADD other * a b", bulk(f"{number}-0"))
    assert [said["what"] for said in talk.told] == ["aside"] * MOST_ASIDE
    assert talk.told[1]["at"] == 3.0
    assert Talk().say("SELECT 1", OK).say("XADD other * a b", bulk("1-0")).told == []
    assert Talk().say("XADD other * a b", b"-OOM\r\n").told == []


def test_how_much_was_changed_unread_is_told_where_redis_says_so() -> None:
    talk = Talk().say("DEL jobs", b":1\r\n").say("RENAME jobs a", OK).say("DEL jobs", b":0\r\n")
    assert [(said["command"], said.get("counted"), said["at"]) for said in talk.told] == [
        ("DEL", 1, 1.0),
        ("RENAME", None, 3.0),
    ]


def test_replies_that_are_switched_off_are_not_waited_for() -> None:
    talk = Talk().say("CLIENT REPLY OFF").say("XADD jobs * a b").say("PING")
    assert talk.tracker.expected == 0
    talk.say("CLIENT REPLY ON", OK).say("XADD jobs * a b", bulk("2-0"))
    assert [(said["what"], said.get("why")) for said in talk.told] == [
        ("unread", "its reply was switched off"),
        ("appended", None),
    ]
    assert (talk.tracker.expected, talk.tracker.lost) == (2, "")


def test_a_skipped_reply_is_that_of_one_command() -> None:
    talk = Talk().say("CLIENT REPLY SKIP").say("XACK jobs g 1-0").say("XADD jobs * a b", bulk("1-0"))
    assert [said["what"] for said in talk.told] == ["appended", "unread"]
    assert talk.tracker.expected == 1
    off = Talk().say("CLIENT REPLY OFF").say("CLIENT REPLY SKIP").say("CLIENT REPLY ON", OK).say("PING", b"+PONG\r\n")
    assert (off.tracker.expected, off.tracker.lost) == (2, "")


@pytest.mark.parametrize("name", ["SELECT 1", "MULTI", "HELLO 3"])
def test_what_has_to_be_known_must_not_be_said_while_replies_are_off(name: str) -> None:
    lost = f"{name.split(maxsplit=1)[0]} was used while replies were switched off"
    talk = Talk().say("CLIENT REPLY OFF").say(name)
    assert (talk.tracker.lost, talk.tracker.missed) == (lost, "")
    talk.say("XADD jobs * a b")
    assert talk.tracker.missed == lost


def test_replies_can_not_be_switched_in_a_transaction() -> None:
    talk = Talk().say("MULTI", OK).say("CLIENT REPLY OFF")
    assert talk.tracker.lost == "CLIENT REPLY OFF was used in a transaction"
    refused = Talk().say("CLIENT REPLY ON", b"-NOPERM\r\n")
    assert refused.tracker.lost == "CLIENT REPLY was refused"


def test_a_reset_must_be_waited_for() -> None:
    talk = Talk().say("RESET").say("XADD jobs * a b").hear(b"+RESET\r\n")
    assert talk.tracker.lost == "commands were sent behind a RESET, before its reply"
    assert Talk().say("CLIENT REPLY OFF").say("RESET", b"+RESET\r\n").say("PING", b"+PONG\r\n").tracker.lost == ""


@pytest.mark.parametrize(
    ("reply", "lost"), [(b"+PONG\r\n", "a reply came that no command asked for"), (b"oops", "Protocol")]
)
def test_what_no_command_asked_for_loses_the_connection(reply: bytes, lost: str) -> None:
    talk = Talk().hear(reply)
    assert talk.tracker.lost.startswith(lost)
    assert talk.tracker.missed == talk.tracker.lost
    assert talk.say("XADD jobs * a b", bulk("1-0")).told == []


def test_the_last_word_to_a_client_that_redis_can_not_read_says_why() -> None:
    tracker = Tracker(STREAM)
    tracker.sent(packed("XADD", "jobs", "*", "a", "b") + b"*x\r\n", at=1.0)
    told = list(tracker.received(bulk("1-0") + b"-ERR Protocol error\r\n", at=2.0))
    assert [said["what"] for said in told] == ["appended"]
    assert (tracker.lost, tracker.missed) == ("no length: b'*x'", "")


def test_the_end_of_a_connection_leaves_open_what_was_asked() -> None:
    talk = Talk().say("XADD other * a b").say("XADD jobs * a b").say("DEL jobs").end()
    assert [(said["command"], said["stream"], said["why"], said["at"]) for said in talk.told] == [
        ("XADD", "jobs", "the connection ended before its reply", 2.0),
        ("DEL", "jobs", "the connection ended before its reply", 3.0),
    ]
    assert talk.end().told == talk.told[:2]
    assert talk.say("XADD jobs * a b").tracker.expected == 3, "nobody hears what is said behind the end"


def test_the_end_of_a_transaction_whose_exec_was_said_leaves_it_open() -> None:
    queued = Talk().say("MULTI", OK).say("XADD jobs * a b", b"+QUEUED\r\n")
    assert Talk().say("MULTI", OK).say("XADD jobs * a b", b"+QUEUED\r\n").end().told == []
    assert queued.say("EXEC").end().what == [("unread", 5.0)]


def test_behind_a_read_that_waits_nothing_was_done_unless_its_reply_had_begun() -> None:
    read = "XREADGROUP GROUP g c BLOCK 0 STREAMS jobs >"
    assert Talk().say(read).say("XADD jobs * a b").end().told == []
    assert [said["command"] for said in Talk().say(read).hear(b"*1\r\n").end().told] == ["XREADGROUP"]
    assert [said["command"] for said in Talk().say(read.replace("BLOCK 0 ", "")).end().told] == ["XREADGROUP"]


def test_what_was_never_passed_on_is_forgotten() -> None:
    talk = Talk().say("XADD jobs * a b").say("XADD jobs * c d").say("XADD jobs * e f")
    talk.tracker.forget(1)
    assert talk.tracker.expected == 1
    assert talk.hear(bulk("1-0")).end().what == [("appended", 1.0)]


def test_where_each_command_begins_and_how_many_replies_come_before_it() -> None:
    tracker, data = Tracker(STREAM), packed("PING") + packed("PING") + packed("XLEN", "jobs")
    assert tracker.sent(data[:5], at=1.0) == []
    assert tracker.sent(data[5:], at=1.0) == [[b"PING"], [b"PING"], [b"XLEN", b"jobs"]]
    assert tracker.places == [(0, 0), (len(packed("PING")) - 5, 1), (2 * len(packed("PING")) - 5, 2)]


def message(*words: str) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(map(bulk, words))


def test_a_subscriber_is_given_what_is_said_on_watched_channels() -> None:
    talk = Talk(CHANNEL).say("SUBSCRIBE news", message("subscribe", "news", "1"))
    talk.hear(message("message", "news", "a")).hear(message("message", "other", "b"))
    talk.hear(message("pmessage", "n*", "news", "c"))
    assert [(said["stream"], said["value"], said["at"]) for said in talk.told] == [
        ("news", "a", 3.0),
        ("news", "c", 5.0),
    ]
    assert (talk.tracker.lost, talk.tracker.missed) == ("SUBSCRIBE was used", "")
    assert talk.hear(b"oops").tracker.missed.startswith("Protocol")
    assert Talk().say("SUBSCRIBE jobs").hear(message("message", "jobs", "a")).told == []
    assert Talk(CHANNEL).say("MONITOR", OK).hear(message("message", "news", "a")).told == []


@pytest.mark.parametrize(
    ("line", "waits"),
    [
        ("BLPOP q 0", True),
        ("LPOP q", False),
        ("XREAD BLOCK 0 STREAMS a 0", True),
        ("XREAD STREAMS BLOCK 0", False),
        ("XADD BLOCK * a b", False),
    ],
)
def test_which_commands_wait(line: str, waits: bool) -> None:
    assert blocks(Asked([word.encode() for word in line.split()], 0.0)) is waits


@pytest.mark.parametrize(
    ("line", "mode"),
    [
        ("client reply on", "ON"),
        ("CLIENT REPLY SKIP", "SKIP"),
        ("CLIENT REPLY LATER", ""),
        ("CLIENT REPLY", ""),
        ("CLIENT KILL ON", ""),
        ("PING REPLY ON", ""),
        ("CLIENT REPLY ON x", ""),
    ],
)
def test_the_mode_of_replies(line: str, mode: str) -> None:
    assert reply_mode([word.encode() for word in line.split()]) == mode


def test_what_entries_point_to_is_told_in_the_database_of_the_queue() -> None:
    watched = Watched(streams=frozenset({b"jobs"}), group=b"g", payloads=(b"job:*",))
    talk = Talk(watched).say("SET job:1 x", OK).say("SET other x", OK).say("GET job:1", bulk("x"))
    assert [(said["stream"], said["content"], said["at"]) for said in talk.told] == [("job:1", "x", 1.0)]
    assert Talk(watched).say("SELECT 1", OK).say("SET job:1 x", OK).told == []


def test_a_transaction_that_answers_for_another_number_of_commands_loses_the_connection() -> None:
    talk = Talk().say("MULTI", OK).say("XADD jobs * a b", b"+QUEUED\r\n").say("EXEC", b"*2\r\n" + bulk("1-0") + OK)
    assert "zip()" in talk.tracker.lost
    assert talk.tracker.missed == talk.tracker.lost


def test_what_redis_can_not_read_surely_hides_what_comes_after_it() -> None:
    tracker = Tracker(STREAM)
    assert tracker.sent(packed("PING") + b"*x\r\n", at=1.0) == [[b"PING"]]
    assert [said["what"] for said in tracker.received(b"+PONG\r\n", at=2.0)] == []
    tracker.sent(packed("XADD", "jobs", "*", "a", "b"), at=3.0)
    refused = Talk().say("XADD jobs * a b", b"-ERR no\r\n")
    assert (refused.told, refused.tracker.lost) == ([], "")


def test_a_read_that_is_torn_names_what_stands_beside_the_queue_and_no_payload() -> None:
    watched = Watched(streams=frozenset({b"q"}), base="list", beside=(b"work:*",), payloads=(b"job:*",))
    torn = Talk(watched).say("RENAME job:1 work:1").end()
    assert [said["stream"] for said in torn.told] == ["work:1"]
