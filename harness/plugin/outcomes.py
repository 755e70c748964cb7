"""What became of a scenario: pytest's outcome of each phase, in the harness's words, and the phases put together."""

from __future__ import annotations

import inspect
import os
import re
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import _pytest
import pluggy
import pytest
from _pytest.outcomes import Skipped  # pytest.skip.Exception, as a class that can be inherited from

from harness.errors import Inconclusive, Refuted, UsageError
from harness.extras import missing
from harness.keeping import advice, shortage
from harness.results import Result, Said

if TYPE_CHECKING:
    from harness.checks.verdict import Verdict

MET = "every expectation was met"
MOST_FRAMES = 6
NAMED = re.compile(r"[\w.]+: \S")
"""A line that begins with the name of an exception."""
UNMET = ("✗ ", "? ", "… ")
"""How an expectation's error marks the line of one that wasn't met: it can't be, nobody can tell, it may still be."""
OURS = f"{Path(__file__).parents[1]}{os.sep}"
NOT_THE_USERS = (OURS, "<", *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")))
"""How the names of files begin that no user wrote."""
CALLERS = (
    f"{OURS}plugin{os.sep}",
    *(str(Path(inspect.getfile(module)).parent) for module in (_pytest, pluggy)),
)
"""What stands between pytest's loop and a test."""


class NotAsked(Skipped):
    """Skips a scenario that needs what the profile doesn't claim."""

    def __init__(self, reason: str, missing: Sequence[str]) -> None:
        super().__init__(reason, _use_item_location=True)
        self.reason = reason
        self.missing = tuple(missing)


# pytest and Allure show the class before the reason
NotAsked.__module__, NotAsked.__qualname__, NotAsked.__name__ = "builtins", "not asked", "not asked"


def unusable(error: BaseException | None) -> str | None:
    """The one line of an error after which nothing can be verified; None where the run can go on."""
    for leaf in leaves(error):
        if isinstance(leaf, UsageError):
            return " ".join(str(leaf).split())
        lacking = not_installed(leaf)
        if lacking is not None:
            return lacking
        short = shortage(leaf)
        if short is not None:
            return advice(short, "the run can't go on")
    return None


def not_installed(error: BaseException) -> str | None:
    """One line about a package that the harness itself, and no test, looked for in vain; None for everything else."""
    if not isinstance(error, ModuleNotFoundError):
        return None
    asked = [
        frame.filename for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")
    ]
    return missing(error) if asked and asked[-1].startswith(OURS) else None


def leaves(error: BaseException | None) -> Iterator[BaseException]:
    """The error itself, or all that a group of them holds."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    elif error is not None:
        yield error


# one phase


def result_of(
    report: pytest.TestReport,
    error: BaseException | None,
    *,
    scenario: str,
    check: str,
    path: Path,
    verdicts: Sequence[Verdict] = (),
) -> Result:
    """What a phase of a scenario (setup, call, teardown) came to; pytest's outcome decides, the error says why.

    `path` is the file of the test, which is told apart from what it called.
    """
    said = said_of(report, error)
    told = [verdict.to_json() for verdict in verdicts] if report.when == "call" or said != "pass" else []
    decisive = next((verdict for verdict in told if verdict["verdict"] == said), None)
    reason, note = MET, ""
    if said in ("skipped", "not asked"):
        reason = error.reason if isinstance(error, NotAsked) else skip_reason(report)
    elif said == "xfailed":
        reason = f"failed as expected: {expected(report)}"
    elif error is None and said == "fail":
        reason = f"it passed, though it was expected to fail: {(report.longreprtext or '').partition('] ')[2]}"
    elif hasattr(error, "formatrepr"):  # pytest's own, of a fixture that isn't there: only the report can tell it
        reason = first_text(report)
    elif error is not None and said == "error":
        reason = f"{type(error).__name__}: {first_line(error)}{place(error, path)}"
    elif decisive is not None:
        reason = decisive["reason"]
    elif error is not None:
        reason = gist(error) if isinstance(error, Refuted | Inconclusive) else first_line(error) + place(error, path)
    if said == "pass" and hasattr(report, "wasxfail"):
        reason = note = f"passed, though it was expected to fail: {expected(report)}"
    if said == "unknown" and (notes := getattr(error, "__notes__", [])):
        reason = "; ".join([reason, *notes])
    file, line = source_of(report, error, path)
    remedy = "" if said != "unknown" else str((decisive or {}).get("remedy") or getattr(error, "remedy", "") or "")
    return Result(
        scenario=scenario,
        check=check,
        outcome=said,
        reason=reason,
        elapsed_s=report.duration if report.when == "call" else 0.0,
        story=story_of(report, said, error, path=path, reason=reason, remedy=remedy),
        verdicts=tuple(told),
        remedy=remedy,
        missing=error.missing if isinstance(error, NotAsked) else (),
        note=note,
        file=file,
        line=line,
    )


def said_of(report: pytest.TestReport, error: BaseException | None) -> Said:
    if report.skipped:
        return "xfailed" if hasattr(report, "wasxfail") else "not asked" if isinstance(error, NotAsked) else "skipped"
    if report.passed:
        return "pass"
    found = list(leaves(error))
    own = (Refuted, AssertionError, pytest.fail.Exception) if report.when == "call" else (Refuted,)
    if error is None or any(isinstance(leaf, own) for leaf in found):
        return "fail"
    return "unknown" if all(isinstance(leaf, Inconclusive) for leaf in found) else "error"


def skip_reason(report: pytest.TestReport) -> str:
    """Why pytest says that it skipped."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return said.removeprefix("Skipped").removeprefix(": ") or "skipped without a reason"


def expected(report: pytest.TestReport) -> str:
    return str(getattr(report, "wasxfail", "")).removeprefix("reason: ") or "no reason is given"


def text_of(error: BaseException) -> str:
    """What an error says; of one that can't say it, why: it is the user's, and may be anything."""
    try:
        return str(error)
    except Exception as wrong:
        return f"its text can't be had: {type(wrong).__name__}"


def first_line(error: BaseException) -> str:
    return next((line for line in text_of(error).splitlines() if line.strip()), type(error).__name__)


def gist(error: BaseException) -> str:
    """What of an expectation that wasn't met is said first: which one, and why; else the first line."""
    lines = [line.strip() for line in text_of(error).splitlines()]
    unmet = (line.removeprefix(mark) for mark in UNMET for line in lines if line.startswith(mark))
    return next(unmet, first_line(error))


# where the test itself is at fault


def story_of(
    report: pytest.TestReport, said: Said, error: BaseException | None, *, path: Path, reason: str, remedy: str
) -> str:
    """The whole of it for a reader: what the record shows, or where in the test it went wrong."""
    if said in ("pass", "skipped", "not asked"):
        return ""
    if error is None:
        return reason
    if hasattr(error, "formatrepr"):
        return report.longreprtext
    if isinstance(error, Refuted | Inconclusive):
        story = "\n".join([text_of(error), *getattr(error, "__notes__", [])])
    else:
        heading = "" if said == "fail" else f"{type(error).__name__}: "
        story = "\n".join([*frames(error, path), f"{heading}{text_of(error)}"])
    to_know = f"to know: {remedy}"
    return story if not remedy or to_know in story else f"{story}\n{to_know}"


def place(error: BaseException, path: Path) -> str:
    """Where in the test, or else in what it called, it was raised, as ` (file:line)`."""
    found = visible(error, path)
    own = [frame for frame in found if users(frame, path)]
    last = (own or found)[-1:]
    return f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""


def source_of(report: pytest.TestReport, error: BaseException | None, path: Path) -> tuple[str, int]:
    """The file and line that a reader wants to see: the user's last one, or where the test begins."""
    own = [frame for frame in visible(error, path) if users(frame, path)] if error is not None else []
    if own:
        return shown(own[-1].filename), own[-1].lineno or 0
    return shown(str(path)), (report.location[1] or 0) + 1


def frames(error: BaseException, path: Path) -> list[str]:
    """A short traceback, from the test on; of what lies beyond the user's last line, only where it was raised."""
    found, lines = visible(error, path), []
    users_own = [number for number, frame in enumerate(found) if users(frame, path)]
    beyond = users_own[-1] + 1 if users_own else 0
    for frame in [*found[:beyond], *found[beyond:][-1:]][-MOST_FRAMES:]:
        lines += [f"{shown(frame.filename)}:{frame.lineno} in {frame.name}", f"    {frame.line}"]
    return lines


def visible(error: BaseException, path: Path) -> list[traceback.FrameSummary]:
    """The frames from the test, or the fixture, on; without pytest's."""
    found = list(traceback.extract_tb(error.__traceback__))
    first = next((number for number, frame in enumerate(found) if users(frame, path)), 0)
    return [frame for frame in found[first:] if not frame.filename.startswith(CALLERS)]


def users(frame: traceback.FrameSummary, path: Path) -> bool:
    """Whether a user wrote it: the file of the test, wherever that stands, or one that no library is."""
    return frame.filename == str(path) or not frame.filename.startswith(NOT_THE_USERS)


def shown(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename


# the phases of a try, and the tries of a scenario


def reconciled(result: Result, report: pytest.TestReport) -> Result:
    """The result, where another plugin has changed the report's outcome after it was made."""
    if report.outcome == "passed" and result.outcome != "pass":
        return replace(result, outcome="pass", reason=MET, story="")
    if report.outcome == "failed" and not result.bad:
        return replace(result, outcome="fail", reason=first_text(report), story=report.longreprtext)
    if report.outcome == "skipped" and (result.bad or result.outcome == "pass"):
        return replace(result, outcome="skipped", reason=skip_reason(report), story="")
    return result


def first_text(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What a report that failed says, in a line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = [line for line in str(getattr(crash, "message", "") or report.longreprtext).splitlines() if line.strip()]
    # pytest marks what was wrong by an E; where it doesn't, the last line of a traceback says it
    marked = [line.removeprefix("E").strip() for line in lines if line.startswith("E  ")]
    named = [line for line in marked if NAMED.match(line)]
    said = [*named[:1], *marked[:1], *(lines[:1] if crash is not None else lines[-1:]), "it failed, and didn't say why"]
    return said[0].strip()


def together(phases: Sequence[tuple[str, Result]]) -> Result:
    """What a try came to: the worst that went wrong in any phase, else what its call said."""
    calls = [result for when, result in phases if when == "call"]
    main = calls[-1] if calls else phases[0][1]
    bad = [result for _, result in phases if result.bad]
    chosen = max(bad, key=lambda result: result.rank) if bad else main
    judged = next((result.verdicts for _, result in reversed(phases) if result.verdicts), ())
    span = next((result.span for _, result in reversed(phases) if result.span), None)
    return replace(chosen, verdicts=judged, elapsed_s=sum(result.elapsed_s for result in calls), span=span)


def after(tries: Sequence[Result], last: Result) -> Result:
    """The last try's result, told with those before it; their verdicts don't count."""
    if not tries:
        return last
    said = f"the 1st said: {tries[0].reason}"
    if last.outcome == "pass":
        note = f"passed on the {ordinal(len(tries) + 1)} try; {said}"
        return replace(last, note=note, reason=note)
    return replace(last, story=f"{last.story}\nit was tried {len(tries) + 1} times; {said}")


def ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
