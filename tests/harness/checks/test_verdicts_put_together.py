"""How answers become a verdict: the worst first, what else was found, what is doubted, and the same question again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import TOKEN, Script, made, right, send, started

from harness.checks.verdict import (
    MOST_WITNESSES,
    Answers,
    Verdict,
    check,
    doubted,
    put_together,
    refuted,
    renewed,
    shown,
    undecided,
    weighed,
)
from harness.history import Flow, History, key
from harness.history.facts import Unseen

EVENT = made("queue.acked", at=0)
YES, PERHAPS, NO = shown("yes", [EVENT]), undecided("perhaps"), refuted("no")


@pytest.mark.parametrize(
    ("answers", "outcome", "reason", "also"),
    [
        ([], "unknown", "nothing was judged", ()),
        ([YES, shown("last", [EVENT])], "pass", "last", ()),
        ([PERHAPS, YES], "unknown", "perhaps", ()),
        ([PERHAPS, NO, YES], "fail", "no", ("unknown: perhaps",)),
        (
            [undecided("a"), NO, refuted("more"), undecided("b")],
            "fail",
            "no",
            ("fail: more", "unknown: a", "unknown: b"),
        ),
        ([NO, refuted("no"), PERHAPS, undecided("perhaps")], "fail", "no", ("unknown: perhaps",)),
        ([replace(NO, also=("x",)), replace(PERHAPS, also=("x", "y"))], "fail", "no", ("x", "unknown: perhaps", "y")),
    ],
)
def test_the_worst_answer_is_the_verdict_and_what_else_is_bad_stands_beside_it(
    answers: list[Verdict], outcome: str, reason: str, also: tuple[str, ...]
) -> None:
    verdict = put_together(answers)
    assert (verdict.outcome, verdict.reason, set(verdict.also)) == (outcome, reason, set(also))
    assert list(verdict.also)[:1] == list(also)[:1]


def seen(*, gap_at: float | None = None, kinds: tuple[str, ...] = ("queue.acked",), lasting: bool = False) -> Script:
    script = Script().add("probe.started", at=0, source="queue", kinds=list(kinds))
    script = script.add("api.requested", at=10, keys=[key("token", TOKEN)])
    if gap_at is not None:
        script = script.add("probe.gap", at=gap_at, source="queue", reason="away", lasting=lasting, remedy="look")
    return script


def judged(answer: Verdict, script: Script, *silence: str, flow: bool = True) -> Verdict:
    history = script.history
    return weighed(answer, [history, *([script.flow(history)] if flow else [])], silence)


def test_a_pass_is_doubted_where_what_it_takes_for_silence_may_be_missing() -> None:
    assert judged(YES, seen(), "queue.acked").outcome == "pass"
    assert judged(YES, seen(gap_at=20)).outcome == "pass", "it rests on no silence"
    doubt = judged(YES, seen(gap_at=20), "queue.acked")
    assert (doubt.outcome, doubt.reason, doubt.remedy) == ("unknown", "yes; but not all was seen: away", "look")
    assert [event.kind for event in doubt.witnesses] == ["probe.gap", "queue.acked"]
    assert judged(YES, seen(kinds=()), "queue.acked").outcome == "unknown"


def test_a_fail_is_doubted_only_where_it_consists_in_an_absence() -> None:
    gone = refuted("gone", absent=["queue.acked"])
    assert judged(gone, seen()).outcome == "fail"
    assert judged(gone, seen(gap_at=20)).outcome == "unknown"
    assert judged(NO, seen(gap_at=20), "queue.acked").outcome == "fail"
    assert weighed(gone, [5], ()).outcome == "fail", "no record, nothing missed"


def test_what_was_missed_before_a_flow_began_hides_nothing_of_it() -> None:
    before = Script([*seen(gap_at=5).events[:1], *seen(gap_at=5).events[2:], *seen().events[1:]])
    assert judged(YES, before, "queue.acked").outcome == "pass"
    assert judged(YES, before, "queue.acked", flow=False).outcome == "unknown", "asked of the whole record"


def test_a_doubt_is_told_once() -> None:
    hidden = Unseen("away", "look", EVENT)
    once = doubted(YES, hidden)
    assert doubted(once, hidden).reason == once.reason == "yes; but not all was seen: away"
    many = replace(YES, witnesses=(EVENT,) * MOST_WITNESSES)
    assert len(doubted(many, hidden).witnesses) == MOST_WITNESSES == 12
    assert doubted(YES, Unseen("away")).witnesses == (EVENT,)


def test_twelve_witnesses_are_kept() -> None:
    events = [made("queue.acked", at=n) for n in range(20)]
    for verdict in (shown("", events), refuted("", events), undecided("", events)):
        assert list(verdict.witnesses) == events[:12]


def test_a_verdict_as_it_is_kept() -> None:
    event = replace(EVENT, at=1.23456789)
    bare = replace(shown("yes", [event]), name="n", claim="c", elapsed_s=0.12345678).to_json()
    said = {"seq": 0, "at": 1.234568, "source": "queue", "kind": "queue.acked", "said": ""}
    assert bare == {
        "name": "n",
        "verdict": "pass",
        "claim": "c",
        "reason": "yes",
        "witnesses": [said],
        "elapsed_s": 0.123457,
    }
    full = replace(PERHAPS, remedy="look", also=("unknown: x",)).to_json()
    assert (full["remedy"], full["also"]) == ("look", ["unknown: x"])


@check("counts", "there are three", silence=["queue.acked"])
def counts(history: History, flow: Flow, *, least: int) -> Answers:
    if len(flow) >= least:
        yield shown(f"{len(flow)} of {len(history)}", flow.events)
    else:
        yield undecided(f"{len(flow)} of {len(history)}", flow.events)


def test_the_same_question_is_asked_again_of_a_record_that_has_grown() -> None:
    script = send(started("api", "worker"))
    history = script.history
    verdict = counts(history, script.flow(history), least=8)
    assert (verdict.outcome, verdict.absent) == ("unknown", ())
    assert verdict.again is not None
    grown = right().history
    later = verdict.again(grown)
    assert (later.outcome, later.reason) == ("pass", f"11 of {len(grown)}")
    assert later.absent == ("queue.acked",)
    assert 0 <= later.elapsed_s < 60
    assert later.asked is not None
    assert (later.asked.events, later.asked.until) == (len(grown), grown.until)


def test_what_a_question_was_asked_with_is_renewed() -> None:
    script = right()
    history = script.history
    flow = renewed(Flow(script.flow(history).events[:2], name="x"), history)
    assert isinstance(flow, Flow)
    assert (len(flow), flow.name) == (11, "x")
    empty = Flow([])
    assert renewed(empty, history) is empty
    assert renewed(History(), history) is history
    assert renewed("a word", history) == "a word"


def told(*answers: Verdict, **more: Any) -> str:
    return replace(put_together(answers), name="n", claim="c", **more).story()


def test_a_story_tells_all_that_was_found() -> None:
    assert told(NO, PERHAPS, remedy="look") == "n: fail\nclaim: c\nbecause: no\nalso: unknown: perhaps\nto know: look"
