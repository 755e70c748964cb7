"""The end of a run: let everything come to rest, then judge the whole record, and again what was still open."""

from __future__ import annotations

from harness.checks import Verdict, whole_record
from harness.checks.whole_record import NAME
from harness.results import Result
from harness.scenario.stack import Stack


def conclude(stack: Stack) -> list[Result]:
    """The results of the whole record of a run, and of what is a failure now that its time is over."""
    if not stack.history.events("api.requested", "callback.sent"):
        return []
    stack.waiting.finished(stack.followed)
    stack.count()
    verdict = whole_record(stack.history, stack.profile)
    return [result_of(verdict, check=NAME, scenario="the whole record"), *judged_again(stack)]


def judged_again(stack: Stack) -> list[Result]:
    """What has failed since its scenario ended: its time is over and it never came, or what must not come did."""
    found = []
    for scenario, before in stack.open:
        verdict = before.again(stack.history) if before.again else before
        if verdict.outcome == "fail" and before.outcome != "fail":
            found.append(result_of(verdict, check=verdict.name, scenario=f"{scenario}, judged again at the end"))
    return found


def result_of(verdict: Verdict, *, check: str, scenario: str) -> Result:
    return Result(
        scenario=scenario,
        check=check,
        outcome=verdict.outcome,
        reason=verdict.reason,
        elapsed_s=verdict.elapsed_s,
        story=verdict.story() if verdict.outcome != "pass" else "",
        verdicts=(verdict.to_json(),),
    )
