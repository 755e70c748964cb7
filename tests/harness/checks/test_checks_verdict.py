"""What a verdict is, and how checks are wrapped."""

from __future__ import annotations

import pytest
from histories import made

from harness.checks.verdict import MOST_WITNESSES, Outcome, Verdict, check, failed, passed, unknown, worst

EVENT = made("queue.acked", at=0, stream="message_queue:sms", id="1-0", process="worker-1")


def test_a_check_that_raises_is_unknown() -> None:
    @check("fragile", "it holds")
    def fragile() -> Verdict:
        raise KeyError("missing")

    verdict = fragile()
    assert (verdict.outcome, verdict.name, verdict.claim) == ("unknown", "fragile", "it holds")
    assert verdict.reason == "the check itself raised KeyError: 'missing'"


def test_a_check_that_would_pass_without_a_witness_is_unknown() -> None:
    @check("hasty", "it holds")
    def hasty() -> Verdict:
        return passed("hasty", "it holds", "I say so", [])

    assert hasty().outcome == "unknown"


def test_judging_is_timed() -> None:
    @check("timed", "it holds")
    def timed() -> Verdict:
        return passed("timed", "it holds", "yes", [EVENT])

    assert timed().elapsed_s > 0


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "unknown"),
        (["pass"], "pass"),
        (["pass", "unknown"], "unknown"),
        (["unknown", "fail", "pass"], "fail"),
    ],
)
def test_the_worst_outcome_wins(outcomes: list[Outcome], expected: Outcome) -> None:
    assert worst(outcomes) == expected


def test_ranks_are_ordered() -> None:
    one, two, three = passed("a", "b", "c", [EVENT]), unknown("a", "b", "c"), failed("a", "b", "c")
    assert one.rank < two.rank < three.rank


def test_the_story_tells_claim_reason_and_witnesses() -> None:
    assert failed("queue", "it drains", "it did not", [EVENT]).story() == (
        "queue: fail\nclaim: it drains\nbecause: it did not\nwitnesses:\n"
        "       +0.0 ms  queue.acked        stream=message_queue:sms id=1-0 process=worker-1"
    )
    assert "witnesses" not in unknown("queue", "it drains", "nothing seen").story()


def test_witnesses_are_capped() -> None:
    assert len(failed("a", "b", "c", [EVENT] * 50).witnesses) == MOST_WITNESSES


def test_json_names_the_verdict_and_its_witnesses() -> None:
    line = passed("queue", "it drains", "it did", [EVENT]).to_json()
    assert line["verdict"] == "pass"
    assert line["witnesses"] == [
        {
            "seq": 0,
            "at": 1000.0,
            "source": "queue",
            "kind": "queue.acked",
            "said": "stream=message_queue:sms id=1-0 process=worker-1",
        }
    ]
