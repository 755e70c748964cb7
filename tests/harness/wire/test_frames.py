"""PostgreSQL's protocol is read the same in whatever pieces it comes, and what is none is said, never raised."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire.frames import KEPT, Frames
from harness.wire.shapes import kind_of, shape_of
from harness.wire.statements import Conversation

START = (8 + 10).to_bytes(4, "big") + (3 << 16).to_bytes(4, "big") + b"user\0me\0\0\0"


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def bind(portal: bytes, name: bytes, *values: bytes) -> bytes:
    given = b"".join(len(value).to_bytes(4, "big") + value for value in values)
    counted = (0).to_bytes(2, "big") + len(values).to_bytes(2, "big") + given + (0).to_bytes(2, "big")
    return message(b"B", portal + b"\0" + name + b"\0" + counted)


READY = {state: message(b"Z", state) for state in (b"I", b"T", b"E")}
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
