"""What is said of a queue becomes events only where it is this stack's; the rest is a gap with its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from harness.history import Event, History
from harness.probes.entries import OFTEN, Entries, message_of
from harness.profile import Queue

STREAM, DEAD = "message_queue:sms", "message_queue:dead"


class Told:
    def __init__(self, queue: Queue | None = None) -> None:
        self.history = History()
        self.entries = Entries(self.history, queue or Queue())

    def take(self, what: str, **more: Any) -> None:
        self.entries.take({"what": what, "stream": STREAM, "at": 1.0, "process": "worker-1", **more})

    def kinds(self) -> list[str]:
        return [event.kind for event in self.history.events() if event.kind != "probe.gap"]

    def gaps(self) -> list[Event]:
        return self.history.events("probe.gap")


def test_another_group_is_not_the_workers_and_its_first_word_is_a_gap() -> None:
    told = Told()
    for group in ("audit", "audit", "workers"):
        told.take("claimed", how="read", group=group, consumer="c", id="1-0", fields={"message_id": "m1"})
        told.take("acked", group=group, id="1-0", counted=1)
    assert told.kinds() == ["queue.claimed", "queue.acked"]
    (gap,) = told.gaps()
    assert gap.data["other_group"] == "audit"
    assert gap.data["kinds"] == ["queue.claimed", "queue.acked"]
    assert gap.data["lasting"] is True
    assert gap.data["remedy"].startswith('[queue] group = "audit" if')


def test_who_drains_the_dead_letters_is_nobodys_business() -> None:
    told = Told()
    told.take("acked", stream=DEAD, group="cleaner", id="1-0", counted=1)
    assert told.kinds() == []
    assert told.gaps() == []


def test_a_plain_read_is_a_claim_only_where_there_is_no_group() -> None:
    for queue, expected in ((Queue(), []), (Queue(group=""), ["queue.claimed"])):
        told = Told(queue)
        told.take("claimed", how="xread", id="1-0", fields={"message_id": "m1"})
        assert told.kinds() == expected
        assert told.gaps() == []


def test_what_redis_dropped_was_acknowledged_by_nobody_in_particular() -> None:
    told = Told()
    told.take("acked", how="dropped", group="workers", id="1-0")
    (event,) = told.history.events("queue.acked")
    assert dict(event.data) == {
        "stream": STREAM,
        "id": "1-0",
        "group": "workers",
        "how": "dropped",
        "entry": f"entry:{STREAM}/1-0",
    }


def test_a_consumer_that_is_deleted_forgets_what_it_had_in_hand() -> None:
    """Of what it had acknowledged, and of what another has taken over, nothing is forgotten."""
    told = Told()
    for entry in ("1-0", "2-0", "3-0"):
        told.take("claimed", how="read", group="workers", consumer="w1", id=entry, fields={"data": "{}"})
    told.take("acked", group="workers", id="1-0", counted=1)
    told.take("claimed", how="taken over", group="workers", consumer="w2", id="2-0", fields={"data": "{}"})
    known = len(told.gaps())
    deleted = {"command": "XGROUP DELCONSUMER", "group": "workers", "consumer": "w1"}
    told.take("unread", **deleted, counted=1)
    forgotten = [event.data for event in told.history.events("queue.acked") if event.data.get("how") == "forgotten"]
    assert [data["id"] for data in forgotten] == ["3-0"]
    assert len(told.gaps()) == known
    told.take("unread", **deleted, counted=2)
    assert len(told.gaps()) == known + 1, "it had more in hand than is known"


def test_which_entries_redis_meant_may_be_known_by_what_was_done_before() -> None:
    told = Told()
    told.take("acked", group="workers", id="1-0", counted=1)
    told.take("some", of={"what": "acked", "stream": STREAM, "group": "workers"}, ids=["1-0", "2-0"], counted=1)
    assert [event.data["id"] for event in told.history.events("queue.acked")] == ["1-0", "2-0"]
    assert told.gaps() == []
    told.take("some", of={"what": "deleted", "stream": STREAM}, ids=["1-0", "2-0"], counted=1)
    assert told.gaps()[0].data["kinds"] == ["queue.deleted"]
    assert told.history.events("queue.deleted") == []


def test_entries_that_name_no_message_are_told_once_a_stream() -> None:
    told = Told()
    for number in range(3):
        told.take("appended", id=f"{number}-0", fields={"data": "{}"})
    told.take("appended", stream=DEAD, id="1-0", fields={"odd": "x"})
    ours, dead = told.gaps()
    assert ours.data["reason"] == f"entries on {STREAM} name no message that is known"
    assert ours.data["unattributed"] is True
    assert "[queue] field" in ours.data["remedy"]
    assert (dead.data["dead"], dead.data["kinds"]) == (True, ["queue.dead"])
    assert len(told.kinds()) == 4


def test_trimming_hides_deletions_once_the_stream_is_as_long() -> None:
    told = Told()
    for number in range(3):
        told.take("appended", id=f"{number}-0", fields={"message_id": "m"})
        told.take("trimmed", longest=2)
        assert len(told.gaps()) == (0 if number < 2 else 1)
    told.take("trimmed", longest=2)
    (gap,) = told.gaps()
    assert (gap.data["kinds"], gap.data["lasting"]) == (["queue.deleted"], True)


def test_what_was_there_before_counts_for_trimming() -> None:
    told = Told()
    told.entries.begins_with(STREAM, 5)
    told.take("trimmed", longest=4)
    assert len(told.gaps()) == 1


def test_what_is_done_again_and_again_unread_is_a_lasting_gap() -> None:
    told = Told()
    for _ in range(OFTEN + 5):
        told.take("unread", command="EVAL", stream=None)
    assert [bool(gap.data.get("lasting")) for gap in told.gaps()] == [False] * (OFTEN - 1) + [True]
    assert all(len(gap.data["kinds"]) == 4 and gap.data["remedy"] for gap in told.gaps())


def test_a_missing_reply_hides_what_its_command_does() -> None:
    told = Told()
    told.take("unread", command="XACK", why="its reply was switched off")
    assert told.gaps()[0].data["kinds"] == ["queue.acked"]
    assert "XACK on message_queue:sms was sent by worker-1, and its reply" in told.gaps()[0].data["reason"]


def test_a_stream_of_that_name_elsewhere_is_told_once() -> None:
    told = Told()
    for _ in range(2):
        told.take("elsewhere", command="XADD", database=3)
    (gap,) = told.gaps()
    assert (gap.data["other_database"], gap.data["stream"]) == (3, STREAM)
    assert "/3" in gap.data["remedy"]


@pytest.mark.parametrize(
    ("pointer", "data", "expected"),
    [
        ("/data/message_id", '{"data": {"message_id": "m1"}}', "m1"),
        ("/data/message_id", '{"data": {"message_id": 7}}', "7"),
        ("/0/id", '[{"id": "m1"}]', "m1"),
        ("/a~1b/c~0d", '{"a/b": {"c~d": "m1"}}', "m1"),
        ("/data", '{"data": {"message_id": "m1"}}', None),
        ("/data/9", '{"data": [1]}', None),
        ("/data/x/y", '{"data": "text"}', None),
        ("/data", '{"data": true}', None),
        ("/data", "[" * 100_000, None),
        ("data.message_id", '{"data.message_id": "m1"}', "m1"),
    ],
)
def test_an_id_deeper_in_the_entry(pointer: str, data: str, expected: str | None) -> None:
    assert message_of({"data": data}, Queue(message_id=pointer)) == expected
    assert message_of({"other": data}, Queue(message_id=pointer)) is None


def test_who_reads_before_its_payload_was_heard_of_is_no_stranger() -> None:
    told = Told(Queue(field="h", payload="text:{entry}", message_id="ref"))
    read: dict[str, Any] = {"how": "read", "group": "workers", "consumer": "c", "id": "1-0", "fields": {"h": "7"}}
    told.take("claimed", **read)
    told.take("put", stream="text:7", value="ref", content="m1")
    told.take("appended", id="1-0", fields={"h": "7"})
    told.entries.settle()
    assert told.gaps() == []
    told.take("claimed", **{**read, "id": "2-0", "fields": {"h": "8"}})
    told.entries.settle()
    (gap,) = told.gaps()
    assert gap.data["unattributed"] is True
