"""Rest, waits and patience, on records made by hand and grown while somebody waits."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest
from histories import CONTRACT, ENTRY, ID, SID, TOKEN, Script, is_new, queue, right, send, started, watched

from harness.checks.rest import Kind, owed
from harness.errors import DeadlineExpired, ExpectationFailed, PartDied
from harness.history import Flow, History, key
from harness.history.facts import Facts
from harness.profile import Finish, Policy, Profile, Waits
from harness.scenario.patience import BRIEF_S, Patience
from harness.scenario.waiting import Waiting
from harness.vitals import died

PROVIDER = key("provider", SID)


def profile(*, finish: Finish | None = "ack-delete", group: str | None = "workers") -> Profile:
    table = CONTRACT.queue.model_copy(update={"finish": finish, "group": group})
    return CONTRACT.model_copy(update={"queue": table})


def report(word: str, *, status: int | None = 200) -> Script:
    script = right().add("callback.sent", at=20, keys=[PROVIDER], call="c1", message=SID, report=word)
    return script.add("callback.answered", at=21, keys=[PROVIDER], call="c1", status=status)


def reply(*, status: int = 200, rows: int = 0) -> Script:
    script = watched().add("callback.sent", at=0, keys=[PROVIDER], call="c1", what="inbound")
    script = script.add("callback.answered", at=1, keys=[PROVIDER], call="c1", what="inbound", status=status)
    for _ in range(rows):
        script = script.add("database.inserted", at=2, keys=[PROVIDER], message_id=ID, new="received")
    return script


PENDING = send(started("api", "worker"))
UNACKED = right().drop("queue.acked").drop("queue.deleted")
KEPT = right().drop("queue.deleted")
UNSEEN = {"where": lambda event: event.source == "queue"}
OWED: dict[str, tuple[Script, Profile, list[Kind]]] = {
    "nothing": (right(), profile(), []),
    "an answer": (PENDING.drop("api.answered"), profile(), ["answer", "status"]),
    "its end": (PENDING, profile(), ["status"]),
    "an end that nobody would show": (PENDING.drop("probe.started", lambda e: e.source == "database"), profile(), []),
    "nothing more of what was refused": (
        PENDING.change("api.answered", status=422).drop("database.inserted").drop("queue.appended"),
        profile(),
        [],
    ),
    "an acknowledgement": (UNACKED, profile(), ["acknowledgement", "deletion"]),
    "an acknowledgement that nobody would show": (UNACKED.drop("probe.started", **UNSEEN), profile(), []),
    "an acknowledgement of what was deleted": (right().drop("queue.acked"), profile(), ["acknowledgement"]),
    "none of what was read with NOACK": (
        right().drop("queue.acked").change("queue.claimed", noack=True),
        profile(),
        [],
    ),
    "a deletion": (KEPT, profile(), ["deletion"]),
    "a deletion, where nobody says": (KEPT, profile(finish=None), ["deletion"]),
    "no deletion, where it only acknowledges": (KEPT, profile(finish="ack"), []),
    "no deletion, where it trims": (KEPT, profile(finish="trim"), []),
    "no acknowledgement, where it only deletes": (right().drop("queue.acked"), profile(finish="delete"), []),
    "nothing at all of a plain reader": (UNACKED, profile(finish="none", group=None), []),
    "nothing of a reader without a group": (UNACKED, profile(finish=None, group=None), []),
    "the answer of a provider": (right().drop("provider.answered"), profile(), ["call"]),
    "the effect of a report": (report("delivered"), profile(), ["report"]),
    "no effect of one about a call that its row never heard of": (
        report("delivered").change("callback.sent", message="SM0"),
        profile(),
        [],
    ),
    "the effect of one, where the row names no call": (
        report("delivered").change("database.status", is_new("sent"), provider_id=None),
        profile(),
        ["report"],
    ),
    "no effect of one that isn't final": (report("sent"), profile(), []),
    "no effect of one that was refused": (report("delivered", status=403), profile(), []),
    "an answer to a report": (report("delivered").drop("callback.answered"), profile(), ["callback"]),
    "the row of a reply": (reply(), profile(), ["reply"]),
    "nothing more of a stored reply": (reply(rows=1), profile(), []),
    "no row of a refused reply": (reply(status=403), profile(), []),
    "a second entry's acknowledgement": (
        right().insert(
            "api.answered",
            second := Script()
            .add(
                "queue.appended",
                at=2,
                message_id=ID,
                keys=["entry:2"],
                **{**queue("api-1"), "id": "2-0", "entry": "entry:2"},
            )
            .events[0],
        ),
        profile(),
        ["acknowledgement", "deletion"],
    ),
    "nothing of a dead letter": (
        right().add("queue.appended", at=11, message_id=ID, keys=["entry:d"], entry="entry:d", dead=True),
        profile(),
        [],
    ),
}


def flow_of(history: History) -> Flow:
    for name in (key("token", TOKEN), key("message", ID), PROVIDER):
        if found := history.flow(name):
            return Flow(found)
    raise AssertionError("unreachable")


@pytest.mark.parametrize("case", OWED.values(), ids=list(OWED))
def test_what_is_owed(case: tuple[Script, Profile, list[Kind]]) -> None:
    script, its, kinds = case
    history = script.history
    assert [debt.kind for debt in owed(flow_of(history), Facts(history), its)] == kinds


# waits


@dataclass
class Followed:
    """The message of the scripts, in a record that grows."""

    history: History

    @property
    def now(self) -> Flow:
        return Flow(self.history.flow(key("token", TOKEN)))


def grow(history: History, script: Script) -> None:
    for event in script.events:
        history.append(
            event.kind, source=event.source, at=event.at, message_id=event.message_id, data=event.data, keys=event.keys
        )


def waiting(*, reads: Any = None, within: float = 10.0, finished: float = 10.0, **more: Any) -> Waiting:
    its = profile().model_copy(update={"waits": Waits(within=within), "policy": Policy(finished_within=finished)})
    history = History()
    return Waiting(history=history, profile=its, read=(lambda: reads(history)) if reads else lambda: None, **more)


def parts(script: Script, *kinds: str) -> tuple[Script, Script]:
    """A script up to the first event of these kinds, and the rest."""
    place = next(n for n, event in enumerate(script.events) if event.kind in kinds)
    return Script(script.events[:place]), Script(script.events[place:])


def test_the_end_of_a_message_is_not_its_acknowledgement() -> None:
    """The deletion comes while somebody waits, after everything else; what is returned has it."""
    its = waiting()
    first, last = parts(right(), "queue.deleted")
    grow(its.history, first)
    later = threading.Thread(target=grow, args=(its.history, last))
    found: list[Flow] = []
    waits = threading.Thread(target=lambda: found.extend(its.finished([Followed(its.history)])))
    waits.start()
    later.start()
    waits.join(10)
    later.join()
    assert [len(flow.deletes) for flow in found] == [1]


def test_what_the_last_reading_shows_is_waited_for_too() -> None:
    """A source says only when it is read that another entry is on its stream."""
    entry = {"stream": "message_queue:sms", "id": "2-0", "entry": "entry:2", "process": "api-1"}
    readings: list[int] = []

    def read(history: History) -> None:
        readings.append(len(history))
        if len(readings) == 1:
            history.append("queue.appended", source="queue", message_id=ID, data=entry, keys=["entry:2"])
        if len(readings) == 1:
            return
        for kind in ("queue.acked", "queue.deleted"):
            history.append(kind, source="queue", data=entry, keys=["entry:2"])

    its = waiting(reads=read, finished=0.05)
    grow(its.history, right())
    [flow] = its.finished([Followed(its.history)])
    assert len(flow.appends) == 2
    assert owed(flow, its.facts, its.profile) == []


def test_several_messages_are_judged_on_the_record_as_it_stands_in_the_end() -> None:
    its = waiting()
    grow(its.history, right())
    one = Followed(its.history)
    flows = its.finished([one, one])
    assert flows[0].events == flows[1].events == one.now.events


def test_a_wait_in_vain_is_long_once_and_brief_after_that() -> None:
    its = waiting(within=0.8, finished=0.8)
    grow(its.history, PENDING)
    one = Followed(its.history)
    took = []
    for _ in range(3):
        began = time.monotonic()
        its.finished([one])
        took.append(time.monotonic() - began)
    assert took[0] >= 0.8 > took[1] >= BRIEF_S
    assert took[2] < took[0]


def test_a_brief_wait_counts_from_the_last_progress() -> None:
    """A worker that takes longer than a brief wait for all, and never that long for one step."""
    its = waiting(within=3, finished=3)
    grow(its.history, PENDING)
    its.patience.in_vain(["status"], 3)
    one, over = Followed(its.history), threading.Event()
    steps = [Script([event]) for event in right().events[len(PENDING.events) :]]

    def work() -> None:
        for step in steps:
            over.wait(BRIEF_S / 2)
            grow(its.history, step)

    worker = threading.Thread(target=work)
    worker.start()
    [flow] = its.finished([one])
    worker.join()
    assert flow.status == "sent"
    assert not its.cut


def test_an_entry_that_is_given_out_again_and_again_has_no_more_time_by_that() -> None:
    its = waiting(within=60, finished=2 * BRIEF_S)
    grow(its.history, UNACKED)
    over, given = threading.Event(), queue("worker-1")

    def give() -> None:
        while not over.wait(BRIEF_S / 2):
            its.history.append("queue.claimed", source="queue", message_id=ID, data=given, keys=[ENTRY])
            its.history.append("worker.log", source="log", message_id=ID, data={"process": "worker-1", "text": ID})

    worker = threading.Thread(target=give)
    worker.start()
    began = time.monotonic()
    its.finished([Followed(its.history)])
    assert time.monotonic() - began < 20 * BRIEF_S, "it would never have ended"
    over.set()
    worker.join()


def test_a_wait_that_was_cut_short_is_told() -> None:
    its = waiting(within=0.6)
    grow(its.history, PENDING)
    its.finished([Followed(its.history)])
    assert not its.cut, "the first was whole"
    its.finished([Followed(its.history)])
    assert re.fullmatch(r"waited 0\.\d s, as it didn't come in 0\.\d s before", its.cut)
    its.begin()
    assert not its.cut


@pytest.mark.parametrize("number", [1, 3])
def test_patience_is_learned_by_what_was_waited_for(number: int) -> None:
    patience = Patience()
    for _ in range(number):
        patience.in_vain(["deletion"], 10)
    assert patience.of("deletion", 10) == BRIEF_S
    assert patience.of("status", 10) == 10
    assert patience.of("deletion", 40 * number) == 40 * number, "a longer wait than any before is worth its while"
    patience.paid(["deletion"], 2)
    assert patience.of("deletion", 10) == 4


def test_rest_that_doesnt_come_is_told_with_what_is_owed() -> None:
    its = waiting(within=0.01)
    grow(its.history, PENDING)
    its.flows = [Followed(its.history)]
    with pytest.raises(DeadlineExpired, match=r"1 of 1 messages are not finished; the first, .* is pending"):
        its.quiesce()


def test_nobody_waits_for_a_message_that_nobody_can_take() -> None:
    its = waiting()
    grow(its.history, send(started("api")))
    its.flows = [Followed(its.history)]
    began = time.monotonic()
    with pytest.raises(ExpectationFailed, match="no consumer: no worker was ever started"):
        its.quiesce()
    assert time.monotonic() - began < 5


def test_a_dead_part_ends_every_wait_at_once() -> None:
    its = waiting(within=60)
    grow(its.history, PENDING)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            its.finished([Followed(its.history)])
        except PartDied as error:
            raised.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    died(its.history, "Redis", "it ended with -9")
    for thread in threads:
        thread.join(10)
    assert [str(error) for error in raised] == [
        "Redis died under the run: it ended with -9; what was recorded until then is kept"
    ] * 3
    with pytest.raises(PartDied):
        its.until(lambda: None, what="anything")
    assert its.history.events("part.died")[0].data["part"] == "Redis"


def test_the_acknowledgement_is_what_the_entry_is_about() -> None:
    """The builder: what is dropped here is what a worker says of this entry."""
    assert [event.keys for event in right().events if event.kind == "queue.acked"] == [(ENTRY,)]
    assert any(is_new("sent")(event) for event in right().events)


def test_a_stack_that_is_asked_isn_t_asked_again_for_its_own_answer() -> None:
    history = right().history
    its = Waiting(history=history, profile=profile(), read=lambda: None)
    asked = 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        history.append(source="api", kind="api.answered", at=time.time(), data={"operation": "conversations"})

    assert its.asked(ask, what="conversation", within=0.2) is None
    assert asked == 2, "at once, and when the time was over"
    assert its.asked(lambda: "there", what="conversation", within=0.2) == "there"
