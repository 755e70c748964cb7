"""What commands and replies of Redis mean, as pure functions."""

from __future__ import annotations

import pytest

from harness.wire.commands import (
    Said,
    appended,
    events_of,
    fields_of,
    group_of,
    read_options,
    streams_of,
    trimmed,
    whole,
)


def words(text: str) -> list[bytes]:
    return [word.encode() for word in text.split()]


def said(command: str, reply: object) -> list[Said]:
    return list(events_of(words(command), reply))


@pytest.mark.parametrize(
    "options",
    [
        "",
        "IDMP producer 7",
        "IDMPAUTO producer",
        "UNHEARDOF",
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
@pytest.mark.parametrize("reply", [None, [], {}])
def test_an_empty_delivery_is_no_event(command: str, reply: object) -> None:
    assert said(command, reply) == []


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("XADD jobs * a b", b"OK"),
        ("XADD jobs * a b", 1),
        ("XREADGROUP GROUP g c STREAMS jobs >", b"odd"),
        ("XREADGROUP GROUP g c STREAMS jobs >", [b"odd"]),
        ("XREAD STREAMS jobs $", 5),
        ("XACK jobs g 1-0", b"OK"),
        ("XDEL jobs 1-0", [1]),
        ("XDELEX jobs IDS 1 1-0", 1),
        ("XDELEX jobs IDS 1 1-0", [1, 1]),
        ("XACKDEL jobs g IDS 1 1-0", b"OK"),
        ("XAUTOCLAIM jobs g c 0 0", [b"0-0"]),
        ("XAUTOCLAIM jobs g c 0 0", [b"0-0", [], b"odd"]),
        ("XCLAIM jobs g c 0 1-0", b"odd"),
        ("XTRIM jobs MAXLEN 1", b"OK"),
    ],
)
def test_a_reply_that_belongs_to_another_command_is_no_reply(command: str, reply: object) -> None:
    with pytest.raises((ValueError, TypeError, IndexError)):
        said(command, reply)


def test_a_delivery_that_is_never_acknowledged_is_marked() -> None:
    (event,) = said("XREADGROUP GROUP g c NOACK STREAMS jobs >", [[b"jobs", [[b"1-0", [b"a", b"b"]]]]])
    assert event["noack"] is True
    for command in ("XREADGROUP GROUP NOACK c STREAMS jobs >", "XREADGROUP GROUP g noack STREAMS jobs >"):
        (event,) = said(command, [[b"jobs", [[b"1-0", [b"a", b"b"]]]]])
        assert "noack" not in event


def test_what_a_newer_redis_says_beside_an_entry_is_not_in_the_way() -> None:
    reply = [[b"jobs", [[b"1-0", [b"a", b"b"], 5, 1]]]]
    assert said("XREADGROUP GROUP g c CLAIM 5 STREAMS jobs >", reply)[0]["fields"] == {"a": "b"}


@pytest.mark.parametrize(
    ("command", "streams", "group"),
    [
        ("XREADGROUP GROUP g c COUNT 1 BLOCK 5 STREAMS a b > >", "a b", b"g"),
        ("XREADGROUP GROUP streams streams STREAMS a >", "a", b"streams"),
        ("xread block 0 streams a b $ 0", "a b", None),
        ("XREAD COUNT", "", None),
        ("XACK a g 1-0", "a", b"g"),
        ("XCLAIM a g c 0 1-0", "a", b"g"),
        ("XDEL a 1-0", "a", None),
        ("XACK a", "a", None),
    ],
)
def test_the_streams_and_the_group_of_a_command(command: str, streams: str, group: bytes | None) -> None:
    assert (streams_of(words(command)), group_of(words(command))) == (words(streams), group)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(b"1-0", "1-0"), (b"1", "1-0"), ("007-01", "7-1"), (b"*", "*"), (b"5-*", "5-*"), (b"", "")],
)
def test_an_id_is_written_as_redis_writes_it(given: object, expected: str) -> None:
    assert whole(given) == expected


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


def test_a_takeover_of_bare_ids_shows_no_delivery() -> None:
    assert said("XAUTOCLAIM jobs workers w2 1000 0-0 JUSTID", [b"0-0", [b"1-0"], []]) == []


@pytest.mark.parametrize("more", ["", " JUSTID"])
def test_what_redis_drops_from_the_pending_list_is_finished_for_that_group(more: str) -> None:
    """An entry that was deleted and not acknowledged; Redis 6.2 doesn't say so."""
    dropped = {"what": "acked", "how": "dropped", "stream": "jobs", "group": "workers"}
    reply: list[object] = [b"0-0", [], [b"1-0", b"2-0"]]
    command = f"XAUTOCLAIM jobs workers w2 1000 0-0{more}"
    assert said(command, reply) == [{**dropped, "id": "1-0"}, {**dropped, "id": "2-0"}]
    assert said(command, reply[:2]) == []


def test_each_acknowledged_entry_is_an_event() -> None:
    base = {"what": "acked", "stream": "jobs", "group": "workers", "counted": 2}
    assert said("XACK jobs workers 1-0 2-0", 2) == [{**base, "id": "1-0"}, {**base, "id": "2-0"}]


@pytest.mark.parametrize("command", ["XACK jobs g 1-0 2-0", "XDEL jobs 1-0 2-0", "XTRIM jobs MAXLEN 5"])
def test_what_redis_answered_with_nothing_did_nothing(command: str) -> None:
    assert said(command, 0) == []


def test_which_of_several_entries_redis_meant_is_not_guessed() -> None:
    of = {"what": "acked", "stream": "jobs", "group": "g"}
    assert said("XACK jobs g 1-0 2", 1) == [{"what": "some", "of": of, "ids": ["1-0", "2-0"], "counted": 1}]
    of = {"what": "deleted", "stream": "jobs"}
    assert said("XDEL jobs 1-0 2-0", 1) == [{"what": "some", "of": of, "ids": ["1-0", "2-0"], "counted": 1}]


def test_an_id_that_is_named_twice_is_one() -> None:
    assert [event["id"] for event in said("XACK jobs g 1-0 1-0 1", 1)] == ["1-0"]


def test_acknowledge_and_delete_in_one() -> None:
    found = said("XACKDEL jobs workers DELREF IDS 4 1-0 2-0 3-0 4-0", [1, 2, -1, 1])
    assert [(event["what"], event["id"]) for event in found] == [
        ("acked", "1-0"),
        ("deleted", "1-0"),
        ("acked", "2-0"),
        ("acked", "4-0"),
        ("deleted", "4-0"),
    ]


def test_each_deleted_entry_is_an_event() -> None:
    base = {"what": "deleted", "stream": "jobs"}
    assert said("XDEL jobs 1-0 2-0", 2) == [{**base, "id": "1-0", "counted": 2}, {**base, "id": "2-0", "counted": 2}]
    assert said("XDELEX jobs KEEPREF IDS 3 1-0 2-0 3-0", [1, 2, -1]) == [{**base, "id": "1-0", "counted": 1}]


@pytest.mark.parametrize(
    ("options", "longest"),
    [("MAXLEN 5", 5), ("MAXLEN ~ 5 LIMIT 3", 5), ("NOMKSTREAM maxlen = 5", 5), ("MINID ~ 3-0", None)],
)
def test_an_append_may_trim(options: str, longest: int | None) -> None:
    more = {"longest": longest} if longest else {}
    assert said(f"XADD jobs {options} * a b", b"1-0")[1:] == [{"what": "trimmed", "stream": "jobs", **more}]
    assert said("XADD jobs * MAXLEN 5", b"1-0")[1:] == []


def test_a_trim_says_how_many_it_deleted() -> None:
    assert said("XTRIM jobs MAXLEN 5", 2) == [{"what": "trimmed", "stream": "jobs", "counted": 2}]


def test_other_commands_are_no_events() -> None:
    assert said("GET x", b"y") == []
    assert list(events_of([], b"y")) == []


def test_fields_of_any_shape() -> None:
    assert fields_of([b"a", b"\xff"]) == {"a": "\udcff"}, "no byte is lost"
    assert fields_of(b"odd") == {}


def test_what_was_acknowledged_and_deleted_in_one_says_of_what_and_whose() -> None:
    acked, deleted = said("XACKDEL jobs workers IDS 1 1-0", [1])
    assert (acked["stream"], acked["group"], acked["counted"]) == ("jobs", "workers", 1)
    assert (deleted["stream"], deleted["counted"]) == ("jobs", 1)


@pytest.mark.parametrize(
    ("command", "options", "streams"),
    [
        ("XREADGROUP GROUP g c CLAIM 100 STREAMS jobs >", {b"GROUP": [b"g", b"c"], b"CLAIM": [b"100"]}, [b"jobs"]),
        (
            "XREADGROUP GROUP g c COUNT 1 BLOCK 5 NOACK STREAMS jobs mail > >",
            {b"GROUP": [b"g", b"c"], b"COUNT": [b"1"], b"BLOCK": [b"5"], b"NOACK": []},
            [b"jobs", b"mail"],
        ),
        ("XREAD COUNT 1", {b"COUNT": [b"1"]}, []),
        ("XREAD COUNT", {b"COUNT": []}, []),
    ],
)
def test_the_options_of_a_read_have_their_values(
    command: str, options: dict[bytes, list[bytes]], streams: list[bytes]
) -> None:
    """Redis refuses one without streams; it is read all the same, since its words come before the refusal."""
    assert read_options(words(command)) == (options, streams)


@pytest.mark.parametrize("stream", ["5-1", "*", "7", "MAXLEN", "minid"])
def test_a_stream_may_be_called_like_an_option_or_an_id(stream: str) -> None:
    entry = {"what": "appended", "stream": stream, "id": "6-0", "fields": {"a": "b"}}
    assert said(f"XADD {stream} * a b", b"6-0") == [entry]
    assert said(f"XADD {stream} MAXLEN 9 * a b", b"6-0") == [
        entry,
        {"what": "trimmed", "stream": stream, "longest": 9},
    ]
    assert list(trimmed(words(f"XTRIM {stream} MAXLEN 9"))) == [{"what": "trimmed", "stream": stream, "longest": 9}]
