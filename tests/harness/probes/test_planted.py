"""What we put on a queue ourselves is told from the stack's own, and so is what comes of it."""

from __future__ import annotations

from typing import Any

from harness.history import Event, History
from harness.probes.entries import Entries
from harness.probes.planted import new_token
from harness.profile import Queue

STREAM, DEAD = "message_queue:sms", "message_queue:dead"
NOBODY = "99999999-2222-4333-8444-555555555555"


class Told:
    def __init__(self) -> None:
        self.history = History()
        self.entries = Entries(self.history, Queue())

    def take(self, what: str, entry: str, **more: Any) -> Event:
        said = {"what": what, "stream": STREAM, "at": 1.0, "process": "worker-1", "id": entry, "group": "workers"}
        self.entries.take({**said, **more})
        return next(event for event in reversed(self.history.events()) if event.kind != "probe.gap")

    @property
    def gaps(self) -> list[Event]:
        return self.history.events("probe.gap")


def test_poison_is_no_entry_that_cant_be_attributed() -> None:
    told, token = Told(), new_token()
    claim = told.take("claimed", "1-0", how="read", consumer="worker-1", fields={"data": f'{{"{token}'})
    ack = told.take("acked", "1-0", counted=1)
    assert [claim.data["planted"], ack.data["planted"]] == [token, token]
    assert told.gaps == []


def test_a_message_that_there_isnt_begins_no_flow() -> None:
    told, token = Told(), new_token()
    claim = told.take("claimed", "1-0", consumer="c", fields={"data": f'{{"message_id": "{NOBODY}"}}', "note": token})
    assert claim.message_id is None
    letter = told.take("appended", "5-0", stream=DEAD, fields={"message_id": NOBODY, "why": "there is none"})
    assert letter.data["planted"] == token
    assert letter.message_id is None


def test_its_dead_letter_is_known_by_what_it_carries_or_by_its_id() -> None:
    told, token = Told(), new_token()
    told.take("claimed", "1700000000000-0", consumer="c", fields={"note": token})
    by_id = told.take("appended", "5-0", stream=DEAD, fields={"data": "", "entry_id": "1700000000000-0"})
    by_content = told.take("appended", "6-0", stream=DEAD, fields={"original": f"note={token}"})
    assert [by_id.data["planted"], by_content.data["planted"]] == [token, token]
    assert told.gaps == []


def test_what_a_worker_puts_back_of_it_is_its_too() -> None:
    told, token = Told(), new_token()
    told.take("claimed", "1-0", consumer="c", fields={"note": token})
    back = told.take("appended", "2-0", fields={"data": ""})
    again = told.take("claimed", "2-0", consumer="c", fields={"data": ""})
    assert [back.data["planted"], again.data["planted"]] == [token, token]
    assert told.gaps == []


def test_it_may_be_given_before_it_was_seen_to_be_put_back() -> None:
    told, token = Told(), new_token()
    told.take("claimed", "1-0", consumer="c", fields={"note": token})
    again = told.take("claimed", "2-0", consumer="c", fields={"data": ""})
    back = told.take("appended", "2-0", fields={"data": ""})
    assert [again.data["planted"], back.data["planted"]] == [token, token]
    assert told.gaps == []


def test_what_another_process_puts_there_is_the_stacks() -> None:
    told, token = Told(), new_token()
    told.take("claimed", "1-0", consumer="c", fields={"note": token})
    strange = told.take("appended", "2-0", process="api-1", fields={"data": ""})
    assert "planted" not in strange.data
    assert [gap.data["unattributed"] for gap in told.gaps] == [True]


def test_a_message_of_the_stacks_stays_its_own() -> None:
    told, token = Told(), new_token()
    told.take("claimed", "1-0", consumer="c", fields={"note": token})
    entry = told.take("appended", "2-0", fields={"data": f'{{"message_id": "{NOBODY}"}}'})
    assert entry.message_id == NOBODY
    assert "planted" not in entry.data
