"""What each check says of a history that is spoiled in every small way: the page beside it has each answer in full.

No answer is a pass without a witness, and no check breaks. Which way leads to which words is read on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from histories import CONTRACT, ID, MESSAGE, SID, Script, gated, held, made, right, send, started
from judging import FAILED_ROW, FINISH_FIRST, GAVE_UP, ONCE, SILENT, TWICE, called_again
from said import PAGES, RENEWED, Page, told
from spoiling import spoiled
from test_checks_crash_points import kill
from test_entry_life import acked, again, behind, buried, by_another, given, killed, planted, without_a_group
from test_mixed_up import OTHER, same_id, stored_twice, swapped_ids, two
from test_outages_judged import outage, refused_after, taken_and_left
from test_provider_failures import KILLED, STUCK, many
from test_provider_failures import ONCE as TRIED_AGAIN
from test_whole_record import dead, resent, widowed

from harness.checks import (
    Verdict,
    account,
    accounting,
    arrives_as_sent,
    bad_signature_refused,
    conflict_refused,
    crash_points,
    each_is_sent,
    failure_explained,
    forward_only,
    in_one_hand,
    load_account,
    made_again,
    message_queued,
    one_message,
    one_of_many,
    outages,
    outlives,
    poison_disposed,
    proof_by_actors,
    proof_by_hold,
    proof_by_order,
    queue_operations,
    refused_for_good,
    report_moved,
    reports_applied,
    sent_is_earned,
    stored_before_answer,
    stored_once,
    stranger_ignored,
    sync_processing_disabled,
    taken,
    taken_up,
    whole_record,
    worker_processed,
)
from harness.checks.provider_failures import (
    comes_to_an_end,
    given_up,
    refused_and_told,
    tried_after_a_kill,
    tried_again,
    waited_for,
)
from harness.history import Event, Flow, History, key
from harness.profile import Profile

OWN_PAGES = True
"""Its pages are one for each scene."""

Asks = Callable[[History, Flow, Profile], Verdict | None]
"""A question; None where what it is about hasn't been yet."""
PROVIDER = key("provider", SID)
OTHERS = {
    "where nothing is claimed": SILENT,
    "of a stack that sends each once": ONCE,
    "of one that finishes before it calls": FINISH_FIRST,
    "of one that only acknowledges": CONTRACT.model_copy(
        update={"queue": CONTRACT.queue.model_copy(update={"finish": "ack"})}
    ),
    "of one that pops": CONTRACT.model_copy(
        update={"queue": CONTRACT.queue.model_copy(update={"kind": "list", "finish": None})}
    ),
}


def first(history: History, kind: str) -> Event | None:
    return next(iter(history.events(kind)), None)


def other(history: History) -> Flow:
    return Flow(history.flow(key("token", OTHER.token)), name=OTHER.token)


def reported(script: Script, *words: str, moves: str = "") -> Script:
    """A message of which its provider told so, and whose row moved."""
    for number, word in enumerate(words):
        call = {"call": f"sendgrid/{number}", "what": "event", "message": SID, "keys": [PROVIDER]}
        script = script.add("callback.sent", at=20 + number, report=word, **call)
        script = script.add("callback.answered", at=20.5 + number, status=200, **call)
    row = {"message_id": ID, "sequence": 10, "old": "sent"}
    return script.add("database.status", at=30, new=moves, **row) if moves else script


def replied(script: Script) -> Script:
    """A reply that came in twice, and is one row."""
    gave = [key("provider", "IN1")]
    for number in (1, 2):
        call = {"call": f"twilio/in{number}", "what": "inbound", "message": "IN1", "keys": gave}
        script = script.add("callback.sent", at=number, **call)
        script = script.add("callback.answered", at=number + 0.5, status=200, **call)
    row = {"direction": "inbound", "new": "received", "sequence": 1, "old": None}
    return script.add("database.inserted", at=1.2, message_id="in", keys=gave, **row)


def counted(history: History, *, late: bool) -> Event:
    """Redis' look at the entry: it stands there while held, and not at the end."""
    said = {"entries": {"1-0": {"present": not late, "pending": False}}}
    look = made("queue.counted", at=5, source="counters", stream="message_queue:sms", **said)
    return replace(look, seq=99 if late else 10, seen=100.0 if late else 0.010)


def reply(judge: Callable[[History, Flow], Verdict]) -> Asks:
    return lambda history, flow, profile: judge(history, Flow(history.flow(key("provider", "IN1"))))


def lost_group(history: History, flow: Flow, profile: Profile) -> Verdict:
    [lost] = [event for event in history.events("fault.began") if event.data["fault"] == "group lost"]
    return made_again(history, flow, profile, lost=lost)


def poison(history: History, flow: Flow, profile: Profile) -> Verdict | None:
    event = next((event for event in history.events("fault.began") if event.data["fault"] == "poison"), None)
    return event and poison_disposed(history, profile, flow, other(history), planted=event, must=True)


def point(history: History, flow: Flow, profile: Profile) -> Verdict:
    return crash_points(history, flow, profile, point="the worker before XACK", met=first(history, "fault.hit"))


TOLD_TWICE = reported(right(), "sent", "delivered", moves="delivered")
SAID_AGAIN = Script([*send(started("api", "worker")).events, *right().drop("probe.started", "process.started").events])
CONFLICT = two().change("api.answered", lambda event: event.data["request"] == 2, status=409)
SCENES: dict[str, tuple[Script, Asks]] = {
    "message-queued": (right(), lambda h, f, p: message_queued(h, f, p, channel="sms")),
    "message-queued, held": (held(), lambda h, f, p: message_queued(h, f, p, channel="sms")),
    "message-queued twice": (TWICE, lambda h, f, p: message_queued(h, f, p, channel="sms")),
    "one message": (TWICE, lambda h, f, p: one_message(h, f, p, claimed=True)),
    "worker-processed": (right(), lambda h, f, p: worker_processed(h, f, p, message=MESSAGE)),
    "worker-processed, called again": (
        called_again(right()),
        lambda h, f, p: worker_processed(h, f, p, message=MESSAGE),
    ),
    "each is sent": (called_again(right()), each_is_sent),
    "refused for good": (GAVE_UP, refused_for_good),
    "refused and told": (GAVE_UP, lambda h, f, p: refused_and_told(h, f, p, told=["21211"])),
    "forward-only": (right(), forward_only),
    "sent-is-earned": (right(), sent_is_earned),
    "failed": (FAILED_ROW, sent_is_earned),
    "sync-processing": (held(), sync_processing_disabled),
    "proof by hold": (held(), proof_by_hold),
    "proof by order": (gated(), proof_by_order),
    "proof by actors": (right(), proof_by_actors),
    "queue operations": (
        held(),
        lambda h, f, p: queue_operations(h, f, p, held=counted(h, late=False), at_rest=counted(h, late=True)),
    ),
    "stored before answer": (right(), stored_before_answer),
    "taken": (right(), lambda h, f, p: taken(h, f, p, what="emoji")),
    "conflict": (CONFLICT, lambda h, f, p: conflict_refused(h, f, other(h), p)),
    "one of many": (SAID_AGAIN, lambda h, f, p: one_of_many(h, f, p, claims=True)),
    "as sent": (right(), lambda h, f, p: arrives_as_sent(h, p, messages=[MESSAGE])),
    "crash point": (kill(right(), before="queue.acked"), point),
    "outlives, a report": (TOLD_TWICE, lambda h, f, p: outlives(h, f, p, met=True)),
    "outlives, a reply": (replied(right()), reply(lambda h, f: outlives(h, f, CONTRACT, met=True))),
    "report moved": (TOLD_TWICE, lambda h, f, p: report_moved(h, f, p, to="delivered")),
    "reports applied": (TOLD_TWICE, lambda h, f, p: reports_applied(h, f, p, reports=2)),
    "reports contradict": (
        reported(right(), "delivered", "bounce", moves="delivered"),
        lambda h, f, p: reports_applied(h, f, p, reports=2),
    ),
    "stranger": (reported(started("api", "worker"), "delivered"), stranger_ignored),
    "failure explained": (GAVE_UP, failure_explained),
    "reply stored once": (replied(right()), reply(lambda h, f: stored_once(h, f, CONTRACT, deliveries=2))),
    "bad signature": (replied(right()), reply(lambda h, f: bad_signature_refused(h, f, CONTRACT, status=403))),
    "poison": (behind(buried(given(planted(right()), times=2))), poison),
    "poison, not finished": (behind(given(planted(right()), times=2)), poison),
    "poison, finished without a letter": (behind(acked(given(planted(right()), times=2))), poison),
    "poison, others left behind": (behind(given(planted(right())), sent=False), poison),
    "nobody took it up": (killed(), lambda h, f, p: taken_up(h, f, p, gone=["worker-1"])),
    "not made again": (without_a_group(send(started("api", "worker"))), lost_group),
    "outages, left": (taken_and_left(), lambda h, f, p: outages(h, p)),
    "outages, refused after": (refused_after(), lambda h, f, p: outages(h, p)),
    "taken up": (by_another(killed()), lambda h, f, p: taken_up(h, f, p, gone=["worker-1"])),
    "in one hand": (again(right()), in_one_hand),
    "made again": (without_a_group(right()), lost_group),
    "outages": (outage(right(), before="queue.claimed"), lambda h, f, p: outages(h, p)),
    "tried again": (TRIED_AGAIN, lambda h, f, p: tried_again(h, f, p, message=MESSAGE)),
    "comes to an end": (TRIED_AGAIN, lambda h, f, p: comes_to_an_end(h, f, p, message=MESSAGE)),
    "not tried again": (STUCK, lambda h, f, p: comes_to_an_end(h, f, p, message=MESSAGE)),
    "tried after a kill": (KILLED, lambda h, f, p: tried_after_a_kill(h, f, p, message=MESSAGE)),
    "waited for": (right(), lambda h, f, p: waited_for(h, f, p, message=MESSAGE)),
    "given up": (many(6, apart_ms=30), given_up),
    "accounting": (two(), lambda h, f, p: accounting(h, p)),
    "load account": (two(), lambda h, f, p: load_account(h, p, known=account(h, p))),
    "whole record": (right(), lambda h, f, p: whole_record(h, p)),
    "whole record of two": (two(), lambda h, f, p: whole_record(h, p)),
    "ids swapped": (swapped_ids(), lambda h, f, p: whole_record(h, p)),
    "one id for two": (same_id(), lambda h, f, p: whole_record(h, p)),
    "called again": (called_again(right()), lambda h, f, p: whole_record(h, p)),
    "tried again, whole record": (TRIED_AGAIN, lambda h, f, p: whole_record(h, p)),
    "stuck, whole record": (STUCK, lambda h, f, p: whole_record(h, p)),
    "given up, whole record": (GAVE_UP, lambda h, f, p: whole_record(h, p)),
    "widowed, whole record": (widowed(), lambda h, f, p: whole_record(h, p)),
    "resent, whole record": (resent(), lambda h, f, p: whole_record(h, p)),
    "dead, whole record": (dead(after_failure=True), lambda h, f, p: whole_record(h, p)),
    "stored twice, whole record": (stored_twice(), lambda h, f, p: whole_record(h, p)),
    "reply, whole record": (replied(right()), lambda h, f, p: whole_record(h, p)),
    "pending, crash point": (kill(send(started("api", "worker")), before="api.answered"), point),
    "told twice": (TOLD_TWICE, lambda h, f, p: whole_record(h, p)),
}


def asked(script: Script) -> Iterator[tuple[str, Script, Profile]]:
    """The history in each way, by the contract; as it is, and with everything twice, by other profiles, too."""
    ways = list(spoiled(script))
    yield from ((how, changed, CONTRACT) for how, changed in ways)
    for name, profile in OTHERS.items():
        yield from ((f"{how}, {name}", changed, profile) for how, changed in ways[:5])


def ways(hows: list[str]) -> str:
    """Which ways lead to the same words; those that change nothing are all that stand nowhere else."""
    return f"{hows[0]}, and {len(hows) - 1} ways that change nothing" if hows[0] == "as it is" else ", ".join(hows)


@pytest.mark.parametrize("scene", SCENES)
def test_what_a_check_says_of_a_history_that_is_spoiled(scene: str) -> None:
    script, judge = SCENES[scene]
    said: dict[str, list[str]] = {}
    for how, changed, profile in asked(script):
        history = changed.history
        verdict = judge(history, changed.flow(history), profile)
        if verdict is None:
            continue
        assert "itself raised" not in verdict.reason, how
        assert verdict.witnesses or verdict.outcome != "pass", how
        said.setdefault(told(verdict), []).append(how)
    page = Page(PAGES / "spoiled" / f"{scene.replace(' ', '_').replace(',', '')}.txt")
    now = {f"{number}: {ways(hows)}": words for number, (words, hows) in enumerate(said.items(), start=1)}
    if RENEWED:
        page.known = {}
        page.renew(now, now)
        return
    assert len(now) == len(page.known)
    for number, (where, words) in enumerate(now.items()):
        assert (where, words) == list(page.known.items())[number]
