"""What a Redis holds: its keys by name and type, the streams' groups, and which library's queue that looks like."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from harness.discovery.draft import Draft
from harness.discovery.words import ID, channels_in, first
from harness.errors import DeployError
from harness.probes.asked import address, client, refused
from harness.profile import Queue
from harness.profile.base import CHANNELS

MOST: Final = 2000
"""Keys that are looked at."""
ROUNDS: Final = 400
"""Answers of SCAN that are read, each about 100 keys of whatever is there."""
TIMEOUT: Final = 5.0
DEAD: Final = re.compile(r"dead|dlq|failed|poison|parking", re.IGNORECASE)
QUEUES: Final = re.compile(r"queue|jobs?\b|tasks?\b|messages?|outbox|notif|sms|mail|text|work|send", re.IGNORECASE)
OURS: Final = "messaging-harness"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key: its type and, of a stream, its groups and the fields of its newest entry."""

    name: str
    type: str
    groups: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


class Asked:
    """A Redis that is asked what it holds, by commands that change nothing."""

    def __init__(self, url: str) -> None:
        self.url = url
        decoding = {"decode_responses": True, "encoding_errors": "replace"}
        self._redis: Any = client(redis.Redis, url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, **decoding)
        self.denied: list[str] = []
        """What the user may not ask."""
        self.whole = True
        """Whether all keys were seen."""

    def keys(self) -> list[Key]:
        """The keys, as many as are looked at; raises DeployError where nothing can be asked."""
        try:
            self._redis.ping()
        except redis.RedisError as error:
            if not refused(error):
                why = str(error) or type(error).__name__
                raise DeployError(
                    f"the Redis at {address(self.url)} can't be reached: {why}; start it, or mend --redis"
                ) from error
        names: list[str] = []
        cursor = 0
        for _ in range(ROUNDS):
            answer = self._ask("SCAN", lambda at=cursor: self._redis.scan(at, count=100))  # type: ignore[misc]  # reason: mypy can't infer a lambda's default
            if answer is None:
                return []
            cursor, more = answer
            names += more
            if cursor == 0 or len(names) >= MOST:
                break
        self.whole = cursor == 0
        return [self._key(name) for name in sorted(dict.fromkeys(names))[:MOST]]

    def members(self, name: str) -> list[str]:
        """The members of a set, as many as are read."""
        answer = self._ask("SSCAN", lambda: self._redis.sscan(name, count=100))
        return sorted(answer[1])[:100] if answer else []

    def hash_field(self, name: str, wanted: str) -> str | None:
        answer = self._ask("HGET", lambda: self._redis.hget(name, wanted))
        return answer if isinstance(answer, str) else None

    def _key(self, name: str) -> Key:
        kind = self._ask("TYPE", lambda: self._redis.type(name)) or "unknown"
        if kind != "stream":
            return Key(name=name, type=kind)
        groups = self._ask("XINFO", lambda: self._redis.xinfo_groups(name)) or []
        newest = self._ask("XREVRANGE", lambda: self._redis.xrevrange(name, count=1)) or []
        fields = newest[0][1] if newest else {}
        return Key(name=name, type=kind, groups=tuple(group["name"] for group in groups), fields=dict(fields))

    def _ask(self, command: str, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except redis.RedisError as error:
            if refused(error) and command not in self.denied:
                self.denied.append(command)
            return None

    def close(self) -> None:
        self._redis.close()


def kinds() -> frozenset[str]:
    """The kinds of queues that a profile can name."""
    known = Queue.model_fields.get("kind")
    return frozenset(map(str, typing.get_args(known.annotation))) if known is not None else frozenset({"stream"})


def look(asked: Asked, draft: Draft, *, say: Say) -> list[Key]:
    """Puts into the draft what the keys say of a queue; returns them."""
    keys = asked.keys()
    for command in asked.denied:
        say(f"the Redis user may not {command}; what that would have shown isn't known")
    seen = "" if asked.whole else f" (of more than {MOST}: the rest isn't looked at)"
    say(f"Redis has {len(keys)} key{'s' * (len(keys) != 1)}{seen}: {summary(keys)}")
    found = next(library(asked, keys), None)
    if found is not None:
        kind, names, why = found
        put_kind(draft, kind, names, why, say=say)
        return keys
    streams = [key for key in keys if key.type == "stream"]
    if streams:
        put_streams(draft, streams, say=say)
    else:
        other = [key for key in keys if key.type in ("list", "zset") and QUEUES.search(key.name)]
        for key in other[:1]:
            kind = "list" if key.type == "list" else "sorted-set"
            put_kind(draft, kind, [key.name], f"Redis: {key.name} is a {key.type}", say=say, sure="guess")
    return keys


def summary(keys: Sequence[Key]) -> str:
    """The likeliest keys, with their types."""
    likely = [key for key in keys if key.type == "stream" or QUEUES.search(key.name) or key.name.startswith("_kombu")]
    shown = (likely or list(keys))[:6]
    return ", ".join(f"{key.name} ({key.type})" for key in shown) or "none yet"


def library(asked: Asked, keys: Sequence[Key]) -> Iterator[tuple[str, list[str], str]]:
    """The libraries whose marks stand there: the kind, the queues' names, and the mark."""
    by_name = {key.name: key for key in keys}
    bound = [name.removeprefix("_kombu.binding.") for name in by_name if name.startswith("_kombu.binding.")]
    own = [name for name in bound if not name.endswith(("pidbox", "celeryev")) and "reply." not in name]
    if own:
        yield "celery", own, f"Redis: the key _kombu.binding.{own[0]}"
    if "rq:queues" in by_name or any(name.startswith("rq:worker") for name in by_name):
        names = [one.removeprefix("rq:queue:") for one in asked.members("rq:queues")] if "rq:queues" in by_name else []
        if not names:
            names = [name.removeprefix("rq:workers:") for name in by_name if name.startswith("rq:workers:")]
        yield "rq", names, "Redis: the keys rq:…"
    bull = [match[1] for name in by_name if (match := re.fullmatch(r"bull:(.+):meta", name))]
    if bull:
        yield "bullmq", bull, f"Redis: the key bull:{bull[0]}:meta"
    if any(name.startswith("arq:") for name in by_name):
        yield "arq", ["arq:queue"], "Redis: the keys arq:…"
    dramatiq = [name for name in by_name if name.startswith("dramatiq:")]
    if dramatiq:
        marks = [match[1] for name in dramatiq if (match := re.fullmatch(r"dramatiq:([^_.][^.]*)(?:\.msgs)?", name))]
        yield "dramatiq", list(dict.fromkeys(marks)) or ["default"], f"Redis: the key {dramatiq[0]}"
    if "queues" in by_name and any(name.startswith("queue:") for name in by_name):
        yield "sidekiq", asked.members("queues"), "Redis: the set queues, and queue:…"
    if "taskiq" in by_name:
        yield "taskiq", ["taskiq"], "Redis: the key taskiq"


def put_kind(
    draft: Draft,
    kind: str,
    names: Sequence[str],
    why: str,
    *,
    say: Say,
    sure: typing.Literal["guess", "likely"] = "likely",
) -> None:
    """Notes a kind of queue, where a profile can name it, and its queues' names by channel."""
    say(f"the queue looks like {kind}'s: {', '.join(names) or 'no name as yet'} ({why})")
    if kind not in kinds():
        draft.ask(("queue", "kind"), kind, f"{why}; this version of the harness has no such kind")
        draft.put(("queue", "group"), "", f"{why}: no stream with a group")
        draft.put(("queue", "dead"), "", f"{why}: no stream of dead letters")
        return
    draft.put(("queue", "kind"), kind, why, sure)
    spoken = draft.get("claims", "channels", default=list(CHANNELS))
    keys = by_channel([name for name in names if not DEAD.search(name)], spoken)
    preset = Queue.model_validate({"kind": kind}).model_dump().get("keys", {})
    if keys and any(preset.get(channel) != name for channel, name in keys.items()):
        draft.put(("queue", "keys"), keys, why, sure)


def by_channel(names: Sequence[str], spoken: Sequence[str]) -> dict[str, str]:
    """Which queue each channel has: the one that speaks of it, else the only one, or the one that speaks of none."""
    plain = [name for name in names if not channels_in([name])] or list(names)
    found: dict[str, str] = {}
    for channel in CHANNELS:
        own = [name for name in names if re.search(rf"(?<![a-z]){channel}(?![a-z])", name.lower())]
        own = own or [name for name in names if channel in channels_in([name])]
        if channel in spoken and (own or plain):
            found[channel] = (own or plain)[0]
    return found


def put_streams(draft: Draft, streams: Sequence[Key], *, say: Say) -> None:
    """Notes the streams of each channel, their group, and the dead letters'."""
    default = Queue()
    dead = [key for key in streams if DEAD.search(key.name)]
    work = [key for key in streams if key not in dead and not key.name.startswith(OURS)]
    grouped = [key for key in work if key.groups] or work
    if not grouped:
        return
    spoken = draft.get("claims", "channels", default=list(CHANNELS))
    names = by_channel([key.name for key in grouped], spoken)
    why = f"Redis: {', '.join(dict.fromkeys(names.values()))} (stream)"
    if names != {channel: default.streams.get(channel) for channel in names} or len(names) < len(spoken):
        draft.put(("queue", "streams"), names, why)
    groups = [group for key in grouped for group in key.groups]
    if groups:
        draft.put(("queue", "group"), groups[0], f"Redis: XINFO GROUPS {grouped[0].name}")
        others = sorted(set(groups) - {groups[0]})
        if others:
            say(f"there are other groups, too: {', '.join(others)}; the profile names one")
    if dead:
        draft.put(("queue", "dead"), dead[0].name, f"Redis: {dead[0].name} (stream)", "guess")
    fields = next((key.fields for key in grouped if key.fields), {})
    if fields:
        put_fields(draft, fields, f"Redis: the newest entry of {grouped[0].name}")


def put_fields(draft: Draft, fields: Mapping[str, str], why: str) -> None:
    """Notes which field of an entry has the text, or the id itself."""
    texts = [name for name, value in fields.items() if value.lstrip().startswith(("{", "["))]
    if texts:
        draft.put(("queue", "field"), texts[0], why)
        return
    own = first(fields, ID)
    if own is not None:
        draft.put(("queue", "message_id"), own, why)
