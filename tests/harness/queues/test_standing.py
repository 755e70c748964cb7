"""Redis' own answers about a queue that is no stream: how much waits, what is in hand, where a single entry stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from harness_support import Valkey

from harness.errors import Inconclusive
from harness.history import History
from harness.probes.standing import MOST, Standing
from harness.profile import Queue

Row = dict[str, Any]


@pytest.fixture
def redis(valkey: Valkey) -> Iterator[Any]:
    with valkey.client() as client:
        yield client


def standing(valkey: Valkey, url: str | None = None, **table: Any) -> Standing:
    return Standing(History(), Queue.model_validate(table), url=url or valkey.url)


def counts(row: Row) -> tuple[object, object, object]:
    return row["length"], row["pending"], row["lag"]


def test_a_list_and_what_is_in_hand(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="list", keys={"sms": "jobs"}, also=[":high"], taken="working")
    assert counts(dict(asked.count("jobs").data)) == (0, 0, 0)
    redis.lpush("jobs", "a", "b")
    redis.lpush("jobs:high", "c")
    redis.lpush("working", "d")
    assert counts(dict(asked.count("jobs").data)) == (3, 1, 3)
    look = asked.look("jobs", ["a", "c", "d", "e", "a#2"]).data["entries"]
    assert look == {
        "a": {"present": True, "pending": False},
        "c": {"present": True, "pending": False},
        "d": {"present": False, "pending": True},
        "e": {"present": False, "pending": False},
        "a#2": {"present": True, "pending": False},
    }


@pytest.mark.parametrize("kind", ["hash", "set", "zset", "list", "keys"])
def test_what_is_in_hand_may_stand_in_any_type(valkey: Valkey, redis: Any, kind: str) -> None:
    taken = "busy:{entry}" if kind == "keys" else "working"
    asked = standing(valkey, kind="list", keys={"sms": "jobs"}, taken=taken)
    for name in ("a", "b"):
        match kind:
            case "hash":
                redis.hset("working", name, "since")
            case "set":
                redis.sadd("working", name)
            case "zset":
                redis.zadd("working", {name: 1})
            case "list":
                redis.lpush("working", name)
            case _:
                redis.set(f"busy:{name}", 1)
    assert counts(dict(asked.count("jobs").data)) == (0, 2, 0)
    assert asked.look("jobs", ["a"]).data["entries"]["a"] == {"present": False, "pending": True}


def test_a_sorted_set_whose_entries_stay(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="arq")
    redis.zadd("arq:queue", {"a": 1, "b": 2})
    redis.set("arq:in-progress:a", 1)
    assert counts(dict(asked.count("arq:queue").data)) == (2, 1, 1)


def test_the_longer_elements_of_celery(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="celery")
    redis.lpush("celery", json.dumps({"body": "W10=", "properties": {"delivery_tag": "t1"}}))
    redis.hset("unacked", "t2", "…")
    look = asked.look("celery", ["t1", "t2"]).data["entries"]
    # an element that is no task of Celery's is called by its digest, and isn't the one that is asked for
    assert look["t2"] == {"present": False, "pending": True}


def test_what_waits_for_its_time_is_counted_apart(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="list", keys={"sms": "jobs"}, later="retries")
    redis.zadd("retries", {"a": 1})
    assert asked.count("jobs").data["later"] == 1


def test_what_cannot_be_told_is_none_with_a_reason(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="list", keys={"sms": "jobs"})
    row = asked.count("jobs").data
    assert counts(dict(row)) == (0, None, 0)
    assert "[queue] taken" in row["refused"]["pending"]
    assert asked.look("jobs", ["a"]).data["entries"]["a"] == {"present": False, "pending": None}
    channel = standing(valkey, kind="pubsub", keys={"sms": "news"})
    assert counts(dict(channel.count("news").data)) == (None, None, None)
    redis.set("jobs", "a text")
    assert asked.count("jobs").data["length"] is None


def test_too_much_is_not_looked_through(valkey: Valkey, redis: Any) -> None:
    asked = standing(valkey, kind="list", keys={"sms": "jobs"})
    redis.rpush("jobs", *range(MOST + 1))
    assert asked.count("jobs").data["length"] == MOST + 1
    look = asked.look("jobs", ["1"])
    assert look.data["entries"]["1"]["present"] is None
    assert "more than" in look.data["refused"]["length"]


def test_who_may_not_ask_is_told_what_to_grant(valkey: Valkey, redis: Any) -> None:
    redis.execute_command("ACL", "SETUSER", "looker", "on", ">secret", "~*", "+@all", "-lrange")
    url = valkey.url.replace("redis://", "redis://looker:secret@")
    asked = standing(valkey, url, kind="list", keys={"sms": "jobs"})
    redis.lpush("jobs", "a")
    assert asked.look("jobs", ["a"]).data["entries"]["a"]["present"] is None
    (gap,) = asked._history.events("probe.gap")
    assert "+lrange" in gap.data["remedy"]


def test_a_redis_that_is_gone(valkey: Valkey) -> None:
    asked = standing(valkey, "redis://127.0.0.1:1/0", kind="list", keys={"sms": "jobs"})
    with pytest.raises(Inconclusive, match="can't be asked"):
        asked.count("jobs")
