"""What commands and replies of Redis mean, as pure functions."""

from __future__ import annotations

import pytest

from harness.wire.commands import Said, after, appended, events_of, fields_of


def words(text: str) -> list[bytes]:
    return [word.encode() for word in text.split()]


def said(command: str, reply: object) -> list[Said]:
    return list(events_of(words(command), reply))


@pytest.mark.parametrize(
    "options",
    [
        "",
        "NOMKSTREAM",
        "KEEPREF",
        "DELREF",
        "ACKED",
        "MAXLEN 100",
        "MAXLEN ~ 100",
        "MAXLEN = 100",
        "MAXLEN ~ 100 LIMIT 5",
        "MINID ~ 1-0 LIMIT 5",
        "nomkstream maxlen ~ 10",
        "NOMKSTREAM DELREF MINID = 5-0",
    ],
)
@pytest.mark.parametrize("entry", ["*", "7-1", "7-*"])
def test_fields_of_an_append_behind_any_options(options: str, entry: str) -> None:
    command = words(f"XADD jobs {options} {entry} data hello more 1")
    assert appended(command) == ("jobs", {"data": "hello", "more": "1"})


def test_an_append_has_the_id_that_redis_gave() -> None:
    assert said("XADD jobs * data hello", b"5-0") == [
        {"what": "appended", "stream": "jobs", "id": "5-0", "fields": {"data": "hello"}}
    ]


@pytest.mark.parametrize("reply", [None, RuntimeError("WRONGTYPE")], ids=["nothing made", "refused"])
@pytest.mark.parametrize("command", ["XADD jobs NOMKSTREAM * a b", "XACK jobs g 1-0", "XDEL jobs 1-0"])
def test_what_redis_did_not_do_is_no_event(command: str, reply: object) -> None:
    assert said(command, reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        [[b"jobs", [[b"1-0", [b"data", b"x"]], [b"2-0", None]]]],
        {b"jobs": [[b"1-0", {b"data": b"x"}], [b"2-0", None]]},
    ],
    ids=["RESP2", "RESP3"],
)
def test_a_delivery_names_group_and_consumer(reply: object) -> None:
    claim = {"what": "claimed", "how": "read", "group": "workers", "consumer": "w1"}
    assert said("XREADGROUP GROUP workers w1 COUNT 2 STREAMS jobs >", reply) == [
        {**claim, "stream": "jobs", "id": "1-0", "fields": {"data": "x"}}
    ]


def test_a_plain_read_is_a_delivery_without_a_group() -> None:
    assert said("XREAD BLOCK 0 STREAMS jobs $", [[b"jobs", [[b"1-0", [b"data", b"x"]]]]]) == [
        {"what": "claimed", "how": "xread", "stream": "jobs", "id": "1-0", "fields": {"data": "x"}}
    ]


@pytest.mark.parametrize("command", ["XREADGROUP GROUP g c STREAMS jobs >", "XREAD STREAMS jobs $"])
@pytest.mark.parametrize("reply", [None, [], {}, b"odd"])
def test_an_empty_delivery_is_no_event(command: str, reply: object) -> None:
    assert said(command, reply) == []


def test_a_takeover_names_the_new_consumer() -> None:
    entries = [[b"1-0", [b"data", b"x"]], [b"2-0", None]]
    expected = [
        {
            "what": "claimed",
            "how": "taken over",
            "stream": "jobs",
            "group": "workers",
            "consumer": "w2",
            "id": "1-0",
            "fields": {"data": "x"},
        }
    ]
    assert said("XAUTOCLAIM jobs workers w2 1000 0-0", [b"0-0", entries, []]) == expected
    assert said("XCLAIM jobs workers w2 1000 1-0 2-0", entries) == expected


@pytest.mark.parametrize("reply", [[b"0-0", [b"1-0"], []], [b"0-0"], b"odd"])
def test_a_takeover_of_bare_ids_shows_no_delivery(reply: object) -> None:
    assert said("XAUTOCLAIM jobs workers w2 1000 0-0 JUSTID", reply) == []


def test_each_acknowledged_entry_is_an_event() -> None:
    base = {"what": "acked", "stream": "jobs", "group": "workers", "counted": 2}
    assert said("XACK jobs workers 1-0 2-0", 2) == [{**base, "id": "1-0"}, {**base, "id": "2-0"}]


def test_acknowledge_and_delete_in_one() -> None:
    found = said("XACKDEL jobs workers DELREF IDS 2 1-0 2-0", [1, 1])
    assert [(event["what"], event["id"]) for event in found] == [
        ("acked", "1-0"),
        ("deleted", "1-0"),
        ("acked", "2-0"),
        ("deleted", "2-0"),
    ]


def test_each_deleted_entry_is_an_event() -> None:
    base = {"what": "deleted", "stream": "jobs"}
    assert said("XDEL jobs 1-0 2-0", 1) == [{**base, "id": "1-0", "counted": 1}, {**base, "id": "2-0", "counted": 1}]
    assert said("XDELEX jobs KEEPREF IDS 1 1-0", [1]) == [{**base, "id": "1-0", "counted": 1}]
    assert said("XDELEX jobs", [1]) == []


def test_other_commands_are_no_events() -> None:
    assert said("GET x", b"y") == []
    assert list(events_of([], b"y")) == []


def test_fields_of_any_shape() -> None:
    assert fields_of([b"a", b"\xff"]) == {"a": "\ufffd"}
    assert fields_of(b"odd") == {}


def test_words_that_are_missing_are_empty() -> None:
    assert after(words("XREADGROUP GROUP g"), b"GROUP", 2) == ["g", ""]
    assert after(words("XREADGROUP"), b"GROUP", 2) == ["", ""]
