"""What is said of a queue, as events: with the message it is about, and a gap where it can't be attributed."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from harness.history import Event, History, key
from harness.probes.aside import Aside
from harness.probes.decoding import decoded
from harness.probes.naming import Naming, display, plain
from harness.probes.places import Places
from harness.probes.planted import Planted
from harness.probes.probe import gap
from harness.profile import Queue
from harness.profile.pointers import pointed
from harness.wire.commands import bare

Said = dict[str, Any]
QUEUE = ("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
KINDS_OF = {
    "XADD": ["queue.appended", "queue.deleted"],
    "XREADGROUP": ["queue.claimed"],
    "XREAD": ["queue.claimed"],
    "XCLAIM": ["queue.claimed"],
    "XAUTOCLAIM": ["queue.claimed"],
    "XACK": ["queue.acked"],
    "XDEL": ["queue.deleted"],
    "XDELEX": ["queue.deleted"],
    "XTRIM": ["queue.deleted"],
    "XACKDEL": ["queue.acked", "queue.deleted"],
    **{name: ["queue.appended"] for name in ("LPUSH", "RPUSH", "LPUSHX", "RPUSHX", "ZADD", "PUBLISH")},
    **{name: ["queue.claimed"] for name in ("LPOP", "RPOP", "LMPOP", "ZPOPMIN", "ZPOPMAX", "ZMPOP")},
}
"""What a command hides of which the reply is missing; any other hides all."""
OFTEN = 3
"""From this time on a command that isn't read is taken for the stack's habit."""
MOST_PAYLOADS = 10_000
"""What entries point to is kept so long."""
REMEDY = "none in the profile: entries have to be added, read, acknowledged and deleted by commands of their own"
KEPT = ("stream", "id", "group", "consumer", "how", "process", "counted", "noack", "unanswered")


class Entries:
    """Records what the wire or MONITOR says, if it is this stack's; the first of what can't be attributed is a gap."""

    def __init__(self, history: History, queue: Queue) -> None:
        self._history = history
        self._queue = queue
        self._told: set[tuple[str, ...]] = set()
        self._done: set[tuple[str, str]] = set()
        self._hands: dict[tuple[str, str], str] = {}
        """Which consumer has an entry of a stream in hand."""
        self._lengths: dict[str, float] = {}
        self._times: dict[tuple[str, str | None], int] = {}
        self._aside = Aside(history, queue)
        self._places = Places(history, queue, unread=self._unread, strange=self._strange)
        self._payloads: dict[str, dict[str, str]] = {}
        self._doubtful: list[Said] = []
        self._planted = Planted()

    def begins_with(self, stream: str, length: float) -> None:
        """How many entries stand on a stream before anything is seen of it; without this, none."""
        self._lengths[stream] = length

    def popped_unseen(self, pops: int) -> None:
        """So many clients wait for an element of a list or a sorted set since before anything was seen."""
        self._places.popped_unseen(pops)

    def take(self, said: Said) -> None:
        """Records one thing that was said; raises KeyError where it has not the shape that `harness.wire` documents."""
        match said["what"]:
            case "put" if self._queue.base == "stream":
                self._payload(said)
            case "put" | "took" | "removed" | "cleared" | "scored" | "swept":
                self._places.take(said)
            case "appended":
                self._lengths[said["stream"]] = self._lengths.get(said["stream"], 0) + 1
                self._event("queue.appended", said)
            case "claimed" | "acked" | "deleted" as what:
                if what == "deleted" or self.by_the_workers(said):
                    self._event(f"queue.{what}", said)
            case "some":
                self._some(said)
            case "trimmed":
                self._trimmed(said)
            case "unread":
                self._unread(said)
            case "elsewhere":
                self._elsewhere(said)
            case "noack":
                self._noack(said)
            case "aside":
                self._aside.take(said["stream"], self._places.aside(said["fields"]))

    def settle(self) -> None:
        """All is taken that was said so far: what couldn't be judged before its message was known is judged now."""
        doubtful, self._doubtful = self._doubtful, []
        for said in doubtful:
            if pointed_to(said["fields"], self._queue, self._payloads) is None:
                self._strange(said["stream"])
        self._places.settle()
        self._aside.settle(QUEUE)

    @property
    def pending(self) -> bool:
        """Whether `flush` has something to do."""
        return self._places.pending

    def flush(self) -> None:
        """All that was said together is taken."""
        self._places.flush()

    def _payload(self, said: Said) -> None:
        """What an entry of a stream points to, as far as it was written before."""
        fields = self._payloads.setdefault(said["stream"], {})
        if len(self._payloads) > MOST_PAYLOADS:
            del self._payloads[next(iter(self._payloads))]
        fields[said["value"]] = said["content"]

    def _event(self, kind: str, said: Said) -> None:
        if kind == "queue.claimed" and "consumer" in said and not said.get("noack"):
            self._hands[said["stream"], said["id"]] = said["consumer"]
        elif kind == "queue.acked":
            self._hands.pop((said["stream"], said["id"]), None)
        if kind in ("queue.acked", "queue.deleted"):
            self._done.add((kind, key("entry", said["stream"], said["id"])))
        if kind == "queue.deleted" and not said.get("unanswered"):
            self._lengths[said["stream"]] = self._lengths.get(said["stream"], 0) - 1
        planted = self._planted.token(said, names=lambda fields: message_of(fields, self._queue))
        event = record(self._history, self._queue, kind, said, payloads=self._payloads, planted=planted)
        if said.get("fields") and event.message_id is None and planted is None:
            if self._queue.payload is not None and said["stream"] != self._queue.dead:
                self._doubtful.append(said)  # a reader may be heard of before the one who wrote what it points to
            else:
                self._strange(said["stream"])

    def _strange(self, stream: str) -> None:
        if self._once("unattributed", stream):
            self._unattributed(stream)

    def _unattributed(self, stream: str) -> None:
        queue = self._queue
        reason = f"entries on {stream} name no message that is known"
        if queue.base == "stream" and queue.payload is None:
            names = f"field (now {queue.field!r}) and message_id (now {queue.message_id!r})"
        else:
            points = f"payload (now {queue.payload!r}), field ({queue.field!r}), " if queue.payload else ""
            names = f"{points}encoding (now {queue.encoding!r}) and message_id ({queue.message_id!r})"
        remedy = f"[queue] {names}: where in an entry the message's id stands"
        dead = stream == self._queue.dead
        more: dict[str, object] = {"dead": True} if dead else {}
        # a dead letter is no work: one that can't be attributed hides no other entry
        kinds = ["queue.dead"] if dead else QUEUE
        more |= {"unattributed": True, "stream": stream}
        gap(self._history, "queue", reason, kinds=kinds, lasting=True, remedy=remedy, **more)

    def _once(self, *what: str) -> bool:
        first = what not in self._told
        self._told.add(what)
        return first

    def by_the_workers(self, said: Said) -> bool:
        """Whether a claim or an acknowledgement is the workers' own; of another group the first is a gap."""
        if said.get("how") == "xread":
            return self._queue.group is None
        group = said["group"]
        if group == self._queue.group_on(said["stream"]):
            return True
        if said["stream"] != self._queue.dead and self._once("group", group):
            mine = self._queue.group_on(said["stream"])
            own = f"[queue] group is {mine!r}" if mine else "[queue] names no group"
            reason = f"the group {group!r} reads {said['stream']} too, and {own}"
            remedy = f'[queue] group = "{group}" if that is the workers\' group'
            kinds = ["queue.claimed", "queue.acked"]
            gap(self._history, "queue", reason, kinds=kinds, lasting=True, remedy=remedy, other_group=group)
        return False

    def _noack(self, said: Said) -> None:
        """Entries that Redis counts as acknowledged when it gives them away, and where it isn't seen which it gave."""
        stream = said["stream"]
        mine = self.by_the_workers(said) and self._queue.acknowledges and stream != self._queue.dead
        if mine and self._once("noack", stream):
            reason = f"a worker reads {stream} with NOACK; which entries it was given can't be seen"
            remedy = (
                '[queue] finish = "none", or "delete", if that is how entries are finished; else let the harness '
                "deploy the stack: its wire sees what each worker is given"
            )
            gap(self._history, "queue", reason, kinds=["queue.acked"], lasting=True, remedy=remedy, stream=stream)

    def _some(self, said: Said) -> None:
        """Redis did less than it was asked: what was done before can't be done again, the rest may be known by that."""
        of = said["of"]
        kind = f"queue.{of['what']}"
        if of["what"] == "acked" and not self.by_the_workers(of):
            return
        fresh = [i for i in said["ids"] if (kind, key("entry", of["stream"], i)) not in self._done]
        if len(fresh) == said["counted"]:
            for entry in fresh:
                self._event(kind, {**said, **of, "id": entry, "counted": 1})
            return
        did = "acknowledged" if of["what"] == "acked" else "deleted"
        reason = f"Redis {did} {said['counted']} of {len(said['ids'])} entries of {of['stream']}; which, it doesn't say"
        gap(self._history, "queue", reason, kinds=[kind], stream=of["stream"], entries=said["ids"])

    def _trimmed(self, said: Said) -> None:
        """Trimming deletes entries without naming them; a stream no longer than it may be loses none."""
        stream = said["stream"]
        if said.get("longest", -1) >= self._lengths.get(stream, 0):
            return
        if said.get("counted"):
            self._lengths[stream] = self._lengths.get(stream, 0) - said["counted"]
        if self._once("trimmed", stream):
            reason = f"{stream} is trimmed; Redis doesn't say which entries go"
            gap(self._history, "queue", reason, kinds=["queue.deleted"], lasting=True, trimmed=True, stream=stream)

    def _unread(self, said: Said) -> None:
        """Something may have changed a stream, or all of them; what is done again and again is a lasting gap."""
        stream, command = said["stream"], said["command"]
        if "consumer" in said and self._forgotten(said):
            return
        for name in [stream] if stream else self._queue.all_keys:
            self._lengths[name] = inf
        times = self._times[(command, stream)] = self._times.get((command, stream), 0) + 1
        if times > OFTEN:
            return
        what = f"{command} on {stream}" if stream else command
        by = f" by {said['process']}" if said.get("process") else ""
        why = f"and {said['why']}" if said.get("why") else "and what it does to the queue isn't read"
        kinds = KINDS_OF.get(command, QUEUE)
        more = {"command": command} | ({"stream": stream} if stream else {})
        gap(
            *(self._history, "queue", f"{what} was sent{by}, {why}"),
            kinds=kinds,
            lasting=bool(said.get("lasting")) or times == OFTEN,
            remedy=said.get("remedy") or REMEDY,
            **more,
        )

    def _forgotten(self, said: Said) -> bool:
        """A consumer that is deleted takes along what it had in hand: nobody is given that again.

        False where Redis says of more or fewer entries than are known to be its.
        """
        stream, consumer = said["stream"], said["consumer"]
        had = [entry for (where, entry), whose in self._hands.items() if (where, whose) == (stream, consumer)]
        if len(had) != said.get("counted"):
            return False
        for entry in had:
            self._event("queue.acked", {**said, "how": "forgotten", "id": entry})
        return True

    def _elsewhere(self, said: Said) -> None:
        database, stream = said["database"], said["stream"]
        if self._once("database", str(database), stream):
            reason = (
                f"{said['command']} on {stream} was sent to database {database}, which isn't the one that is watched"
            )
            remedy = f"[queue] url with /{database} at its end, if that is the stack's database"
            more = {"other_database": database, "stream": stream}
            gap(self._history, "queue", reason, kinds=QUEUE, lasting=True, remedy=remedy, **more)


def record(
    history: History,
    queue: Queue,
    kind: str,
    said: Said,
    *,
    payloads: Mapping[str, Mapping[str, str]] | None = None,
    planted: str | None = None,
) -> Event:
    """Appends one event of a stream, with the message it is about where the entry, or what it points to, says so.

    What we have `planted` there is about none, whatever it says.
    """
    stream, entry = said["stream"], said["id"]
    fields = said.get("fields") or {}
    data: dict[str, Any] = {name: said[name] for name in KEPT if name in said}
    if said.get("how") == "dropped":  # Redis did it, whoever came by
        data.pop("process", None)
    data["entry"] = key("entry", stream, entry)
    if stream == queue.dead:
        data["dead"] = True
    if planted is not None:
        data["planted"] = planted
    message_id = None
    if fields:
        data["fields"] = {display(name): display(value)[:2000] for name, value in fields.items()}
        message_id = message_of(fields, queue) if queue.payload is None else pointed_to(fields, queue, payloads or {})
        message_id = None if planted else message_id
    keys = [data["entry"]]
    return history.append(kind, source="queue", at=said["at"], message_id=message_id, data=data, keys=keys)


def message_of(fields: Mapping[str, str], queue: Queue) -> str | None:
    """The message id in an entry, by the profile's field and name; None in an entry that is not of that shape.

    A name that begins with "/" is a JSON pointer into what stands in the field.
    """
    content = fields.get(queue.field)
    if content is None:
        return fields.get(queue.message_id)
    try:
        inner = decoded(bare(content), queue.encoding)
    except ValueError:
        return None
    if queue.message_id.startswith("/"):
        return plain(pointed(inner, queue.message_id))
    return plain(inner.get(queue.message_id)) if isinstance(inner, dict) else None


def pointed_to(fields: Mapping[str, str], queue: Queue, payloads: Mapping[str, Mapping[str, str]]) -> str | None:
    """The message id in what an entry of a stream points to: a hash with a field for it, or a text."""
    name = fields.get(queue.field)
    if name is None or queue.payload is None:
        return None
    content = payloads.get(queue.payload.replace("{entry}", name), {})
    return Naming(queue).read(content[""])[0] if "" in content else content.get(queue.message_id)
