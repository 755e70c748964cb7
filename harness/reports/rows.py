"""What the table says, whoever draws it: a row a check, and the line below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.results import WHOLE_RECORD, Result, Results, Said, worst

MOST_STORIES = 5
ROOM = 120
"""Characters of evidence that a remedy may bring a row to, where nobody says how wide the column is."""

LONGEST = 200
"""Characters of a reason in a row: one that names many messages would fill the table."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One check: the worst verdict of its scenarios, how many passed, the evidence in a few words, the time."""

    check: str
    verdict: Said
    count: str
    evidence: str
    seconds: float


def rows(results: Results, *, room: int = ROOM) -> list[Row]:
    """A row a check; `room` is how many characters of evidence stand on a line or two."""
    found = []
    for check, items in results.by_check().items():
        verdict = worst(items)
        seconds = sum(item.elapsed_s for item in items)
        evidence = evidence_of(items, verdict, room=room)
        found.append(Row(check=check, verdict=verdict, count=count(items), evidence=evidence, seconds=seconds))
    return found


def count(items: Sequence[Result]) -> str:
    """How many scenarios passed of those that count."""
    counted = [item for item in items if item.counts and item.check != WHOLE_RECORD]
    if not counted:
        return "–"
    good = sum(item.outcome == "pass" for item in counted)
    return str(good) if good == len(counted) else f"{good}/{len(counted)}"


def evidence_of(items: Sequence[Result], verdict: Said, *, room: int) -> str:
    """What decided: the reasons of the scenarios that made the verdict, the commonest first; then what didn't count."""
    deciding = [item for item in items if item.outcome == verdict]
    reasons = Counter(item.reason for item in deciding if not item.note) or Counter(item.reason for item in deciding)
    (first, _), *more = reasons.most_common()
    parts = [shortened(first), *([f"(+{len(more)} more)"] if more else []), *asides(items, verdict)]
    remedy = next((item.remedy for item in deciding if item.reason == first and item.remedy), "")
    said = " ".join(parts)
    return f"{said}; to know: {remedy}" if remedy and len(said) + len(remedy) + 11 <= room else said


def shortened(reason: str) -> str:
    """A reason that fits a row; whole it stands in the story and in verdicts.json."""
    return reason if len(reason) <= LONGEST else reason[: LONGEST - 1] + "…"


def asides(items: Sequence[Result], verdict: Said) -> Iterator[str]:
    """What else is to be told of a row: what didn't count, and what was flaky."""
    for outcome in ("not asked", "skipped", "xfailed"):
        some = [item for item in items if item.outcome == outcome]
        if some and outcome != verdict:
            missing = list(dict.fromkeys(name for item in some for name in item.missing))
            reasons = list(dict.fromkeys(item.reason for item in some))
            yield f"(+{len(some)} {outcome}: {', '.join(missing) or reasons[0]})"
    noted = sum(bool(item.note) for item in items)
    if noted:
        yield f"({noted} noted below)"


def bad(results: Results) -> list[Result]:
    """What did not pass, the worst first."""
    return sorted((item for item in results.everything if item.bad), key=lambda item: -item.rank)


def notes(results: Results) -> list[str]:
    """What is to be told of scenarios that passed, and of the run, a line each."""
    said = [f"{item.scenario} {item.note}" for item in results.items if item.note and item.outcome == "pass"]
    more = len(said) - MOST_STORIES
    told = [*said[:MOST_STORIES], *([f"{more} more such notes in verdicts.json"] if more > 0 else [])]
    return [*told, *results.remarks]


def outcome_line(results: Results) -> str:
    """How the run ended, and how many scenarios passed of those that count."""
    counted = len(results.counted)
    others = Counter(item.outcome for item in results.items if not item.counts)
    aside = [f"{others[outcome]} {outcome}" for outcome in ("not asked", "skipped", "xfailed") if others[outcome]]
    if results.interrupted:
        # why it couldn't go on is told by a line of its own
        after = results.interrupted.partition(":")[0] if results.unusable else results.interrupted
        head = [f"interrupted {after}"]
    elif not counted and not results.whole:
        head = ["nothing was judged"]
    else:
        head = []
    passed = [f"{results.passed} of {counted} scenarios passed"] if counted or results.whole else []
    return "; ".join([*head, *passed, *([", ".join(aside)] if aside else [])])
