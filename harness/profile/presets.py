"""What a queue's `kind` means where it names a library: default values of the other keys of `[queue]`, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

Base = Literal["stream", "list", "sorted-set", "pubsub", "none"]
"""What a queue is to Redis; "none": it isn't in Redis."""

BARE: Final[Mapping[str, Any]] = {"group": "", "dead": "", "field": "", "message_id": ""}
"""What only a stream has isn't there; an element that is no more than an id is the message's."""

PRESETS: Final[Mapping[str, tuple[Base, Mapping[str, Any]]]] = {
    "stream": ("stream", {}),
    "list": ("list", BARE),
    "sorted-set": ("sorted-set", {**BARE, "finish": "delete"}),
    "pubsub": ("pubsub", {**BARE, "finish": "none"}),
    "none": ("none", {**BARE, "finish": "none", "streams": {}}),
    # kombu's Redis transport (kombu/transport/redis.py): LPUSH, BRPOP; `unacked` is a hash by delivery tag
    "celery": (
        "list",
        {
            **BARE,
            "keys": {"sms": "celery", "mms": "celery", "email": "celery"},
            "also": ["\x06\x163", "\x06\x166", "\x06\x169"],
            "encoding": "celery",
            "message_id": "/args/0",
            "entry": "/properties/delivery_tag",
            "taken": "unacked",
            "finish": "ack",
        },
    ),
    # rq/queue.py, rq/job.py, rq/registry.py: from 2.0 on `rq:wip:` holds executions, `JOB:EXECUTION`
    "rq": (
        "list",
        {
            **BARE,
            "keys": {"sms": "default", "mms": "default", "email": "default"},
            "key": "rq:queue:{name}",
            "payload": "rq:job:{entry}",
            "field": "data",
            "encoding": "rq",
            "message_id": "/args/0",
            "taken": ["rq:queue:{name}:intermediate", "rq:wip:{name}"],
            "taken_as": "{entry}:*",
            "later": "rq:scheduled:{name}",
            "finish": "ack",
        },
    ),
    # arq/connections.py, arq/worker.py: a job stands in the sorted set until it is done
    "arq": (
        "sorted-set",
        {
            **BARE,
            "keys": {"sms": "arq:queue", "mms": "arq:queue", "email": "arq:queue"},
            "payload": "arq:job:{entry}",
            "encoding": "arq",
            "message_id": "/args/0",
            "taken": "arq:in-progress:{entry}",
            "finish": "delete",
        },
    ),
    # taskiq_redis.ListQueueBroker: LPUSH, BRPOP, and nothing more
    "taskiq": (
        "list",
        {
            **BARE,
            "keys": {"sms": "taskiq", "mms": "taskiq", "email": "taskiq"},
            "encoding": "taskiq",
            "message_id": "/args/0",
            "entry": "/id",
            "finish": "pop",
        },
    ),
    # taskiq_redis.RedisStreamBroker: acknowledged as the task says (`ack_type`), never deleted
    "taskiq-stream": (
        "stream",
        {
            "keys": {"sms": "taskiq", "mms": "taskiq", "email": "taskiq"},
            "group": "taskiq",
            "dead": "",
            "encoding": "taskiq",
            "message_id": "/args/0",
            "finish": "ack",
        },
    ),
    # dramatiq/brokers/redis/dispatch.lua: all of it by scripts; `.DQ` is the queue of what is delayed
    "dramatiq": (
        "list",
        {
            **BARE,
            "keys": {"sms": "default", "mms": "default", "email": "default"},
            "key": "dramatiq:{name}",
            "payload": "dramatiq:{name}*.msgs",
            "field": "{entry}",
            "encoding": "dramatiq",
            "message_id": "/args/0",
            "taken": "dramatiq:__acks__.*.{name}*",
            "later": "dramatiq:{name}.DQ",
            "scripted": True,
            "finish": "ack",
        },
    ),
    # bullmq's scripts (`addStandardJob`, `moveToActive`, `moveToFinished`): who works on a job holds its lock
    "bullmq": (
        "list",
        {
            **BARE,
            "keys": {"sms": "messages", "mms": "messages", "email": "messages"},
            "key": "bull:{name}:wait",
            "payload": "bull:{name}:{entry}",
            "field": "data",
            "message_id": "messageId",
            "taken": "bull:{name}:{entry}:lock",
            "later": "bull:{name}:delayed",
            "scripted": True,
            "finish": "ack",
        },
    ),
}
"""By `kind`: what it is to Redis, and the keys that have another default value."""
