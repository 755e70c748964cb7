"""The accounting check: for each fate a history made by hand that ends in it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from histories import CONTRACT, ENTRY, ID, TOKEN, Script, is_new, queue, right, send, started, window
from judging import blind

from harness.checks import Outcome, account, accounting
from harness.history import History, key
from harness.profile import Policy, Profile

PROFILE = CONTRACT
SILENT = Profile()
ONCE = CONTRACT.model_copy(update={"policy": Policy(delivery="effectively-once")})
CALL, GAVE, TOKENS = key("call", "twilio", 2), key("provider", "SM2"), [key("token", TOKEN)]


def refused(status: int | None) -> Script:
    script = started("api", "worker").add("api.requested", at=0, keys=TOKENS, operation="send", request=1)
    return script.add("api.answered", at=1, keys=TOKENS, operation="send", request=1, status=status)


def called(script: Script, *, at: float) -> Script:
    """Another call for the same message, which the provider takes."""
    script = script.add("provider.called", at=at, keys=[CALL, *TOKENS], provider="twilio", call="twilio/2")
    return script.add("provider.answered", at=at, keys=[CALL, GAVE], call="twilio/2", message="SM2", accepted=True)


def counted(script: Script, **counts: int) -> Script:
    for stream in PROFILE.queue.streams.values():
        script = script.add("queue.counted", at=20, stream=stream, **{"length": 0, "pending": 0, "lag": 0} | counts)
    return script


def acked(script: Script) -> Script:
    return script.add("queue.acked", at=9, keys=[ENTRY], **queue("worker-1"))


def unsent(*, dead: bool = False, status: str | None = None) -> Script:
    """Accepted and acknowledged, with no call."""
    script = acked(send(started("api", "worker")))
    if dead:
        script = script.add(
            "queue.appended", at=10, message_id=ID, keys=["entry:dead 1"], entry="entry:dead 1", dead=True
        )
    if status:
        script = script.add("database.status", at=8, message_id=ID, sequence=2, old="pending", new=status)
    return script


def inbound(*, status: int, rows: int) -> Script:
    script = started("api", "worker").add("callback.sent", at=0, keys=[GAVE], what="inbound")
    for row in range(rows):
        name = f"{ID[:-1]}{row}"
        script = script.add(
            "database.inserted", at=1, keys=[GAVE], message_id=name, sequence=row, new="received", direction="inbound"
        )
    return script.add("callback.answered", at=2, keys=[GAVE], what="inbound", status=status)


def again(script: Script, *way: str) -> Script:
    """The row is written once more by a second worker that has sent the message too: another id, or the whole way."""
    if not way:
        moved = {"message_id": ID, "sequence": 9, "old": "sent", "new": "sent", "provider_id": "SM9"}
        return script.add("database.status", at=11, **moved)
    for number, (old, new) in enumerate(pairwise(("sent", *way))):
        script = script.add("database.status", at=11, message_id=ID, sequence=9 + number, old=old, new=new)
    return script


KEPT = right().drop("database.status", where=is_new("sent"))

LEFT_AS_IT_WAS = KEPT.change("provider.answered", status=400, accepted=False, message=None)
"""Refused for good, its entry finished, and its row never told so."""


def claiming(**claims: bool) -> Profile:
    return PROFILE.model_copy(update={"claims": PROFILE.claims.model_copy(update={"retries": False, **claims})})


FATES = [
    ("sent", right(), PROFILE),
    ("sent", blind(right()), PROFILE),
    ("sent", KEPT.change("database.inserted", sampled=True).change("database.status", sampled=True), PROFILE),
    ("failed", unsent(status="failed"), PROFILE),
    ("lost", LEFT_AS_IT_WAS, claiming()),
    ("failed", LEFT_AS_IT_WAS, claiming(failures=False)),
    ("lost", unsent(), claiming(failures=False)),
    ("dead", unsent(dead=True), PROFILE),
    ("lost", unsent(), PROFILE),
    ("lost", unsent(status="sent"), PROFILE),
    ("lost", counted(send(started("api")).drop("queue.appended")), PROFILE),
    ("unrecorded", KEPT, PROFILE),
    ("unrecorded", called(refused(None), at=3), PROFILE),
    ("unfinished", send(started("api")), PROFILE),
    ("unfinished", unsent().soon(), PROFILE),
    ("unfinished", send(started("api")).drop("queue.appended").soon(), PROFILE),
    ("lost", send(started("api")).drop("queue.appended"), PROFILE),
    ("unfinished", counted(send(started("api")), length=1, lag=1), PROFILE),
    ("unfinished", unsent(status="retry"), PROFILE),
    ("unfinished", KEPT.drop("provider.answered"), PROFILE),
    ("refused", refused(422), PROFILE),
    ("indeterminate", refused(500), PROFILE),
    ("indeterminate", refused(None), PROFILE),
    ("unexpected", called(refused(422), at=3), PROFILE),
    ("unexpected", called(started("api"), at=3), PROFILE),
    ("stored", inbound(status=200, rows=1), PROFILE),
    ("lost", inbound(status=200, rows=0), PROFILE),
    ("unfinished", inbound(status=200, rows=0).soon(), PROFILE),
    ("indeterminate", inbound(status=200, rows=0), SILENT),
    ("refused", inbound(status=403, rows=0), PROFILE),
    ("indeterminate", inbound(status=500, rows=0), PROFILE),
]


@pytest.mark.parametrize(
    ("fate", "script", "profile"), FATES, ids=[f"{n}-{fate}" for n, (fate, *_) in enumerate(FATES)]
)
def test_every_fate(fate: str, script: Script, profile: Profile) -> None:
    assert list(account(script.history, profile).fates.values()) == [fate]


VERDICTS: list[tuple[Outcome, Script, Profile, str]] = [
    ("pass", right(), PROFILE, "1 accepted, 1 sent, 0 failed, 0 dead, 0 lost"),
    ("pass", inbound(status=200, rows=1), PROFILE, "1 accepted, 0 sent, 0 failed, 0 dead, 1 stored, 0 lost"),
    ("fail", unsent(), PROFILE, f"1 lost: {ID}"),
    ("fail", KEPT, PROFILE, f"1 unrecorded: {ID}"),
    ("fail", called(refused(422), at=3), PROFILE, "1 unexpected: "),
    ("fail", called(right(), at=8), PROFILE, f"1 delivered more than once: {ID}"),
    ("fail", inbound(status=200, rows=2), PROFILE, "1 delivered more than once"),
    ("unknown", blind(right()), PROFILE, "1 accepted, 1 sent, 0 failed, 0 dead; whether any was sent twice can't be"),
    ("fail", again(blind(right())), PROFILE, f"1 delivered more than once: {ID}"),
    ("fail", again(blind(right()), "sending", "sent"), PROFILE, f"1 delivered more than once: {ID}"),
    ("unknown", send(started("api")), PROFILE, f"1 not finished: {ID}"),
    ("unknown", refused(422), PROFILE, "no message was accepted, so none could be lost (1 attempted)"),
    (
        "unknown",
        unsent().add("probe.gap", at=5, source="database", reason="x"),
        PROFILE,
        f"1 lost: {ID}; 1 accepted, 0 sent, 0 failed, 0 dead; but not all was seen: x",
    ),
]


@pytest.mark.parametrize(("outcome", "script", "profile", "reason"), VERDICTS, ids=[f"{v[0]}-{v[3]}" for v in VERDICTS])
def test_every_verdict(outcome: Outcome, script: Script, profile: Profile, reason: str) -> None:
    verdict = accounting(script.history, profile)
    assert (verdict.outcome, verdict.reason[: len(reason)]) == (outcome, reason)


def disturbed() -> History:
    """A message delivered twice while its worker was killed."""
    script = right()
    script = script.insert("provider.called", window(1, "kill", "worker", at=5))
    return called(script, at=8).history


def test_a_duplicate_with_a_disturbance_is_explained_where_the_policy_allows_it() -> None:
    verdict = accounting(disturbed(), PROFILE)
    assert (verdict.outcome, account(disturbed(), PROFILE).duplicated) == ("pass", {ID: "kill of the worker"})
    assert verdict.reason.endswith("1 duplicated and explained")
    assert accounting(disturbed(), ONCE).outcome == "fail"


@pytest.mark.parametrize("status", [500, None])
def test_a_send_without_a_good_answer_that_came_out_is_recovered(status: int | None) -> None:
    it = account(right().change("api.answered", status=status).history, PROFILE)
    assert (it.recovered, it.counts["sent"], it.counts["accepted"]) == ((ID,), 1, 1)


def test_the_account_balances() -> None:
    counts = account(right().history, PROFILE).counts
    assert counts["accepted"] == sum(counts[fate] for fate in ("sent", "failed", "dead", "stored"))


def test_more_names_than_can_be_shown_are_counted() -> None:
    script = started("api", "worker")
    for number in range(25):
        entry = f"entry:{number}"
        script = script.add("queue.appended", at=1, message_id=f"m{number}", keys=[entry], entry=entry)
        script = script.add("queue.acked", at=2, keys=[entry], entry=entry)
    verdict = accounting(script.history, PROFILE)
    assert verdict.reason.startswith("25 lost: m0, m1,")
    assert " and 5 more; 25 accepted" in verdict.reason
    assert verdict.witnesses


def test_looks_at_a_message_are_no_sends() -> None:
    script = right().add("api.requested", at=30, keys=["request:9"], operation="get")
    assert len(account(script.history, PROFILE).fates) == 1


def test_counters_before_the_last_move_prove_no_rest() -> None:
    script = counted(started("api", "worker"))
    script = Script([*script.events, *send(Script()).events])
    assert account(script.history, PROFILE).of("unfinished") == [ID]


def test_messages_of_an_earlier_part_are_left_out() -> None:
    history = right().history
    assert account(history, PROFILE, after=1).counts["attempted"] == 1
    sent = history.events("database.status")[-1]
    assert account(history, PROFILE, after=sent.seq).counts["attempted"] == 0


@pytest.mark.parametrize(("replies", "rows", "outcome"), [(2, 2, "pass"), (2, 3, "fail"), (1, 2, "fail")])
def test_replies_that_quote_one_text_are_told_apart_by_their_ids(replies: int, rows: int, outcome: str) -> None:
    quoted = key("reply", "#hquoted0000")
    script = started("api", "worker")
    for number in range(replies):
        call = f"in/{number}"
        data = {"what": "inbound", "message": f"SM{number}", "call": call}
        script = script.add("callback.sent", at=number, keys=[quoted], **data)
        script = script.add("callback.answered", at=number + 0.5, keys=[quoted], what="inbound", call=call, status=200)
    for number in range(rows):
        data = {"sequence": number + 1, "old": None, "new": "received", "direction": "inbound"}
        script = script.add("database.inserted", at=9 + number, keys=[quoted], message_id=f"r{number}", **data)
    verdict = accounting(script.history, PROFILE)
    assert verdict.outcome == outcome, verdict.story()


def test_what_nothing_decisive_was_seen_of_is_judged_all_the_same() -> None:
    """A send without an answer whose row shows that it was taken, and never goes on: not an error of the check."""
    script = started("api", "worker").add("api.requested", at=0, keys=TOKENS, operation="send", request=1)
    script = script.add("database.inserted", at=1, keys=TOKENS, message_id=ID, sequence=1, old=None, new="pending")
    verdict = accounting(script.history, PROFILE)
    assert "itself raised" not in verdict.story()
    assert [event.kind for event in verdict.witnesses] == ["api.requested", "database.inserted"]
