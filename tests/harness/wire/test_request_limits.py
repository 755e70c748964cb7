"""What Redis takes of a client at most, and how lengths and lines are cut."""

from __future__ import annotations

import pytest
from test_requests import packed

from harness.wire.direction import MOST_WAITING
from harness.wire.requests import LONGEST_LINE, LONGEST_WORD, MOST_WORDS, Requests, number
from harness.wire.tracker import MOST_ASIDE


def test_the_limits_are_those_of_redis() -> None:
    assert (MOST_WORDS, LONGEST_WORD, LONGEST_LINE) == (1_048_576, 536_870_912, 65_536)


def test_our_own_limits_are_what_they_are_meant_to_be() -> None:
    assert MOST_WAITING == 4_194_304, "bytes that wait before their sender is no longer read"
    assert MOST_ASIDE == 50, "entries of other streams that a connection tells of"


@pytest.mark.parametrize(("line", "found"), [(b"*0", 0), (b"*3", 3), (b"*-1", -1), (b"*10", 10), (b"$007", 7)])
def test_a_length(line: bytes, found: int) -> None:
    assert number(line, most=10) == found


@pytest.mark.parametrize("line", [b"*11", b"*", b"*x", b"*--1", b"*+1", b"* 1", b"*1.0"])
def test_what_is_no_length(line: bytes) -> None:
    with pytest.raises(ValueError, match="no length"):
        number(line, most=10)


def test_a_wrong_length_is_told_with_its_beginning() -> None:
    requests = Requests()
    list(requests.feed(b"*" + b"x" * 100 + b"\r\n"))
    assert requests.broken == f"no length: {b'*' + b'x' * 39!r}"


@pytest.mark.parametrize(
    ("data", "broken"),
    [
        (b"*1\r\n$-1\r\n", "a word of negative length"),
        (b"*1\r\n+OK\r\n", "expected '$', got b'+'"),
        (b"*1\r\n\r\n", "expected '$', got b''"),
        (b"*1048577\r\n", "no length: b'*1048577'"),
        (b"*1\r\n$536870913\r\n", "no length: b'$536870913'"),
        (b"*" + b"1" * LONGEST_LINE, "a line without end"),
        (b"a" * (LONGEST_LINE + 1), "an inline command without end"),
    ],
)
def test_for_what_redis_hangs_up(data: bytes, broken: str) -> None:
    requests = Requests()
    assert list(requests.feed(data)) == []
    assert requests.broken == broken
    assert list(requests.feed(packed(b"PING"))) == [], "nothing is read behind it"


@pytest.mark.parametrize(
    "data",
    [
        b"*1048576\r\n",
        b"*1\r\n$536870912\r\n",
        b"*" + b"1" * (LONGEST_LINE - 1),
        b"a" * LONGEST_LINE,
        b"*1\r",
        b"*2\r\n$1\r\na\r\n$1",
    ],
)
def test_what_may_still_become_a_command(data: bytes) -> None:
    requests = Requests()
    assert list(requests.feed(data)) == []
    assert requests.broken == ""


def test_a_long_command_before_a_line_does_not_count_as_its_length() -> None:
    requests, long = Requests(), packed(b"x" * 2 * LONGEST_LINE)
    assert len(list(requests.feed(long + b"PIN"))) == 1
    assert requests.broken == ""
    assert list(requests.feed(b"G\r\n*1")) == [[b"PING"]]


def test_a_word_of_no_bytes_and_one_that_holds_a_line() -> None:
    assert list(Requests().feed(packed(b"", b"a\r\nb"))) == [[b"", b"a\r\nb"]]


def test_how_many_bytes_are_left_behind_a_command() -> None:
    requests = Requests()
    data = packed(b"PING") + packed(b"PING") + b"*1\r\n$4\r\nPI"
    left = [requests.left for _ in requests.feed(data)]
    assert left == [len(packed(b"PING")) + 10, 10]
    assert requests.left == 2, "the words that were read are taken off"


def test_one_command_in_two_pieces_at_each_place() -> None:
    data = packed(b"SET", b"key", b"value")
    for place in range(1, len(data)):
        requests = Requests()
        assert [*requests.feed(data[:place]), *requests.feed(data[place:])] == [[b"SET", b"key", b"value"]]
