"""What stands in an entry or its payload, as plain values; nothing of it is ever evaluated.

What can't be read, or is larger than anybody would queue, is ValueError.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.extras import installed
from harness.probes.pickled import unpickled

LARGEST: Final = 64 << 20
"""Bytes; what is longer isn't read."""
LONG: Final = 10
"""Digits of a number that is no count any more."""
INFLATED: Final = 16 << 20
"""Bytes; what would become longer isn't unpacked."""


def decoded(data: bytes, encoding: str) -> Any:
    """The value in some bytes, by an encoding of the profile such as `zlib+json`."""
    value: Any = data
    for step in encoding.split("+"):
        if isinstance(value, bytes) and len(value) > LARGEST:
            raise ValueError(f"longer than {LARGEST} bytes")
        try:
            value = DECODERS[step](value)
        except (KeyError, TypeError, IndexError, AttributeError, RecursionError, binascii.Error) as error:
            raise ValueError(f"no {step}: {error}") from error
    return value


def from_json(data: bytes) -> Any:
    return json.loads(data)


def unpacked(data: bytes) -> Any:
    """The value in MessagePack bytes; raises ModuleNotFoundError where the extra that reads it isn't installed."""
    import msgpack

    try:
        return msgpack.unpackb(data, raw=False, strict_map_key=False, unicode_errors="replace")
    except (msgpack.UnpackException, ValueError) as error:
        raise ValueError(f"no MessagePack: {error}") from error


def inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, INFLATED)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if stream.unconsumed_tail:
        raise ValueError(f"longer than {INFLATED} bytes")
    return found


def task(name: Any, args: Any, kwargs: Any, *, called: Any = None, tries: Any = None) -> dict[str, Any]:
    """A task in the one shape in which all libraries' are shown: `/id`, `/task`, `/args/0`, `/kwargs/name`.

    `tries` is how often it was tried before, where its library writes that into it.
    """
    found = {"id": called, "task": name, "args": list(args), "kwargs": dict(kwargs or {})}
    return {**found, "retry_count": tries} if isinstance(tries, int) else found


def of_celery(data: bytes) -> dict[str, Any]:
    """Celery's message protocol, version 2 (the body is [args, kwargs, embed]) or 1 (a map), in kombu's envelope.

    https://docs.celeryq.dev/en/stable/internals/protocol.html
    """
    envelope = json.loads(data)
    if isinstance(envelope, list):  # as it stands in `unacked`: [message, exchange, routing key]
        envelope = envelope[0]
    properties, headers = envelope["properties"], envelope.get("headers") or {}
    body = envelope["body"]
    raw = base64.b64decode(body, validate=True) if properties.get("body_encoding") == "base64" else body.encode()
    if headers.get("compression") == "application/x-gzip":  # kombu's word for zlib
        raw = inflated(raw)
    kind = envelope.get("content-type")
    inner = decoded(raw, SERIALIZERS.get(kind, "json"))
    if isinstance(inner, Mapping):
        name, args, kwargs = inner["task"], inner.get("args") or (), inner.get("kwargs")
        found = task(name, args, kwargs, called=inner["id"], tries=inner.get("retries"))
    else:
        name, called, tries = headers.get("task"), headers.get("id"), headers.get("retries")
        found = task(name, inner[0], inner[1], called=called, tries=tries)
    return {**found, "properties": properties, "headers": headers}


SERIALIZERS: Final = {
    "application/json": "json",
    "application/x-python-serialize": "pickle",
    "application/x-msgpack": "msgpack",
}


def of_rq(data: bytes) -> dict[str, Any]:
    """A job's data: the function, its object, args and kwargs, by the serializer that is in use, and by zlib."""
    with contextlib.suppress(ValueError):  # who needs it can switch that off
        data = inflated(data)
    try:
        name, _, args, kwargs = unpickled(data)
    except ValueError:
        name, _, args, kwargs = json.loads(data)  # rq.serializers.JSONSerializer
    return task(name, args, kwargs)


def of_arq(data: bytes) -> dict[str, Any]:
    """A job of arq: {t, f, a, k, et}, by pickle unless its owner says otherwise."""
    try:
        inner = unpickled(data)
    except ValueError:
        inner = unpacked(data) if installed("msgpack") else json.loads(data)
    return task(inner["f"], inner["a"], inner["k"])


def of_dramatiq(data: bytes) -> dict[str, Any]:
    """A message of dramatiq (dramatiq/message.py), by its JSON encoder."""
    inner = json.loads(data)
    tries = inner["options"].get("retries")
    return task(inner["actor_name"], inner["args"], inner["kwargs"], called=inner["message_id"], tries=tries)


def of_taskiq(data: bytes) -> dict[str, Any]:
    """A message of taskiq (taskiq/message.py), by its JSON serializer; its retry middleware counts in a label."""
    inner = json.loads(data)
    tries = str(inner["labels"].get("_retries", ""))
    counted = int(tries) if tries.isdecimal() and len(tries) < LONG else None
    return task(inner["task_name"], inner["args"], inner["kwargs"], called=inner["task_id"], tries=counted)


DECODERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "base64": lambda data: base64.b64decode(data, validate=True),
    "zlib": inflated,
    "json": from_json,
    "msgpack": unpacked,
    "pickle": unpickled,
    "celery": of_celery,
    "rq": of_rq,
    "arq": of_arq,
    "dramatiq": of_dramatiq,
    "taskiq": of_taskiq,
}
