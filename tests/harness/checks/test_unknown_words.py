"""A row whose word the profile doesn't know: unknown with the line that would tell, in whatever check, never a fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from histories import CONTRACT, MESSAGE, Script, held, is_new, right
from judging import GAVE_UP

from harness.checks import accounting, refused_for_good, sync_processing_disabled, worker_processed
from harness.checks.verdict import Verdict


def in_numbers(script: Script) -> Script:
    """The same of a stack whose rows say numbers, and whose API says words."""
    for word, number in (("sending", "2"), ("sent", "4")):
        script = script.change("database.status", is_new(word), new=number)
    return script.change("database.inserted", new="1")


def worker(script: Script) -> Verdict:
    history = script.history
    return worker_processed(history, script.flow(history), CONTRACT, message=MESSAGE)


def held_up(script: Script) -> Verdict:
    history = script.history
    return sync_processing_disabled(history, script.flow(history), CONTRACT)


def whole(script: Script) -> Verdict:
    return accounting(script.history, CONTRACT)


@pytest.mark.parametrize(("judge", "script"), [(worker, right()), (held_up, held()), (whole, right())])
def test_the_rows_word_is_named_with_the_line_that_would_tell(
    judge: Callable[[Script], Verdict], script: Script
) -> None:
    assert judge(script).outcome == "pass"
    verdict = judge(in_numbers(script))
    assert verdict.outcome == "unknown", verdict.story()
    assert verdict.remedy == "[statuses], with '4' among its words"
    if judge is not whole:
        assert verdict.reason == "the row says '4', a word that the profile doesn't know"


def test_a_word_for_what_was_refused_may_be_that_for_a_failure() -> None:
    script = GAVE_UP.change("database.status", is_new("failed"), new="returned")
    history = script.history
    verdict = refused_for_good(history, script.flow(history), CONTRACT)
    assert verdict.outcome == "unknown", verdict.story()
    assert verdict.reason == "the row says 'returned', a word that the profile doesn't know"
    assert verdict.remedy == "[statuses], with 'returned' among its words"
