"""PostgreSQL's protocol is read the same in whatever pieces it comes, and what is none is said, never raised."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_words import CANCEL, GSS, READY, SSL, START, bind, first, message

from harness.wire.frames import KEPT, Frames, strings
from harness.wire.shapes import kind_of, shape_of
from harness.wire.statements import Conversation

SPOKEN = [
    # what a client says, and what a server answers to it
    (message(b"Q", b"INSERT INTO t VALUES (1)\0"), message(b"C", b"INSERT 0 1\0") + READY[b"I"]),
    (message(b"Q", b"BEGIN; SELECT 1\0"), message(b"C", b"BEGIN\0") + message(b"C", b"SELECT 1\0") + READY[b"T"]),
    (message(b"Q", b"COMMIT\0"), message(b"C", b"COMMIT\0") + READY[b"I"]),
    (message(b"Q", b"wrong\0"), message(b"E", b"Mwrong\0\0") + READY[b"I"]),
    (
        message(b"P", b"s1\0UPDATE t SET a = $1\0\0\0") + bind(b"", b"s1", b"value") + message(b"E", b"\0" + bytes(4)),
        message(b"1", b"") + message(b"2", b"") + message(b"C", b"UPDATE 3\0"),
    ),
    (message(b"S", b""), READY[b"I"]),
    (
        bind(b"p", b"s1", b"x" * 70_000) + message(b"E", b"p\0" + bytes(4)),
        message(b"2", b"") + message(b"C", b"UPDATE 1\0"),
    ),
    (message(b"S", b""), READY[b"I"]),
    (
        message(b"Q", b"SELECT 2\0"),
        message(b"T", bytes(2)) + message(b"D", b"\0" * 30_000) + message(b"C", b"SELECT 1\0") + READY[b"I"],
    ),
    (
        message(b"Q", b"COPY t FROM STDIN\0") + message(b"d", b"1\n") + message(b"c", b""),
        message(b"G", bytes(3)) + message(b"C", b"COPY 1\0") + READY[b"I"],
    ),
]


def pieces(data: bytes, places: list[int]) -> list[bytes]:
    cuts = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def heard(rounds: list[tuple[list[bytes], list[bytes]]]) -> list[tuple[object, ...]]:
    """What a conversation shows: statements with their ends, and where transactions end."""
    conversation = Conversation()
    found: list[tuple[object, ...]] = []
    for sent, received in [([START], [message(b"R", bytes(4)), READY[b"I"]]), *rounds]:
        for piece in sent:
            for statement in conversation.sent(piece, 1.0):
                found.append((statement.text, len(statement.values), statement.simple, statement.before))
                assert 0 <= statement.begin <= len(piece)
        for piece in received:
            for one, said, begin in conversation.received(piece, 2.0):
                assert 0 <= begin <= len(piece)
                if said is not None and said["what"] == "stated":
                    assert one is not None
                    found.append(("done", one.text, tuple(one.tags), one.error))
                elif said is not None:
                    found.append((said["what"], said["how"], said["statements"]))
    return [*found, ("lost", conversation.lost), ("state", conversation.state)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(SPOKEN), max_size=8), st.lists(st.integers(0, 200_000), max_size=12))
def test_the_same_is_read_in_whatever_pieces(spoken: list[tuple[bytes, bytes]], places: list[int]) -> None:
    whole = heard([([sent], [received]) for sent, received in spoken])
    assert heard([(pieces(sent, places), pieces(received, places)) for sent, received in spoken]) == whole


def test_a_conversation_that_is_right_is_read_to_its_end() -> None:
    found = heard([([sent], [received]) for sent, received in SPOKEN])
    assert found[-2:] == [("lost", ""), ("state", "I")]
    assert [one[1:] for one in found if one[0] == "ended"] == [
        ("committed", 1),
        ("committed", 2),  # of which the first is two statements in one message
        ("rolled back", 1),
        *[("committed", 1)] * 4,
    ]
    assert ("COMMIT", 0, True, "BEGIN; SELECT 1") in found or ("COMMIT", 0, True, "INSERT INTO t VALUES (1)") in found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=10), st.booleans())
def test_nonsense_is_never_raised(said: list[tuple[bool, bytes]], started: bool) -> None:
    conversation = Conversation()
    if started:
        assert list(conversation.sent(START, 1.0)) == []
    for client, data in said:
        list(conversation.sent(data, 1.0) if client else conversation.received(data, 1.0))
    assert conversation.state


@given(st.integers(KEPT - 3, KEPT + 20_000), st.integers(1, 5000))
def test_of_a_long_message_the_beginning_is_kept(length: int, size: int) -> None:
    frames, body = Frames(client=False), bytes(n % 251 for n in range(length))
    data = message(b"D", body)
    found = [frame for at in range(0, len(data), size) for frame in frames.feed(data[at : at + size])]
    assert [(frame.kind, frame.body) for frame in found] == [(b"D", body[:KEPT])]
    assert frames.between


def fed(frames: Frames, *pieces: bytes) -> list[tuple[bytes, bytes, int, int]]:
    return [(one.kind, one.body, one.begin, one.end) for piece in pieces for one in frames.feed(piece)]


def test_each_message_has_its_place_in_what_was_fed() -> None:
    frames = Frames(client=False)
    assert fed(frames, message(b"C", b"abc") + message(b"1", b"") + message(b"Z", b"I")) == [
        (b"C", b"abc", 0, 8),
        (b"1", b"", 8, 13),
        (b"Z", b"I", 13, 19),
    ]
    assert frames.between
    assert fed(frames, b"") == []


@pytest.mark.parametrize("cut", range(1, 8))
def test_one_that_began_in_earlier_bytes_began_before_these(cut: int) -> None:
    frames, data = Frames(client=False), message(b"C", b"abc")
    assert fed(frames, message(b"1", b"") + data[:cut]) == [(b"1", b"", 0, 5)]
    assert not frames.between
    assert fed(frames, data[cut:] + data) == [(b"C", b"abc", -cut, 8 - cut), (b"C", b"abc", 8 - cut, 16 - cut)]
    assert frames.between


def test_one_in_three_pieces_began_before_all_of_them() -> None:
    data = message(b"C", b"abcdef")
    assert fed(Frames(client=False), data[:2], data[2:7], data[7:]) == [(b"C", b"abcdef", -7, 4)]


def test_a_client_begins_with_messages_that_have_no_letter() -> None:
    frames = Frames(client=True)
    asked = [first(SSL), first(GSS), first(CANCEL, b"12345678"), first(2 << 16)]
    assert [one[0] for one in fed(frames, *asked)] == [b""] * 4, "none of these begins the conversation"
    assert fed(frames, START) == [(b"", START[4:], 0, len(START))]
    assert fed(frames, message(b"Q", b"x\0")) == [(b"Q", b"x\0", 0, 7)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ((7).to_bytes(4, "big"), "no first message"),
        ((10_001).to_bytes(4, "big"), "no first message"),
        (b"\x16\x03\x01\x00", "encrypted"),
        (b"\x15\x03\x01\x00", "no first message"),
        (b"\x17\x03\x01\x00", "no first message"),
        (b"GET ", "no first message"),
    ],
)
def test_what_no_client_of_it_begins_with_is_said(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fed(Frames(client=True), data)


@pytest.mark.parametrize("length", [8, 9, 10_000])
def test_a_first_message_may_be_as_long_as_postgresql_takes_it(length: int) -> None:
    [(kind, body, begin, end)] = fed(Frames(client=True), length.to_bytes(4, "big") + bytes(length - 4))
    assert (kind, len(body), begin, end) == (b"", length - 4, 0, length)


@pytest.mark.parametrize("letter", [*b"AZaz123"])
def test_a_message_begins_with_a_letter_or_a_small_number(letter: int) -> None:
    assert fed(Frames(client=False), bytes([letter]) + (4).to_bytes(4, "big")) == [(bytes([letter]), b"", 0, 5)]
    with pytest.raises(ValueError, match="no message"):
        fed(Frames(client=False), bytes([letter]) + (3).to_bytes(4, "big"))


@pytest.mark.parametrize("letter", [*b"@[`{04", 0, 255])
def test_nothing_else_begins_one(letter: int) -> None:
    with pytest.raises(ValueError, match="no message"):
        fed(Frames(client=False), bytes([letter]) + (4).to_bytes(4, "big"))


@pytest.mark.parametrize("room", [0, 1, 2])
def test_the_beginning_is_kept_to_its_last_byte(room: int) -> None:
    body = bytes(n % 251 for n in range(KEPT + 5))
    data, cut = message(b"D", body), 5 + KEPT - room
    assert fed(Frames(client=False), data[:cut], data[cut:]) == [(b"D", body[:KEPT], -cut, len(data) - cut)]


def test_a_message_may_be_longer_than_all_that_is_fed_at_once() -> None:
    frames = Frames(client=False)
    assert fed(frames, b"D" + (1 << 24 | 5).to_bytes(4, "big"), b"x") == []
    assert not frames.between


def test_strings_are_read_with_the_place_behind_them() -> None:
    assert strings(b"a\0\0bc\0rest", 3) == ([b"a", b"", b"bc"], 6)
    assert strings(b"rest", 0) == ([], 0)
    with pytest.raises(ValueError, match="not found"):
        strings(b"a\0b", 2)


WORDS = ["'", '"', "$1", "12", "(", ")", ",", " ", "a", "--", "\n", "/*", "*/", ";", "$"]


@given(st.lists(st.sampled_from(WORDS)))
def test_a_shape_is_one_line_and_a_kind_one_word(words: list[str]) -> None:
    text = "".join(words)
    assert "\n" not in shape_of(text)
    assert set(kind_of(text)) <= {"a"}


def test_statements_that_differ_in_values_have_one_shape() -> None:
    assert shape_of("INSERT INTO m VALUES ('x -- y', '/*')") == "INSERT INTO m VALUES (?)"
    one = shape_of("INSERT INTO m (id, body) VALUES ('a''b', 12), ('c', 13) -- hello\n;")
    assert one == shape_of("INSERT INTO m (id,  body)\nVALUES ('', 1.5)") == "INSERT INTO m (id, body) VALUES (?)"
    assert shape_of("UPDATE m SET a=$1 WHERE id IN ($2, $3)") == shape_of("UPDATE m SET a=$1 WHERE id IN (4)")
    assert shape_of("SAVEPOINT sa_1") == "SAVEPOINT sa_1"


def test_a_kind_is_what_a_statement_does() -> None:
    kinds = {
        "COMMIT;": "commit",
        "  insert into t values (1)": "insert",
        "WITH a AS (SELECT 1), b AS (UPDATE t SET x = 1) SELECT * FROM b": "update",
        "with a as (select 1) select * from a": "select",
        "": "",
        "/* why */ SELECT 1": "select",
    }
    assert {text: kind_of(text) for text in kinds} == kinds
