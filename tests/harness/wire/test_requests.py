"""What a client sends is read as Redis reads it, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.requests import Requests


def packed(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


COMMANDS = st.lists(st.lists(st.binary(max_size=30), min_size=1, max_size=5), max_size=6)


@given(COMMANDS, st.integers(1, 50))
def test_commands_of_any_words_in_pieces_of_any_size(commands: list[list[bytes]], size: int) -> None:
    requests, sent = Requests(), b"".join(packed(*words) for words in commands)
    found = [command for at in range(0, len(sent), size) for command in requests.feed(sent[at : at + size])]
    assert found == commands
    assert not requests.broken


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_bytes_of_any_kind_never_raise(pieces: list[bytes]) -> None:
    requests = Requests()
    for piece in pieces:
        list(requests.feed(piece))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"PING\r\n", [b"PING"]),
        (b"set  a\tb\n", [b"set", b"a", b"b"]),
        (b'set "a b" \'c"d\'\r\n', [b"set", b"a b", b'c"d']),
        (b"set \"\\x41\\n\\\"\" 'it\\'s'\r\n", [b"set", b'A\n"', b"it's"]),
        (b"$3\r\n", [b"$3"]),
    ],
)
def test_an_inline_command(line: bytes, words: list[bytes]) -> None:
    assert list(Requests().feed(line + packed(b"PING"))) == [words, [b"PING"]]


@pytest.mark.parametrize("nothing", [b"\r\n", b"\n", b"*0\r\n", b"*-1\r\n", b"  \r\n"])
def test_an_empty_command_is_none(nothing: bytes) -> None:
    assert list(Requests().feed(nothing + packed(b"PING"))) == [[b"PING"]]


@pytest.mark.parametrize(
    "frame",
    [
        b"*x\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$x\r\n",
        b"*2000000\r\n",
        b"*1\r\n$999999999999\r\n",
        b'set "a\r\n',
        b'set "a"b\r\n',
        b"x" * 70_000,
        b"*" + b"1" * 70_000,
    ],
)
def test_what_redis_refuses_is_broken_and_the_rest_is_not_read(frame: bytes) -> None:
    requests = Requests()
    assert list(requests.feed(packed(b"PING") + frame)) == [[b"PING"]]
    assert requests.broken
    assert list(requests.feed(packed(b"PING"))) == []
