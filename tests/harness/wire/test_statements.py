"""What a conversation with PostgreSQL shows, message by message: statements, their ends, and transactions' ends."""

from __future__ import annotations

import pytest
from postgres_words import CANCEL, GSS, READY, SSL, START, SYNC, bind, complete, execute, first, message, parse, query

from harness.wire.statements import (
    FORGOTTEN,
    LONGEST_TEXT,
    LONGEST_VALUE,
    MOST_NAMES,
    MOST_ROWS,
    MOST_VALUES,
    Conversation,
    Statement,
)

STATED = {"what": "stated", "at": 2.0}
ERROR = message(b"E", b"SERROR\0Mwrong\0\0")
WRONG = "SERROR Mwrong  "
COPY_IN = message(b"G", bytes(3))


def ended(how: str, statements: int) -> dict[str, object]:
    return {"what": "ended", "how": how, "statements": statements, "at": 2.0}


class Talk:
    """A conversation that has begun."""

    def __init__(self) -> None:
        self.its = Conversation()
        assert self.client(START) == []
        assert self.server(message(b"R", bytes(4)), READY[b"I"]) == [(None, None)] * 2

    def client(self, *messages: bytes) -> list[Statement]:
        return list(self.its.sent(b"".join(messages), 1.0))

    def server(self, *messages: bytes) -> list[tuple[Statement | None, object]]:
        return [(one, said) for one, said, _ in self.its.received(b"".join(messages), 2.0)]


def texts(found: list[Statement]) -> list[str]:
    return [one.text for one in found]


def test_a_simple_query_is_done_when_the_server_is_ready() -> None:
    talk = Talk()
    [one] = talk.client(query(b"INSERT INTO t VALUES (1)"))
    assert (one.text, one.values, one.at, one.simple, one.before) == ("INSERT INTO t VALUES (1)", (), 1.0, True, "")
    assert (one.kind, one.begin, talk.its.waits) == ("insert", 0, True)
    assert talk.server(complete(b"INSERT 0 1")) == [(one, None)]
    assert (one.tags, one.done) == (["INSERT 0 1"], False)
    assert talk.server(READY[b"I"]) == [(one, STATED), (None, ended("committed", 1))]
    assert (one.done, one.error, talk.its.waits) == (True, "", False)
    assert talk.server(READY[b"I"]) == [(None, None)], "it has ended once"


def test_a_prepared_statement_is_done_when_it_is_answered() -> None:
    talk = Talk()
    one, other = talk.client(
        parse(b"s", b"UPDATE t SET a = $1"),
        bind(b"p", b"s", b"x", formats=1),
        execute(b"p"),
        bind(b"p", b"s", None, b"", b"y"),
        execute(b"p"),
        SYNC,
    )
    assert [(one.text, one.values, one.simple) for one in (one, other)] == [
        ("UPDATE t SET a = $1", (b"x",), False),
        ("UPDATE t SET a = $1", (b"", b"", b"y"), False),
    ]
    assert other.begin > one.begin > 0
    answer = talk.server(message(b"1", b""), message(b"2", b""), complete(b"UPDATE 1"))
    assert answer == [(one, None), (one, None), (one, STATED)]
    assert talk.its.waits
    assert talk.server(complete(b"UPDATE 2"), READY[b"I"]) == [(other, STATED), (None, ended("committed", 2))]
    assert not talk.its.waits


def test_two_statements_of_the_same_words_are_two() -> None:
    one, other = Talk().client(query(b"SELECT 1"), query(b"SELECT 1"))
    one.begin = other.begin = 0
    assert one != other
    assert len({one, other}) == 2


def test_who_does_not_wait_for_the_first_ready_is_read_too() -> None:
    its = Conversation()
    assert list(its.sent(START + SYNC, 1.0)) == []
    assert its.waits


def test_where_a_statement_and_its_answer_begin() -> None:
    talk = Talk()
    data = query(b"SELECT 1")
    assert talk.client(data[:3]) == []
    first_one, second = talk.client(data[3:], data)
    assert (first_one.begin, second.begin) == (0, len(data) - 3)
    answer = complete(b"SELECT 1")
    assert list(talk.its.received(answer[:5], 2.0)) == []
    places = [place for _, _, place in talk.its.received(answer[5:] + READY[b"T"], 2.0)]
    assert places == [0, len(answer) - 5, len(answer) - 5]


def test_a_transaction_ends_when_the_server_is_in_none() -> None:
    talk = Talk()
    for text, state in ((b"BEGIN", b"T"), (b"INSERT INTO t VALUES (1)", b"T"), (b"SAVEPOINT a", b"T")):
        [one] = talk.client(query(text))
        assert one.before == ""
        assert talk.server(complete(text.split()[0]), READY[state])[1:] == [(one, STATED), (None, None)]
        assert talk.its.state == state.decode()
    [one] = talk.client(query(b"COMMIT"))
    assert one.before == "INSERT INTO t VALUES (1)", "what it ends is no bookkeeping"
    assert talk.server(complete(b"COMMIT"), READY[b"I"])[-1] == (None, ended("committed", 4))
    assert talk.its.state == "I"
    talk.client(query(b"SELECT 1"))
    assert talk.server(complete(b"SELECT 1"), READY[b"I"])[-1] == (None, ended("committed", 1)), "counted anew"


@pytest.mark.parametrize(
    ("tag", "how"),
    [
        (b"COMMIT", "committed"),
        (b"ROLLBACK", "rolled back"),
        (b"PREPARE TRANSACTION", "prepared"),
        (b"", "committed"),
    ],
)
def test_how_a_transaction_ended_its_last_answer_says(tag: bytes, how: str) -> None:
    talk = Talk()
    talk.client(query(b"SELECT 1; END"))
    assert talk.server(complete(b"SELECT 1"), complete(tag), READY[b"I"])[-1] == (None, ended(how, 1))


def test_a_statement_of_which_nothing_was_said_is_done_with_its_ready() -> None:
    talk = Talk()
    [one] = talk.client(query(b"SELECT 1"))
    assert talk.server(READY[b"I"]) == [(one, STATED), (None, ended("committed", 1))]
    assert one.tags == []


def test_a_simple_query_that_failed_is_rolled_back() -> None:
    talk = Talk()
    [one] = talk.client(query(b"wrong"))
    assert talk.server(ERROR) == [(one, None)]
    assert (one.error, one.done) == (WRONG, False)
    assert talk.server(READY[b"I"])[-1] == (None, ended("rolled back", 1))


def test_of_an_error_the_beginning_is_kept() -> None:
    talk = Talk()
    [one] = talk.client(query(b"wrong"))
    talk.server(message(b"E", b"M" + b"x" * 300))
    assert one.error == "M" + "x" * 199


def test_after_an_error_all_up_to_the_next_sync_is_thrown_away() -> None:
    talk = Talk()
    one, other = talk.client(parse(b"", b"SELECT 1"), bind(b"", b""), execute(), execute())
    assert talk.server(ERROR) == [(one, STATED), (other, STATED), (None, None)]
    assert (one.error, other.error) == (WRONG, WRONG)
    assert talk.client(execute()) == [], "it is never run"
    assert texts(talk.client(SYNC, execute())) == ["SELECT 1"]
    assert talk.server(READY[b"I"]) == [(None, ended("rolled back", 2))]


def test_an_error_leaves_what_is_behind_the_next_sync() -> None:
    talk = Talk()
    one, other = talk.client(parse(b"", b"SELECT 1"), bind(b"", b""), execute(), SYNC, execute(), SYNC)
    assert talk.server(ERROR, READY[b"I"])[:2] == [(one, STATED), (None, None)]
    assert len(talk.client(execute())) == 1, "the Sync came already"
    assert talk.server(complete(b"SELECT 1")) == [(other, STATED)]


def test_a_simple_query_ends_what_is_thrown_away() -> None:
    talk = Talk()
    talk.client(parse(b"", b"SELECT 1"), bind(b"", b""), execute())
    talk.server(ERROR)
    assert texts(talk.client(query(b"SELECT 2"), execute())) == ["SELECT 2", "SELECT 1"]


def test_what_several_queries_are_owed_comes_one_after_the_other() -> None:
    talk = Talk()
    one, other = talk.client(query(b"SELECT 1"), query(b"SELECT 2"))
    assert talk.server(complete(b"SELECT 1"), READY[b"T"]) == [(one, None), (one, STATED), (None, None)]
    assert talk.its.waits
    assert talk.server(complete(b"SELECT 1"), READY[b"I"])[1:] == [(other, STATED), (None, ended("committed", 2))]


@pytest.mark.parametrize("kind", [b"I", b"s"])
def test_an_empty_statement_and_one_that_is_suspended_are_answered_without_a_word(kind: bytes) -> None:
    talk = Talk()
    [one] = talk.client(parse(b"", b""), bind(b"", b""), execute(), SYNC)
    assert talk.server(message(kind, b"")) == [(one, STATED)]
    assert one.tags == [""]


# what is kept


def test_of_an_answer_so_many_bytes_are_kept_and_no_more() -> None:
    talk = Talk()
    [one] = talk.client(query(b"SELECT a FROM t"))
    rows = [b"a" * (MOST_ROWS - 1), b"b" * (MOST_ROWS + 1), b"c"]
    assert talk.server(*(message(b"D", row) for row in rows)) == [(one, None)] * 3
    assert bytes(one.rows) == rows[0] + rows[1][:MOST_ROWS]
    [other] = talk.client(query(b"SELECT b FROM t"))
    talk.server(READY[b"I"], message(b"D", b"a" * MOST_ROWS), message(b"D", b"b"))
    assert bytes(other.rows) == b"a" * MOST_ROWS


@pytest.mark.parametrize("statement", [query, lambda text: parse(b"", text) + bind(b"", b"") + execute()])
def test_of_a_statement_the_beginning_is_kept(statement: object) -> None:
    for length in (LONGEST_TEXT, 10 * LONGEST_TEXT):
        talk = Talk()
        [one] = talk.client(statement(b"SELECT " + b"1" * length))  # type: ignore[operator]
        assert one.text == ("SELECT " + "1" * LONGEST_TEXT)[:LONGEST_TEXT]
        assert not talk.its.lost


def test_of_values_so_many_are_kept_each_so_long() -> None:
    values = [b"v" * (LONGEST_VALUE + 1), b"w" * LONGEST_VALUE, *(str(n).encode() for n in range(MOST_VALUES))]
    [one] = Talk().client(parse(b"", b"SELECT 1"), bind(b"", b"", *values, formats=2), execute())
    assert one.values == (b"v" * LONGEST_VALUE, *values[1:MOST_VALUES])


def test_the_oldest_names_are_forgotten() -> None:
    talk = Talk()
    talk.client(*(parse(str(n).encode(), b"SELECT %d" % n) for n in range(MOST_NAMES)))
    talk.client(parse(b"0", b"SELECT 'again'"), parse(b"one more", b"SELECT 'more'"))
    asked = [b"0", b"1", b"2", b"one more"]
    found = talk.client(*(bind(b"", name) + execute() for name in asked))
    assert texts(found) == ["SELECT 'again'", FORGOTTEN, "SELECT 2", "SELECT 'more'"]


def test_a_statement_that_was_closed_is_known_no_more() -> None:
    talk = Talk()
    talk.client(parse(b"a", b"SELECT 1"), parse(b"b", b"SELECT 2"), message(b"C", b"Sa\0"), message(b"C", b"Pb\0"))
    talk.client(message(b"C", b"Snobody\0"))
    found = talk.client(bind(b"", b"a"), execute(), bind(b"", b"b"), execute(), execute(b"nobody"))
    assert [(one.text, one.values) for one in found] == [(FORGOTTEN, ()), ("SELECT 2", ()), (FORGOTTEN, ())]


def test_what_was_never_passed_on_is_forgotten_with_all_behind_it() -> None:
    talk = Talk()
    one, other, _ = talk.client(query(b"SELECT 1"), query(b"SELECT 2"), query(b"SELECT 3"))
    talk.its.forget(other)
    assert talk.server(complete(b"SELECT 1"), READY[b"I"])[:2] == [(one, None), (one, STATED)]
    assert not talk.its.waits


# copying


def test_a_copy_is_done_with_the_query_that_began_it() -> None:
    talk = Talk()
    [one] = talk.client(query(b"COPY t FROM STDIN"))
    assert talk.server(COPY_IN) == [(one, None)]
    assert talk.client(SYNC, message(b"d", b"1\n"), message(b"c", b"")) == [], "a Sync amid a copy is thrown away"
    assert talk.server(complete(b"COPY 1"), READY[b"I"])[1:] == [(one, STATED), (None, ended("committed", 1))]
    assert not talk.its.waits


@pytest.mark.parametrize("end", [b"c", b"f"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_each_sync_before_the_end_of_a_copy_is_thrown_away_and_one_behind_it_counts(end: bytes, before: int) -> None:
    talk = Talk()
    asked = parse(b"", b"COPY t FROM STDIN") + bind(b"", b"") + execute()
    one, other = talk.client(asked, *[SYNC] * before, message(end, b""), SYNC, query(b"SELECT 1"))
    assert talk.server(COPY_IN) == [(one, None)]
    assert talk.server(complete(b"COPY 1"), READY[b"T"]) == [(one, STATED), (None, None)]
    assert talk.server(complete(b"SELECT 1"), READY[b"I"])[1] == (other, STATED)
    assert not talk.its.waits


def test_a_copy_whose_end_is_sent_at_once_waits_for_its_turn() -> None:
    talk = Talk()
    one, other = talk.client(query(b"SELECT 1"), query(b"COPY t FROM STDIN"), message(b"c", b""))
    assert talk.server(complete(b"SELECT 1"), READY[b"T"])[1:] == [(one, STATED), (None, None)]
    assert talk.server(COPY_IN, complete(b"COPY 1"), READY[b"I"])[2:] == [
        (other, STATED),
        (None, ended("committed", 2)),
    ]


def test_after_a_copy_a_sync_is_one_again() -> None:
    talk = Talk()
    talk.client(parse(b"", b"COPY t FROM STDIN"), bind(b"", b""), execute())
    talk.server(COPY_IN)
    talk.client(message(b"c", b""))
    assert not talk.its.waits
    talk.client(SYNC)
    assert talk.its.waits


def test_a_copy_that_was_given_up_ends_with_the_ready() -> None:
    talk = Talk()
    talk.client(query(b"COPY t FROM STDIN"))
    talk.server(COPY_IN, ERROR, READY[b"I"])
    talk.client(SYNC)
    assert talk.its.waits


def test_an_old_call_of_a_function_is_answered_by_a_ready() -> None:
    talk = Talk()
    talk.client(message(b"F", bytes(4)))
    assert talk.its.waits
    assert talk.server(READY[b"I"]) == [(None, None)]
    assert not talk.its.waits


# what can't be followed


@pytest.mark.parametrize("letter", [b"S", b"G"])
@pytest.mark.parametrize("code", [SSL, GSS])
def test_an_agreement_to_encrypt_ends_the_reading(code: int, letter: bytes) -> None:
    its = Conversation()
    assert list(its.sent(first(code), 1.0)) == []
    assert list(its.received(letter + b"\x16\x03", 2.0)) == []
    assert its.lost == "it is encrypted"


def test_a_refusal_to_encrypt_is_one_letter_before_what_follows() -> None:
    its = Conversation()
    list(its.sent(first(GSS) + first(SSL), 1.0))
    assert list(its.received(b"N", 2.0)) == []
    assert texts(list(its.sent(START + query(b"SELECT 1"), 1.0))) == ["SELECT 1"]
    answer = [*its.received(b"N" + message(b"R", bytes(4)), 2.0)]
    assert [(said, place) for _, said, place in answer] == [(None, 1)]
    assert its.lost == ""


def test_a_server_that_knows_no_such_request_answers_with_an_error() -> None:
    its = Conversation()
    list(its.sent(first(SSL), 1.0))
    assert list(its.received(ERROR, 2.0)) == [(None, None, 0)]
    assert its.lost == ""


def test_each_request_to_encrypt_has_an_answer_of_its_own() -> None:
    its = Conversation()
    list(its.sent(first(GSS) + first(SSL), 1.0))
    assert list(its.received(ERROR, 2.0)) == [(None, None, 0)]
    assert list(its.received(b"S", 2.0)) == []
    assert its.lost == "it is encrypted"


@pytest.mark.parametrize(
    ("client", "server", "why"),
    [
        (b"", message(b"W", bytes(3)), "it is a replica's connection"),
        (b"", complete(b"SELECT 1"), "an answer came that no statement asked for"),
        (message(b"P", b""), b"", "not found"),
        (message(b"@", b""), b"", "no message of PostgreSQL's protocol"),
        (b"", message(b"@", b""), "no message of PostgreSQL's protocol"),
    ],
)
def test_what_can_not_be_followed_is_said_and_nothing_more_is_read(client: bytes, server: bytes, why: str) -> None:
    talk = Talk()
    if not server.startswith(b"C"):
        talk.client(query(b"SELECT 1"))
    talk.client(client)
    talk.server(server)
    assert why in talk.its.lost
    assert not talk.its.waits
    assert talk.client(query(b"SELECT 2")) == []
    assert talk.server(READY[b"I"]) == []


def test_a_cancel_is_no_conversation() -> None:
    its = Conversation()
    assert list(its.sent(first(CANCEL, bytes(8)), 1.0)) == []
    assert its.lost == "it asks for a cancel"
