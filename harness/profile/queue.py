"""The queue on which messages wait for a worker: where it is, how an entry names its message and how it is finished."""

from __future__ import annotations

from typing import Literal

from harness.profile.base import Absent, Section

Finish = Literal["ack-delete", "ack", "delete", "trim", "none"]


class Queue(Section):
    """The Redis streams on which messages wait for a worker."""

    url: str | None = None
    """Attached only: Redis or Valkey, such as `redis://127.0.0.1:6379/0`."""
    streams: dict[str, str] = {
        "sms": "message_queue:sms",
        "mms": "message_queue:mms",
        "email": "message_queue:email",
    }
    """The stream of each channel; a channel that isn't named here isn't asked."""
    dead: Absent = "message_queue:dead"
    """The dead letters' stream; `""`: there is none."""
    group: Absent = "workers"
    """The consumer group; `""`: workers read with plain XREAD, so nothing is acknowledged and no lag can be read."""
    field: str = "data"
    """The entry's field with the JSON text."""
    message_id: str = "message_id"
    """The name of the id in that JSON, or a JSON pointer to it (`"/data/id"`); without that field, a field of the
    entry's own."""
    finish: Finish | None = None
    """How a worker finishes an entry; not said: one that is acknowledged and kept is unknown."""
    finish_first: bool = False
    """An entry may be finished before the provider is called: its work is kept elsewhere, in a row or another list."""
    observe: Literal["auto", "wire", "monitor", "tail"] = "auto"
    """`wire` (what we deploy), `monitor` (MONITOR and an XREAD tail), `tail` (the tail alone);
    `auto`: the best that there is."""

    @property
    def acknowledges(self) -> bool:
        """Whether an entry that was handled must be acknowledged; without a group nobody keeps a list."""
        return self.group is not None and self.finish in (None, "ack-delete", "ack", "trim")

    @property
    def deletes(self) -> bool | None:
        """Whether an entry that was handled must be gone from its stream; None where the profile doesn't say."""
        if self.group is None and self.finish is None:
            return False
        return None if self.finish is None else self.finish in ("ack-delete", "delete")
