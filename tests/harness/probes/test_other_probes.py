"""The log, Redis' counters, and the marks by which sources correlate."""

from __future__ import annotations

import json

import pytest
from harness_support import Valkey
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.ports import Ports
from harness.errors import Inconclusive, ProfileError
from harness.history import Event, History
from harness.probes.counters import Counters
from harness.probes.entries import message_of, record
from harness.probes.log import LONGEST, record_line
from harness.probes.probe import new_token, token_in
from harness.profile import Queue

UUID = "11111111-2222-4333-8444-555555555555"
STREAM = "message_queue:sms"


def logged(line: str) -> Event:
    history = History()
    record_line(history, process="worker-1", line=line)
    return history.events()[0]


@pytest.mark.parametrize(
    ("line", "message_id", "text"),
    [
        (json.dumps({"event": "sent", "message_id": "m1", "level": "info"}), "m1", "sent"),
        (json.dumps({"message": f"done with {UUID}"}), UUID, f"done with {UUID}"),
        (f"Successfully processed message: {UUID}", UUID, f"Successfully processed message: {UUID}"),
        ("plain words", None, "plain words"),
        ("{broken json", None, "{broken json"),
        (json.dumps({"message_id": 7}), "7", '{"message_id": 7}'),
        (json.dumps({"message_id": True}), None, '{"message_id": true}'),
    ],
)
def test_a_line_of_output_is_tied_to_its_message(line: str, message_id: str | None, text: str) -> None:
    event = logged(line)
    assert (event.message_id, event.data["text"], event.source) == (message_id, text, "log worker-1")


def test_a_long_line_is_cut() -> None:
    assert len(logged("x" * 5000).data["text"]) == LONGEST


def test_the_level_is_kept() -> None:
    assert logged('{"event": "x", "level": "error"}').data["level"] == "error"


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_token_is_found_in_any_text(before: str, after: str) -> None:
    token = new_token()
    if token_in(before) is None:
        assert token_in(f"{before} {token} {after}") == token


def test_tokens_are_unique() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"data": '{"message_id": "m1"}'}, "m1"),
        ({"data": '{"message_id": 5}'}, "5"),
        ({"data": '{"other": 1}'}, None),
        ({"data": "[1]"}, None),
        ({"data": "no json"}, None),
        ({"message_id": "m2"}, "m2"),
        ({}, None),
    ],
)
def test_the_message_id_in_an_entry(fields: dict[str, str], expected: str | None) -> None:
    assert message_of(fields, Queue()) == expected


def test_an_entry_of_the_dead_letter_stream_is_marked() -> None:
    history = History()
    said = {"stream": "message_queue:dead", "id": "1-0", "at": 1.0, "fields": {"message_id": "m1", "x": "y" * 3000}}
    record(history, Queue(), "queue.appended", said)
    event = history.events()[0]
    assert event.data["dead"] is True
    assert len(event.data["fields"]["x"]) == 2000


# counters


def test_redis_counts(valkey: Valkey) -> None:
    history = History()
    counters = Counters(history, Queue(), url=valkey.url)
    assert counters.count(STREAM).data == {"stream": STREAM, "length": 0, "pending": 0, "lag": 0, "consumers": 0}
    client = valkey.client()
    client.xadd(STREAM, {"a": "1"})
    assert counters.count(STREAM).data["lag"] is None  # no group yet
    client.xgroup_create(STREAM, "workers", id="0")
    client.xadd(STREAM, {"a": "2"})
    client.xreadgroup("workers", "w1", {STREAM: ">"}, count=1)
    assert counters.count(STREAM).data == {"stream": STREAM, "length": 2, "pending": 1, "lag": 1, "consumers": 1}
    assert [fields for _, fields in counters.entries(STREAM)] == [{"a": "1"}, {"a": "2"}]
    assert len(history.events("queue.counted")) == 3
    counters.close()


def test_without_a_group_only_the_length_is_counted(valkey: Valkey) -> None:
    counters = Counters(History(), Queue(group=None), url=valkey.url)
    assert counters.count(STREAM).data == {"stream": STREAM, "length": 0}
    counters.close()


def limited(valkey: Valkey, *commands: str) -> str:
    """The URL of a user who may do everything but these."""
    valkey.client().acl_setuser("few", enabled=True, reset=True, passwords=["+pw@few"], commands=["+@all"], keys="*")
    if commands:
        valkey.client().execute_command("ACL", "SETUSER", "few", *[f"-{command}" for command in commands])
    return f"redis://few:pw%40few@127.0.0.1:{valkey.port}/0"


def standing(valkey: Valkey) -> tuple[str, str]:
    """Two entries: one is pending, one waits."""
    client = valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    entries = (client.xadd(STREAM, {"a": "1"}), client.xadd(STREAM, {"a": "2"}))
    client.xreadgroup("workers", "w1", {STREAM: ">"}, count=1)
    return entries


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ([], {"length": 2, "pending": 1, "lag": 1, "consumers": 1}),
        (["xlen"], {"length": None, "pending": 1, "lag": 1, "consumers": 1}),
        (["xinfo"], {"length": 2, "pending": 1, "lag": None, "consumers": None}),
        (["xpending"], {"length": 2, "pending": 1, "lag": 1, "consumers": 1}),
        (["xinfo", "xpending", "xlen"], {"length": None, "pending": None, "lag": None, "consumers": None}),
    ],
)
def test_what_redis_refuses_is_not_nothing(valkey: Valkey, refused: list[str], expected: dict[str, int | None]) -> None:
    history = History()
    standing(valkey)
    counters = Counters(history, Queue(), url=limited(valkey, *refused))
    said = dict(counters.count(STREAM).data)
    named = said.pop("refused", {})
    counters.count(STREAM)
    assert said == {"stream": STREAM, **expected}
    asked = [name for name in refused if name != "xpending" or "xinfo" in refused]
    assert sorted(name.partition("|")[0] for name in named) == sorted(asked)
    gaps = history.events("probe.gap")
    assert [gap.data["kinds"] for gap in gaps] == [["queue.counted"]] * len(asked)
    assert all("grant" in gap.data["remedy"] and "+x" in gap.data["remedy"] for gap in gaps)
    counters.close()


@pytest.mark.parametrize(
    ("refused", "first", "second"),
    [
        ([], (True, True), (True, False)),
        (["xpending"], (True, None), (True, None)),
        (["xrange"], (None, True), (None, False)),
        (["xrange", "xpending", "xinfo"], (None, None), (None, None)),
    ],
)
def test_single_entries_are_looked_at(
    valkey: Valkey, refused: list[str], first: tuple[bool | None, ...], second: tuple[bool | None, ...]
) -> None:
    entries = standing(valkey)
    counters = Counters(History(), Queue(), url=limited(valkey, *refused))
    data = counters.look(STREAM, [*entries, "9-9"]).data
    assert [tuple(data["entries"][entry].values()) for entry in entries] == [first, second]
    gone = data["entries"]["9-9"]
    assert gone == {
        "present": None if "xrange" in refused else False,
        "pending": None if "xpending" in refused else False,
    }
    assert bool(data.get("refused")) is bool(refused)
    counters.close()


def test_where_nothing_is_pending_no_entry_is(valkey: Valkey) -> None:
    client = valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    entry = client.xadd(STREAM, {"a": "1"})
    counters = Counters(History(), Queue(), url=limited(valkey, "xpending"))
    assert counters.look(STREAM, [entry]).data["entries"] == {entry: {"present": True, "pending": False}}
    assert counters.look("message_queue:mms", ["1-0"]).data["entries"] == {"1-0": {"present": False, "pending": False}}
    assert counters.look(STREAM, []).data["entries"] == {}
    counters.close()


def test_a_key_that_is_no_stream_can_not_be_counted(valkey: Valkey) -> None:
    valkey.client().lpush(STREAM, "x")
    counters = Counters(History(), Queue(), url=valkey.url)
    for ask in (counters.count, counters.entries, lambda stream: counters.look(stream, ["1-0"])):
        with pytest.raises(Inconclusive, match="not a stream"):
            ask(STREAM)
    counters.close()


def test_a_url_that_is_none_is_told() -> None:
    with pytest.raises(ProfileError, match=r"\[queue\] url is no URL of a Redis"):
        Counters(History(), Queue(), url="http://127.0.0.1")


def test_a_redis_that_is_gone_can_not_be_asked(ports: Ports) -> None:
    counters = Counters(History(), Queue(), url=f"redis://127.0.0.1:{ports.free()}/0")
    with pytest.raises(Inconclusive, match="can't be asked for its counters"):
        counters.count(STREAM)
    with pytest.raises(Inconclusive, match="can't be asked for the entries"):
        counters.entries(STREAM)
    counters.close()
