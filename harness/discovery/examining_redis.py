"""Whether a profile's queue is there: Redis, what its user may ask, the keys and their types, the group."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import redis

from harness.discovery.listening import Listening
from harness.discovery.tried import Sight, Tried
from harness.errors import ProfileError
from harness.probes.asked import absent, address, client, grant, refused
from harness.profile import Profile

TIMEOUT: Final = 5.0
TYPES: Final = {"stream": "stream", "list": "list", "sorted-set": "zset"}


def examine(profile: Profile, sight: Sight) -> Iterator[Tried]:
    queue = profile.queue
    base = getattr(queue, "base", "stream")
    if base == "none" or not queue.url:
        why = '[queue] kind = "none": the broker isn\'t Redis' if base == "none" else "[queue] url names no Redis"
        sight.lack("queue", why)
        sight.lack("takers", why)
        sight.lack("counters", why)
        return
    try:
        asked: Any = client(redis.Redis, queue.url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
    except ProfileError as error:
        yield Tried(part="redis", what="its URL", found=str(error), good=False)
        sight.runs.append("[queue] url can't be read")
        return
    with contextlib.closing(asked):
        try:
            asked.ping()
        except redis.RedisError as error:
            if not refused(error):
                found = str(error) or type(error).__name__
                remedy = "start it, or mend [queue] url"
                yield Tried(part="redis", what=f"reach {address(queue.url)}", found=found, good=False, remedy=remedy)
                sight.runs.append("Redis can't be reached")
                return
        yield Tried(part="redis", what=f"reach {address(queue.url)}", found=f"Redis {version(asked)}")
        yield from monitor(profile, sight)
        if base in ("list", "sorted-set"):
            why = (
                "MONITOR shows that something was taken from a list, and not what; what the harness deploys has a wire"
            )
            sight.lack("takers", why)
        for key in dict.fromkeys(queue.streams.values()):
            yield from of_key(profile, asked, key, base, sight)


def version(asked: Any) -> str:
    try:
        return str(asked.info("server").get("redis_version", ""))
    except redis.RedisError:
        return "(INFO is refused)"


def monitor(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """Whether MONITOR may be read: by listening for a moment."""
    if profile.queue.observe == "tail" or not profile.queue.url:
        sight.lack("takers", '[queue] observe = "tail" doesn\'t see who takes an entry')
        return
    with contextlib.closing(Listening(profile.queue.url)) as heard:
        why = heard.why
    remedy = f"{grant('monitor')}; without it who did what is unknown"
    yield Tried(part="redis", what="MONITOR", found=why or "may be read", good=not why, remedy=remedy)
    if why:
        sight.lack("takers", f"MONITOR is refused: {remedy}")
        if getattr(profile.queue, "base", "stream") != "stream":
            sight.lack("queue", f"MONITOR is refused, and only a stream can be read without it: {remedy}")


def of_key(profile: Profile, asked: Any, key: str, base: str, sight: Sight) -> Iterator[Tried]:
    what = f"{profile.queue.place} {key}"
    try:
        kind = asked.type(key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
    except redis.RedisError as error:
        yield Tried(part="redis", what=what, found=str(error), good=False, remedy=grant("type", key))
        return
    wanted = TYPES.get(base)
    if kind == "none":
        found = "not there yet" if base != "pubsub" else "a channel, which is no key"
        yield Tried(
            part="redis",
            what=what,
            found=found,
            good=None if base == "stream" else True,
            remedy="[queue] streams, or keys",
        )
        return
    good = wanted is None or kind == wanted
    yield Tried(part="redis", what=what, found=f"it is a {kind}", good=good, remedy="[queue] kind, streams or keys")
    if not good:
        sight.runs.append(f"{key} is a {kind}, and the profile says {base}")
    elif base == "stream" and profile.queue.group is not None:
        yield from of_group(asked, key, profile.queue.group, sight)


def of_group(asked: Any, key: str, group: str, sight: Sight) -> Iterator[Tried]:
    try:
        groups = [one["name"].decode() for one in asked.xinfo_groups(key)]
    except redis.RedisError as error:
        yield Tried(
            part="redis", what=f"XINFO GROUPS {key}", found=str(error), good=False, remedy=grant("xinfo|groups", key)
        )
        sight.lack("counters", f"XINFO is refused: {grant('xinfo|groups', key)}")
        groups = [group]
    if group not in groups:
        found = f"no such group; there are {', '.join(groups) or 'none'}"
        yield Tried(part="redis", what=f"group {group} of {key}", found=found, good=False, remedy="[queue] group")
        sight.runs.append(f"{key} has no group {group}")
        return
    try:
        pending = asked.xpending(key, group)["pending"]
        yield Tried(part="redis", what=f"group {group} of {key}", found=f"{pending} pending")
    except redis.RedisError as error:
        if absent(error):
            return
        yield Tried(
            part="redis", what=f"XPENDING {key} {group}", found=str(error), good=False, remedy=grant("xpending", key)
        )
        sight.lack("counters", f"XPENDING is refused: {grant('xpending', key)}")
