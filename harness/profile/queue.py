"""The queue on which messages wait for a worker: where it is, how an entry names its message and how it is finished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, field_validator, model_validator

from harness.profile.base import Absent, Section
from harness.profile.presets import PRESETS, Base

Finish = Literal["ack-delete", "ack", "delete", "trim", "pop", "none"]
Kind = Literal[
    "stream",
    "list",
    "sorted-set",
    "pubsub",
    "none",
    "celery",
    "rq",
    "arq",
    "taskiq",
    "taskiq-stream",
    "dramatiq",
    "bullmq",
]
WORDS: Final[Mapping[Base, str]] = {
    "stream": "stream",
    "list": "list",
    "sorted-set": "sorted set",
    "pubsub": "channel",
    "none": "queue",
}
"""What people call the place where an entry waits."""
TASKS: Final = ("celery", "rq", "arq", "taskiq", "dramatiq")
"""A library's own shapes of a task."""
STEPS: Final = ("base64", "zlib", "json", "msgpack", "pickle", *TASKS)
"""What an encoding is put together from."""
PUSHES: Final[Mapping[Base, tuple[str, ...]]] = {
    "stream": ("XADD",),
    "list": ("LPUSH", "RPUSH", "LPUSHX", "RPUSHX"),
    "sorted-set": ("ZADD",),
    "pubsub": ("PUBLISH",),
    "none": (),
}
SCRIPTS: Final = ("EVAL", "EVALSHA", "FCALL")
REMOVES: Final = ("LREM", "ZREM", "SREM", "HDEL", "DEL", "UNLINK")


MOST_OPEN: Final = 2


def none_or_more(value: object) -> object:
    return [value] if isinstance(value, str) and value else value or []


class Spoken(NamedTuple):
    """Commands of one meaning; with `keys`, only those that name one of them (a `*` stands for anything)."""

    commands: tuple[str, ...]
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " or ".join(self.commands)


class Queue(Section):
    """Where in Redis messages wait for a worker."""

    kind: Kind = "stream"
    """What the queue is: a `stream`, a `list`, a `sorted-set`, a channel (`pubsub`), or `none`: it isn't in Redis.
    A library's name stands for default values of the keys below: `celery`, `rq`, `arq`, `taskiq` (its list),
    `taskiq-stream`, `dramatiq`, `bullmq`."""
    url: str | None = None
    """Attached: Redis or Valkey, such as `redis://127.0.0.1:6379/0`. Of a stack that we deploy the number alone counts:
    `redis:///3` is database 3, and `{redis_url}` ends so."""
    streams: dict[str, str] = {
        "sms": "message_queue:sms",
        "mms": "message_queue:mms",
        "email": "message_queue:email",
    }
    """The stream of each channel; a channel that isn't named here isn't asked."""
    keys: dict[str, str] = {}
    """The same where it is no stream: the queue's name for each channel."""
    key: str = "{name}"
    """How Redis calls a queue, where that is more than its name in `keys`: `"rq:queue:{name}"`."""
    also: list[str] = []
    """What may follow that on further keys of the same queue, such as one for each priority."""
    dead: Absent = "message_queue:dead"
    """The dead letters' stream; `""`: there is none."""
    group: Absent = "workers"
    """Streams only: the consumer group; `""`: workers read with plain XREAD, so nothing is acknowledged and no lag can
    be read."""
    groups: dict[str, str] = {}
    """Streams only: the group of a channel whose workers read in another one."""
    field: str = "data"
    """The entry's field with the JSON text; of a payload that is a hash, its field (`"{entry}"` where it holds
    many). On a stream with a `payload`: the field that points to it, and `message_id` is the hash's."""
    message_id: str = "message_id"
    """The name of the id in that JSON, or a JSON pointer to it (`"/data/id"`); without that field, a field of the
    entry's own. `""`: the entry is no more than the id."""
    payload: Absent = None
    """The key of the hash or text that an entry points to: `"rq:job:{entry}"`."""
    encoding: str = "json"
    """How an entry, or its payload, is written: `json`, `msgpack`, `pickle` (plain values alone: no class is ever made
    of it), packed in `base64` or `zlib` (`"zlib+json"`), or a library's task: `celery`, `rq`, `arq`, `taskiq`,
    `dramatiq`, of which `message_id` can name `/id`, `/task`, `/args/0` or `/kwargs/…`."""
    entry: str = ""
    """A JSON pointer to what tells an entry from another, where an element is more than that; `""`: the element."""
    taken: Annotated[list[str], BeforeValidator(none_or_more)] = []
    """The key, or keys (a list, set, sorted set or hash; or one key for each entry, `"busy:{entry}"`), in which an
    entry stands while it is worked on; a `*` stands for anything, `{name}` for the queue's name. Of several it leaves
    the last when it is done."""
    taken_as: str = "{entry}"
    """How an entry is called there; `"{entry}:*"`: something may follow it."""
    later: Absent = None
    """The key in which an entry waits for a time, such as that of its next try."""
    finish: Finish | None = None
    """How a worker finishes an entry. Of a stream; not said: one that is acknowledged and kept is unknown. Else: `ack`
    (it is removed from where it stood `taken`), `delete` (it stands in its place until then), `pop` (by being
    taken)."""
    scripted: bool = False
    """Entries are put there, taken and finished by scripts."""
    finish_first: bool = False
    """An entry may be finished before the provider is called: its work is kept elsewhere, in a row or another list."""
    observe: Literal["auto", "wire", "monitor", "tail"] = "auto"
    """`wire` (what we deploy), `monitor` (MONITOR and an XREAD tail), `tail` (the tail alone);
    `auto`: the best that there is."""

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, table: Any) -> Any:
        """Fills in what the kind stands for, and the streams' names where they are said as keys."""
        if not isinstance(table, Mapping):
            return table
        _, values = PRESETS.get(str(table.get("kind", "stream")), ("stream", {}))
        if "streams" in table and "keys" not in table:
            values = {name: value for name, value in values.items() if name not in ("keys", "key")}
        full = {**values, **table}
        keys, key = full.get("keys"), full.get("key", "{name}")
        if isinstance(keys, Mapping) and keys and isinstance(key, str):
            full["streams"] = {channel: key.replace("{name}", str(name)) for channel, name in keys.items()}
        return full

    @field_validator("encoding")
    @classmethod
    def _steps(cls, value: str) -> str:
        for word in value.split("+"):
            if word not in STEPS:
                raise ValueError(f"{word!r} is no encoding; known are {', '.join(STEPS)}, joined by '+'")
        return value

    @field_validator("taken", "later", "payload")
    @classmethod
    def _few_stars(cls, value: Any) -> Any:
        for one in value if isinstance(value, list) else [value or ""]:
            if one.replace("{entry}", "*").count("*") > MOST_OPEN:
                raise ValueError(f"{one!r}: at most {MOST_OPEN} places of a name may be open ('*' or '{{entry}}')")
        return value

    @property
    def base(self) -> Base:
        """What the queue is to Redis."""
        return PRESETS[self.kind][0]

    @property
    def place(self) -> str:
        """What people call the place where its entries wait."""
        return WORDS[self.base]

    @property
    def named_by(self) -> str:
        """The key of the profile that names such places."""
        return "streams" if self.base == "stream" and not self.keys else "keys"

    @property
    def acknowledges(self) -> bool:
        """Whether an entry that was handled must be acknowledged: to a group, or by leaving where it stood `taken`."""
        if self.base != "stream":
            return self.finish in ("ack", "ack-delete") or (self.finish is None and bool(self.taken))
        return self.group is not None and self.finish in (None, "ack-delete", "ack", "trim")

    @property
    def deletes(self) -> bool | None:
        """Whether an entry that was handled must be gone from its place; None where the profile doesn't say."""
        if self.base != "stream":
            return self.finish in ("ack-delete", "delete")
        if self.group is None and self.finish is None:
            return False
        return None if self.finish is None else self.finish in ("ack-delete", "delete")

    @property
    def redelivers(self) -> bool | None:
        """Whether the queue keeps what a dead worker had in hand; None where it isn't in Redis."""
        if self.base == "none":
            return None
        return self.group is not None if self.base == "stream" else self.acknowledges or bool(self.deletes)

    @property
    def pops(self) -> bool:
        """Whether being taken is being finished: then nobody but its taker knows of an entry any more."""
        return self.base in ("list", "sorted-set") and not self.acknowledges and not self.deletes

    @property
    def leaves(self) -> bool:
        """Whether an entry leaves its place when it is taken, and not only when it is finished."""
        return self.base == "pubsub" or (self.base in ("list", "sorted-set") and not self.deletes)

    @property
    def counted(self) -> bool:
        """Whether Redis itself can tell that nothing waits and nothing is in hand."""
        return self.group is not None if self.base == "stream" else self.base in ("list", "sorted-set")

    @property
    def names(self) -> dict[str, str]:
        """The queue's name by the key under which Redis has it."""
        return {key: self.keys.get(channel, key) for channel, key in self.streams.items()}

    @property
    def taken_keys(self) -> tuple[str, ...]:
        """The keys in which entries stand that are worked on; `*` stands for anything."""
        return self._opened(*self.taken)

    def _opened(self, *patterns: str | None) -> tuple[str, ...]:
        filled = (one.replace("{name}", name) for one in patterns if one for name in self.names.values())
        return tuple(dict.fromkeys(one.replace("{entry}", "*") for one in filled))

    @property
    def later_keys(self) -> tuple[str, ...]:
        """The keys in which entries wait for a time."""
        return self._opened(self.later)

    @property
    def payload_keys(self) -> tuple[str, ...]:
        """The keys of what entries point to."""
        return self._opened(self.payload)

    def key_of(self, key: str) -> str:
        """The queue's own key for one of its further ones; another key is what it is."""
        for own in self.streams.values():
            if key.startswith(own) and key[len(own) :] in self.also:
                return own
        return key

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Every key on which work or a dead letter may stand."""
        work = [key + more for key in self.streams.values() for more in ("", *self.also)]
        return tuple(dict.fromkeys([*work, *filter(None, [self.dead])]))

    def group_on(self, stream: str) -> str | None:
        """The consumer group of the workers that read a stream."""
        own = (self.groups.get(channel) for channel, key in self.streams.items() if key == stream)
        return next(filter(None, own), self.group)

    @property
    def put(self) -> str:
        """What people call the command that puts an entry on the queue."""
        if self.scripted:
            return "script"
        return {"list": "push", "none": "append"}.get(self.base) or PUSHES[self.base][0]

    @property
    def append_commands(self) -> Spoken:
        """What puts an entry on the queue, as a gate takes it."""
        if self.scripted:
            return Spoken(SCRIPTS)
        work = [key + more for key in self.streams.values() for more in ("", *self.also)]
        return Spoken(PUSHES[self.base], tuple(dict.fromkeys(work)) if self.base != "stream" else ())

    @property
    def finish_commands(self) -> Spoken:
        """What finishes an entry, as a gate takes it; without commands where nothing does that can be withheld."""
        if self.base == "stream":
            return Spoken(("XACK", "XACKDEL") if self.acknowledges else ("XDEL", "XDELEX") if self.deletes else ())
        if self.scripted:
            return Spoken(())  # which of its scripts finishes an entry, none of them says
        if self.acknowledges and self.taken:
            return Spoken(REMOVES, self._opened(self.taken[-1]))
        if self.deletes:
            return Spoken(REMOVES, self.append_commands.keys)
        return Spoken(())
