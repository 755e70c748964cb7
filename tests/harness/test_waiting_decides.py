"""What a wait decides: whether something is owed yet, how long that is waited for, and what is read meanwhile.

Records stand still here, or grow when they are looked at or read, so that nothing hangs on who is faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from histories import (
    CONTRACT,
    ENTRY,
    ID,
    TOKEN,
    Script,
    is_new,
    made,
    queue,
    right,
    started,
    window,
)
from still_records import (
    AGES,
    KEPT,
    NOBODY,
    PENDING,
    PROVIDER,
    REPLY,
    UNANSWERED,
    Message,
    another,
    fresh,
    grow,
    rest,
    waiting,
)

from harness.checks.rest import Debt
from harness.errors import DeadlineExpired, ExpectationFailed
from harness.history import History, key
from harness.scenario.patience import BRIEF_S
from harness.scenario.waiting import ASKED_AGAIN_S, Waiting, told

# what is owed


def late(script: Script) -> Script:
    return Script(script.events, read=AGES)


UNQUEUED = PENDING.drop("queue.appended")
EXITED = Script(
    [
        *UNANSWERED.insert("api.requested", made("process.started", at=-900, process="worker-1", role="worker")).events,
        made("process.exited", at=5, source="deploy", process="worker-1", role="worker", code=1),
        made("process.exited", at=6, source="deploy", process="api-1", role="api", code=1),
    ]
)
ABANDONED: dict[str, tuple[Script, str | None]] = {
    "not while a worker lives": (PENDING, None),
    "once the API has answered, and it is queued": (NOBODY, "no consumer: no worker was ever started"),
    "not before the API has answered": (UNANSWERED, None),
    "before that, where the API is gone": (EXITED, "no consumer: worker-1, the last worker, ended with 1"),
    "before that, where the API is disturbed": (
        Script([*UNANSWERED.events, window(1, "hold", "api", at=4)]),
        "no consumer: no worker was ever started",
    ),
    "not before it is queued": (NOBODY.drop("queue.appended").soon(), None),
    "once it should have been queued": (late(NOBODY.drop("queue.appended")), "no consumer: no worker was ever started"),
    "once it was refused": (
        NOBODY.change("api.answered", status=422).drop("database.inserted", "queue.appended"),
        "no consumer: no worker was ever started",
    ),
}


@pytest.mark.parametrize(("script", "why"), ABANDONED.values(), ids=ABANDONED)
def test_a_message_is_abandoned_when_nobody_is_left_who_brings_it_on(script: Script, why: str | None) -> None:
    its, _ = waiting(script)
    assert its.abandoned(script.flow(its.history)) == why


OWED: dict[str, tuple[Script, list[str]]] = {
    "an answer, where nothing is recorded": (started("api", "worker"), ["answer"]),
    "a status": (PENDING, ["status"]),
    "nothing at its end": (right(), []),
    "nothing by nobody": (NOBODY, []),
    "nothing of what was never queued": (late(UNQUEUED), []),
    "a status of what may be queued yet": (UNQUEUED.soon(), ["status"]),
}


@pytest.mark.parametrize(("script", "kinds"), OWED.values(), ids=OWED)
def test_what_a_stack_owes_and_may_still_pay(script: Script, kinds: list[str]) -> None:
    its, _ = waiting(script)
    assert [debt.kind for debt in its.owed(Message(its.history))] == kinds


REST: dict[str, tuple[Script, str, bool]] = {
    "it is over": (right(), TOKEN, True),
    "its reply is stored": (REPLY, "", True),
    "it waits": (PENDING, TOKEN, False),
    "nothing is recorded": (started("api", "worker"), TOKEN, False),
    "its entry is kept": (KEPT, TOKEN, False),
}


@pytest.mark.parametrize(("script", "token", "rests"), REST.values(), ids=REST)
def test_a_message_rests_when_it_was_answered_and_nothing_is_owed(script: Script, token: str, rests: bool) -> None:
    its, _ = waiting(script)
    assert its.at_rest(Message(its.history, key("token", token) if token else PROVIDER)) is rests


def test_what_is_owed_is_told_in_words_that_follow_a_name() -> None:
    debts = [Debt("status", "it is pending"), Debt("call", "it has a provider call in flight")]
    assert told(debts) == "is pending, has a provider call in flight"


# how long


@pytest.mark.parametrize(("within", "seconds"), [(None, 30.0), (2.0, 6.0), (0.0, 0.0)])
def test_times_are_scaled(within: float | None, seconds: float) -> None:
    its, _ = waiting(right(), within=10.0, scale=3.0)
    assert its.seconds(within) == seconds


def test_times_are_as_they_are_said_where_nobody_scales_them() -> None:
    its = Waiting(history=History(), profile=CONTRACT, read=lambda: None)
    assert its.seconds() == CONTRACT.waits.within


GIVEN_AGAIN = KEPT.add("queue.claimed", at=30, keys=[ENTRY], **queue("worker-1")).add(
    "worker.log", at=31, source="log", message_id=ID, process="worker-1", text=ID
)
KILLED = Script([*KEPT.events[:-1], window(1, "kill", "worker", at=8.5), KEPT.events[-1]])
LIMITS: dict[str, tuple[Script, str, float | None, float, float, float, float]] = {
    # of what, for how long by the caller, after how long in vain, moved how late: until when, and how briefly after it
    "as the profile says": (PENDING, "status", None, 0, 0, 10, 0),
    "as the caller says": (PENDING, "status", 3.0, 0, 0, 3, 0),
    "no longer by its progress": (PENDING, "status", None, 0, 5, 10, 0),
    "brief after it was in vain": (PENDING, "status", None, 10, 0, 0, BRIEF_S),
    "brief from its last progress on": (PENDING, "status", None, 10, 5, 5, BRIEF_S),
    "never longer than whole": (PENDING, "status", None, 10, 9.9, 10, 0),
    "its finish, as the policy says": (KEPT, "deletion", None, 0, 0, 20, 0),
    "its finish, whatever the caller says": (KEPT, "deletion", 3.0, 0, 0, 20, 0),
    "its finish, by another worker": (KILLED, "deletion", None, 0, 0, 40, 0),
    "the effect of a report": (KILLED, "report", None, 0, 0, 20, 0),
}


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("case", LIMITS.values(), ids=LIMITS)
def test_until_when_something_is_waited_for(
    case: tuple[Script, str, float | None, float, float, float, float], scale: float
) -> None:
    script, kind, within, in_vain, moved, until, brief = case
    its, _ = waiting(script, within=10.0, scale=scale, finished_within=20, taken_up_within=40)
    its.patience.in_vain([kind], in_vain * scale)
    found = its._limit(Message(its.history), kind, 100.0, within, 100.0 + moved * scale)
    assert found == pytest.approx(100.0 + until * scale + brief)


@pytest.mark.parametrize("kind", ["deletion", "acknowledgement", "reply", "report"])
def test_what_follows_an_end_is_waited_for_from_there_on_and_not_from_being_given_again(kind: str) -> None:
    its, _ = waiting(GIVEN_AGAIN, finished_within=20)
    message = Message(its.history)
    end = next(event.seen for event in message.now.events if event.kind == "queue.acked")
    given = message.now.events[-1].seen
    assert its._limit(message, kind, 0.0, None, 0.0) == pytest.approx(end + 20)
    assert given > end
    assert its._limit(message, "status", 0.0, None, 0.0) == pytest.approx(10.0)


# a wait


def test_a_message_that_does_not_move_is_not_looked_at_again_and_again() -> None:
    its, sources, one = fresh(PENDING, within=BRIEF_S)
    its.finished([one])
    assert its.patience.before("status") >= BRIEF_S
    assert sources.readings == 1


def test_one_that_is_over_does_not_keep_the_others_from_being_waited_for() -> None:
    """Whichever comes first: the wait is as long as the other's, and ends in vain."""
    for turn in (1, -1):
        its, _, one = fresh(PENDING, within=0.05)
        other = another(its.history, right())
        assert its.owed(other) == []
        its.finished([one, other][::turn])
        assert its.patience.before("status") >= 0.05


def test_several_that_are_owed_something_else_each_are_waited_for_in_peace() -> None:
    its, _, one = fresh(PENDING, within=BRIEF_S, finished_within=BRIEF_S)
    other = another(its.history, KEPT)
    assert [debt.kind for debt in its.owed(other)] == ["deletion"]
    its.finished([one, other])
    assert its.patience.before("status") >= BRIEF_S
    assert its.patience.before("deletion") >= BRIEF_S


def test_what_is_owed_next_has_a_limit_of_its_own() -> None:
    """The row moves on while somebody waits for it, for a long time; what its entry is then owed has little."""
    its, sources, one = fresh(PENDING, within=AGES, finished_within=0.05)
    left = rest(KEPT, "queue.claimed")

    def once() -> None:
        if one.looks == 5:
            grow(its.history, left)

    one.next = once
    [flow] = its.finished([one])
    assert flow.status == "sent"
    assert its.patience.before("deletion") >= 0.05
    assert its.patience.before("status") == 0
    assert sources.readings == 1


def test_the_sources_are_read_once_all_is_there() -> None:
    its, sources, one = fresh(PENDING)
    left = list(rest(right(), "queue.claimed").events)

    def once() -> None:
        if left:
            grow(its.history, Script([left.pop(0)]))

    one.next = once
    [flow] = its.finished([one])
    assert flow.deletes
    assert sources.readings == 1


def test_what_only_the_last_reading_shows_was_not_in_vain() -> None:
    its, sources, one = fresh(PENDING, rest(right(), "queue.claimed"))
    [flow] = its.finished([one], within=0.0)
    assert flow.status == "sent"
    assert its.patience.before("status") == 0
    assert sources.readings == 2
    its.patience.in_vain(["status"], AGES)
    assert BRIEF_S <= its.patience.of("status", AGES) < 60, "how long it took is learned, from the wait's begin"


def test_a_reading_that_shows_an_end_is_not_the_last_one() -> None:
    """The first shows the message's end, the second another entry of it, the third that entry's end."""
    second = {"stream": "message_queue:sms", "id": "2-0", "entry": "entry:2", "process": "api-1"}
    entry = Script([made("queue.appended", at=0, message_id=ID, keys=["entry:2"], **second)])
    end = Script([made(kind, at=0, keys=["entry:2"], **second) for kind in ("queue.acked", "queue.deleted")])
    its, _, one = fresh(PENDING, rest(right(), "queue.claimed"), entry, end, finished_within=0.01)
    [flow] = its.finished([one], within=0.0)
    assert len(flow.appends) == len(flow.deletes) == 2


def test_an_entry_that_is_overdue_ends_a_wait_though_it_announces_itself_to_nobody() -> None:
    its, sources, one = fresh(UNQUEUED, within=AGES, queued_within=0.05)
    [flow] = its.finished([one])
    assert not flow.appends
    assert its.patience.before("status") == 0, "it was not waited for to its end"
    assert sources.readings <= 3


def test_what_is_given_up_is_told_where_an_earlier_wait_for_it_was_in_vain() -> None:
    its, _, one = fresh(PENDING, within=20 * BRIEF_S)
    its.patience.in_vain(["status"], 10.0)
    its.finished([one])
    assert its.cut.startswith("waited ")
    assert its.cut.endswith(" s, as it didn't come in 10.0 s before")


def test_of_what_follows_an_end_nothing_is_told_as_cut_short() -> None:
    """How long its finish may take is the policy's word, not the caller's."""
    its, _, one = fresh(KEPT, finished_within=0.01)
    for _ in range(2):
        its.finished([one])
        assert not its.cut
    assert its.patience.before("deletion") > 0


# rest


def test_a_stack_at_rest_is_no_error() -> None:
    its, _, one = fresh(right())
    its.flows = [one]
    its.quiesce()
    assert its.patience.before("status") == 0


def test_who_is_not_at_rest_is_named_by_its_id_or_else_by_its_name() -> None:
    its, _, one = fresh(PENDING)
    done = another(its.history, right())
    unnamed = Message(its.history, key("token", "#other"))
    data = {"operation": "send", "request": 3}
    its.history.append("api.requested", source="api", data=data, keys=[unnamed.name])
    for flows, first in (
        ([done, one, unnamed], f"{ID}, is pending"),
        ([unnamed, done, one], f"{unnamed.name}, its send has not been answered, is not stored"),
    ):
        its.flows = list(flows)
        with pytest.raises(DeadlineExpired) as caught:
            its.quiesce(within=0.025)
        still = f"2 of 3 messages are not finished; the first, {first}"
        lines = str(caught.value).splitlines()
        assert lines[0] == f"the stack didn't come to rest within 0.025 s: {still}"
        assert "each source last said:" in lines


def test_only_where_nobody_can_bring_any_of_them_on_a_stack_has_failed() -> None:
    """Without a worker: one message is with the API still, and may move; the other can't."""
    its, _, one = fresh(NOBODY)
    its.flows = [one]
    with pytest.raises(ExpectationFailed, match="no consumer: no worker was ever started; 1 of 1 messages are not"):
        its.quiesce(within=0.01)
    asked = Message(its.history, key("token", "#other"))
    data = {"operation": "send", "request": 3}
    its.history.append("api.requested", source="api", data=data, keys=[asked.name])
    its.flows = [one, asked]
    with pytest.raises(DeadlineExpired, match="2 of 2 messages"):
        its.quiesce(within=0.01)


# whatever is waited for


@contextmanager
def learned(its: Waiting, what: str) -> Iterator[None]:
    """What came in here taught how long it takes; nothing was in vain."""
    yield
    assert its.patience.before(what) == 0
    its.patience.in_vain([what], AGES)
    assert BRIEF_S <= its.patience.of(what, AGES) < 60


def test_what_came_is_learned_from() -> None:
    its, _, _ = fresh(right())
    with learned(its, "a row"):
        assert its.until(lambda: "there", what="a row") == "there"
    pages = iter(["there"])
    with learned(its, "a page"):
        assert its.asked(lambda: next(pages), what="a page") == "there"


def test_what_did_not_come_is_learned_from() -> None:
    its, _, _ = fresh(right())
    asked: list[None] = []

    def ask() -> None:
        assert len(asked) < 2, "at once, and when the time is over: nothing happens in between"
        asked.append(None)

    assert its.until(lambda: None, what="a row", within=0.02) is None
    assert its.asked(ask, what="a page", within=0.02) is None
    assert len(asked) == 2
    for what in ("a row", "a page"):
        assert 0.02 <= its.patience.before(what) < 60, "it was waited for to its end, and no longer"


def test_a_stack_is_asked_again_as_soon_as_a_row_has_changed() -> None:
    """Also by what happened while it was asked: all four times within the time after which it is asked anyway."""
    its, _, _ = fresh(right())
    asked: list[int] = []

    def ask() -> str | None:
        asked.append(len(asked))
        kind = ("database.status", "database.inserted")[len(asked) % 2]
        its.history.append(kind, source="database", data={"new": "sent"}, keys=[key("message", "m")])
        return "there" if len(asked) == 4 else None

    assert its.asked(ask, what="a page", within=ASKED_AGAIN_S / 5) == "there"
    assert is_new("sent")(its.history.events("database.status")[-1])
