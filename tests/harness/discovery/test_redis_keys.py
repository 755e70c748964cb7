"""What a real Redis holds, and what a message leaves in it."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from harness_support import Valkey, awaits

from harness.discovery import redis_keys, traces
from harness.discovery.draft import Draft
from harness.discovery.listening import Listening
from harness.errors import DeployError

ID, TOKEN, TO = "5f0c6a0e-0000-4000-8000-000000000001", "#habcdefghij", "+12065550100"


def looked(valkey: Valkey, channels: list[str] | None = None) -> Draft:
    draft = Draft()
    if channels:
        draft.put(("claims", "channels"), channels, "test")
    asked = redis_keys.Asked(valkey.url)
    redis_keys.look(asked, draft, say=lambda _: None)
    asked.close()
    return draft


def test_streams_by_channel_with_their_group(valkey: Valkey) -> None:
    client = valkey.client()
    for name in ("jobs:sms", "jobs:email", "jobs:dead"):
        client.xadd(name, {"payload": '{"a": 1}'})
    client.xgroup_create("jobs:sms", "senders", id="0")
    client.xgroup_create("jobs:email", "senders", id="0")
    draft = looked(valkey, ["sms", "email"])
    assert draft.get("queue", "streams") == {"sms": "jobs:sms", "email": "jobs:email"}
    assert (draft.get("queue", "group"), draft.get("queue", "dead")) == ("senders", "jobs:dead")
    assert draft.get("queue", "field") == "payload"


@pytest.mark.parametrize(
    ("commands", "kind", "keys"),
    [
        (
            [("sadd", "_kombu.binding.mails", "x"), ("sadd", "_kombu.binding.celery.pidbox", "x")],
            "celery",
            {"sms": "mails"},
        ),
        ([("sadd", "_kombu.binding.celery", "x")], "celery", None),
        ([("sadd", "rq:queues", "rq:queue:texts")], "rq", {"sms": "texts"}),
        ([("sadd", "rq:workers:texts", "x")], "rq", {"sms": "texts"}),
        ([("hset", "bull:texts:meta", "a", "b")], "bullmq", {"sms": "texts"}),
        ([("rpush", "jobs", "1")], "list", {"sms": "jobs"}),
    ],
)
def test_marks_of_libraries(valkey: Valkey, commands: list[tuple[str, ...]], kind: str, keys: Any) -> None:
    for name, *words in commands:
        getattr(valkey.client(), name)(*words)
    draft = looked(valkey, ["sms"])
    assert draft.get("queue", "kind") == kind
    assert draft.get("queue", "keys") == keys


def test_a_kind_that_no_profile_can_name_is_asked_for(valkey: Valkey) -> None:
    valkey.client().sadd("queues", "default")
    valkey.client().rpush("queue:default", "{}")
    assert ("queue", "kind") in looked(valkey).open


def test_what_a_user_may_not_ask_is_told(valkey: Valkey) -> None:
    valkey.client().execute_command("ACL", "SETUSER", "poor", "on", ">p", "+ping", "~*")
    said: list[str] = []
    asked = redis_keys.Asked(valkey.url.replace("//", "//poor:p@"))
    redis_keys.look(asked, Draft(), say=said.append)
    asked.close()
    assert said[0] == "the Redis user may not SCAN; what that would have shown isn't known"
    heard = Listening(valkey.url.replace("//", "//poor:p@"))
    heard.close()
    assert "monitor" in heard.why.lower()
    valkey.client().execute_command("ACL", "DELUSER", "poor")


def test_one_that_isnt_there() -> None:
    with pytest.raises(DeployError, match="--redis"):
        redis_keys.Asked("redis://127.0.0.1:1/0").keys()


def traced(valkey: Valkey, *commands: tuple[Any, ...]) -> traces.Trace | None:
    """What MONITOR of a real server shows of commands."""
    heard = Listening(valkey.url)
    client = valkey.client()
    for command in commands:
        client.execute_command(*command)
    client.execute_command("ECHO", "the end")
    awaits(lambda: any(b"the end" in line.command for line in heard.lines))
    heard.close()
    return traces.trace(heard.lines, id=ID, token=TOKEN, to=TO)


def test_an_entry_of_a_stream_that_is_acknowledged_and_deleted(valkey: Valkey) -> None:
    client = valkey.client()
    client.xgroup_create("jobs", "senders", id="0", mkstream=True)
    body = json.dumps({"data": {"id": ID}})
    found = traced(
        valkey,
        ("XADD", "jobs", "NOMKSTREAM", "MAXLEN", "~", "1000", "LIMIT", "10", "7-1", "v", "1", "payload", body),
        ("XREADGROUP", "GROUP", "senders", "me", "COUNT", "1", "STREAMS", "jobs", ">"),
        ("XACK", "jobs", "senders", "7-1"),
        ("XDEL", "jobs", "7-1"),
    )
    assert found is not None
    says = {"field": "payload", "message_id": "/data/id", "group": "senders", "finish": "ack-delete"}
    assert (found.kind, found.key, found.says) == ("stream", "jobs", says)


def test_an_entry_whose_field_is_the_id(valkey: Valkey) -> None:
    found = traced(valkey, ("XADD", "jobs", "*", "ref", ID), ("XACK", "jobs", "senders", "0-1"))
    assert found is not None
    assert found.says == {"message_id": "ref", "group": "senders", "finish": "ack"}


def test_a_list_that_is_popped_or_moved(valkey: Valkey) -> None:
    found = traced(valkey, ("LPUSH", "jobs", json.dumps({"job": ID})), ("RPOP", "jobs"))
    assert found is not None
    assert (found.kind, found.key, found.says) == ("list", "jobs", {"message_id": "/job", "finish": "pop"})
    found = traced(valkey, ("RPUSH", "jobs", ID), ("LMOVE", "jobs", "busy", "LEFT", "RIGHT"), ("LREM", "busy", "1", ID))
    assert found is not None
    assert found.says == {"message_id": "", "taken": "busy", "finish": "ack"}


def test_the_shape_of_a_library(valkey: Valkey) -> None:
    import base64
    import pickle

    body = base64.b64encode(json.dumps([[1, ID], {}, {}]).encode()).decode()
    headers = {"task": "t", "id": "x", "lang": "py"}
    message = {
        "body": body, "headers": headers, "content-type": "application/json", "content-encoding": "utf-8",
        "properties": {"body_encoding": "base64", "delivery_tag": "d"},
    }  # fmt: skip
    found = traced(valkey, ("LPUSH", "celery", json.dumps(message)))
    assert found is not None
    assert (found.kind, found.key, found.says) == ("celery", "celery", {"message_id": "/args/1"})
    job = zlib.compress(pickle.dumps(("m.f", None, (ID,), {})))
    found = traced(valkey, ("HSET", "rq:job:j", "data", job), ("RPUSH", "rq:queue:mail", "j"))
    assert found is not None
    assert (found.kind, found.key, found.says) == ("rq", "mail", {"message_id": "/args/0"})


def test_nothing_that_names_the_message(valkey: Valkey) -> None:
    assert traced(valkey, ("XADD", "jobs", "*", "a", "b"), ("RPUSH", "jobs2", "x"), ("SET", "k", ID), ("PING",)) is None
