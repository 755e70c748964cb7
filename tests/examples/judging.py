"""What a run of an example says, beside what must be said."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.examples.catalogue import ANSWERED_BY, ASKED_AT_LEAST, Defect, Example
from tests.quality.verifying import Row


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One line of the table; `wrong` is empty where what was seen is what was expected."""

    example: str
    variant: str
    check: str
    expected: str
    seen: str
    wrong: str = ""


RIGHT = "(right)"
WHOLE = "whole-record"
OPEN = ("fail", "error", "unknown")


def of_right(example: Example, row: Row, *, code: int, profile: Path) -> Judged:
    """Judges the example as it stands: it passes, and all that its profile claims was asked and answered."""
    claims = tomllib.loads(profile.read_text(encoding="utf-8")).get("claims", {})
    findings = [row.error] if row.error else list(shortcomings(row, code=code, claims=claims))
    return Judged(
        example=example.name,
        variant=RIGHT,
        check="all",
        expected=f"exit 0, {ASKED_AT_LEAST} or more pass, each claim is answered",
        seen=f"exit {code}, {len(passed(row))} scenarios passed",
        wrong="; ".join(findings),
    )


def passed(row: Row) -> set[str]:
    """The scenarios that were asked and passed."""
    asked = (v for v in row.verdicts if v["check"] != WHOLE)
    outcomes: dict[str, set[str]] = {}
    for verdict in asked:
        outcomes.setdefault(str(verdict.get("scenario")), set()).add(verdict["verdict"])
    return {scenario for scenario, said in outcomes.items() if said == {"pass"}}


def shortcomings(row: Row, *, code: int, claims: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the verdicts on a right stack."""
    for verdict in row.verdicts:
        if verdict["verdict"] in OPEN:
            yield f"{verdict['check']} {verdict['verdict']}: {verdict['reason']} ({verdict.get('scenario')})"
    if code != 0:
        yield f"it ended with {code}"
    answered = passed(row)
    if len(answered) < ASKED_AT_LEAST:
        yield f"{len(answered)} scenarios were asked and answered, expected {ASKED_AT_LEAST} or more"
    for claim, begin in ANSWERED_BY.items():
        if claims.get(claim) and not any(name.startswith(begin) for name in answered):
            yield f"[claims] {claim} = true, and no {begin}… passed"


def of_defect(example: Example, defect: Defect, row: Row) -> Judged:
    """Judges the example with a mistake: the check that names it fails, with the right reason, and nothing breaks."""
    outcome = row.outcome(defect.caught_by)
    judged = [v for v in row.verdicts if v["check"] == defect.caught_by and v["verdict"] == outcome]
    reasons = [f"{outcome}: {v['reason']}" for v in judged] + [also for v in judged for also in v.get("also", ())]
    mine = [reason for reason in reasons if defect.because in reason]
    wrong = row.error
    if not wrong and not row.catches(defect):
        wrong = f"{defect.caught_by} doesn't fail with {defect.because!r}"
    errors = [f"{v['check']}: {v['reason']}" for v in row.verdicts if v["verdict"] == "error"]
    return Judged(
        example=example.name,
        variant=defect.name,
        check=defect.caught_by,
        expected=f"fail: … {defect.because} …",
        seen=(mine or reasons or ["no verdict"])[0],
        wrong="; ".join(filter(None, [wrong, *errors])),
    )
