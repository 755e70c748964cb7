"""What stands in entries: read as plain values, within bounds, and never evaluated."""

from __future__ import annotations

import base64
import datetime
import json
import pickle
import pickletools
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.probes.decoding import INFLATED, decoded
from harness.probes.naming import Naming, within
from harness.probes.pickled import unpickled
from harness.profile import Queue
from harness.wire.commands import bare, raw
from harness.wire.places import fits

PLAIN: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN, st.integers(0, 5))
def test_any_pickle_of_plain_values_is_read(value: Any, protocol: int) -> None:
    try:
        data = pickle.dumps(value, protocol)
    except OverflowError:  # some texts have no old form
        return
    if "GLOBAL" in {code.name for code, _, _ in pickletools.genops(data)}:
        return  # bytes are made by a call in the oldest protocols
    assert unpickled(data) == value


@pytest.mark.parametrize("value", [{1, 2}, frozenset("a"), [[1], {"a": (1, 2, 3, 4)}], 1 << 300, -(1 << 3000)])
def test_sets_and_long_numbers_too(value: Any) -> None:
    for protocol in (4, 5):
        assert unpickled(pickle.dumps(value, protocol)) == value


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_as_what_they_are(data: bytes) -> None:
    for encoding in ("pickle", "zlib+json", "base64+json", "msgpack", "celery", "rq", "arq", "taskiq", "dramatiq"):
        try:
            decoded(data, encoding)
        except ValueError:
            continue


@pytest.mark.parametrize("value", [datetime.datetime(2020, 1, 1), Exception("x"), len, datetime.date])  # noqa: DTZ001 - reason: any class will do
def test_nothing_that_names_a_class_is_read(value: object) -> None:
    for protocol in range(6):
        with pytest.raises(ValueError, match="only plain values are read"):
            unpickled(pickle.dumps(value, protocol))


def test_extensions_and_persistent_names_are_refused() -> None:
    for data in (b"\x80\x02\x82\x01.", b"\x80\x02Pname\n.", b"\x80\x02K\x01Q.", b"cos\nsystem\n(S'id'\ntR."):
        with pytest.raises(ValueError, match="only plain values are read"):
            unpickled(data)


def test_a_memo_of_any_number_costs_no_memory() -> None:
    data = b"\x80\x02K\x01r\xff\xff\xff\x7f."  # LONG_BINPUT 2**31 - 1
    assert unpickled(data) == 1


def test_what_would_become_too_large_is_not_unpacked() -> None:
    with pytest.raises(ValueError, match="longer than"):
        decoded(zlib.compress(b" " * (INFLATED + 1)), "zlib+json")


def test_deep_json_and_huge_numbers_are_refused() -> None:
    naming = Naming(Queue.model_validate({"kind": "list", "keys": {"sms": "q"}, "message_id": "id"}))
    assert naming.read("[" * 100_000)[0] is None
    assert naming.read('{"id": ' + "9" * 5000 + "}")[0] is None
    assert naming.read('{"id": true}')[0] is None


def test_celery_in_both_protocols() -> None:
    body = base64.b64encode(json.dumps([["m1"], {"a": 1}, {}]).encode()).decode()
    properties = {"body_encoding": "base64", "delivery_tag": "t"}
    new = {"body": body, "content-type": "application/json", "headers": {"id": "i", "task": "send", "retries": 2}}
    found = decoded(json.dumps({**new, "properties": properties}).encode(), "celery")
    assert (found["args"], found["kwargs"], found["id"], found["retry_count"]) == (["m1"], {"a": 1}, "i", 2)
    inner = {"id": "i", "task": "send", "args": ["m1"], "kwargs": {}, "retries": 0}
    old = {"body": json.dumps(inner), "content-type": "application/json", "headers": {}, "properties": {}}
    assert decoded(json.dumps(old).encode(), "celery")["args"] == ["m1"]
    assert decoded(json.dumps([old, "", "celery"]).encode(), "celery")["args"] == ["m1"], "as it stands in unacked"


@pytest.mark.parametrize(
    ("template", "text", "name"),
    [
        ("{entry}", "a", "a"),
        ("rq:job:{entry}", "rq:job:a", "a"),
        ("rq:job:{entry}", "rq:other:a", None),
        ("{entry}:*", "a:b", "a"),
        ("{entry}:*", "a", "a"),
        ("bull:{entry}:lock", "bull:7:lock", "7"),
        ("bull:{entry}:lock", "bull:7", None),
    ],
)
def test_what_stands_in_a_name(template: str, text: str, name: str | None) -> None:
    assert within(template, text) == name


@given(st.lists(st.binary(max_size=3).filter(lambda part: b"*" not in part), max_size=4), st.binary(max_size=12))
def test_a_pattern_means_what_it_seems_to(parts: list[bytes], between: bytes) -> None:
    assert fits(b"*".join(parts), between.join(parts))
    assert not fits(b"x" + b"*".join(parts), b"y" + between.join(parts))


@given(st.binary())
def test_texts_keep_all_bytes(data: bytes) -> None:
    assert bare(raw(data)) == data
