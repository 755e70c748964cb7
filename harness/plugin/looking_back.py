"""The story of a test that failed by itself beside a deployed stack: by its own assertion, a timeout, an exception."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

import pytest

from harness.errors import HarnessError
from harness.hindsight.failure import Compared, Failure, compares
from harness.plugin.lifetime import DEPLOYED
from harness.plugin.options import Settings, settings_of
from harness.plugin.outcomes import NOT_THE_USERS, first_line, leaves, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from harness.hindsight.afterwards import Afterwards
    from harness.scenario.stack import Stack

HEADING = "what the record says"
MOST_PLACES: Final = 10
"""Places of a test, from where it failed outwards, that are looked at for what it was about."""
BEGAN = pytest.StashKey[int]()
"""How many events were recorded when a test began; 0 where its stack was deployed for it."""
COMPARED = pytest.StashKey[Compared]()
"""The last comparison of a test that was false."""
TOLD = pytest.StashKey["Told"]()


class Told:
    """What is told of one failure: in short, whole, in a line, and by which events."""

    def __init__(
        self, short: str, whole: str = "", line: str = "", witnesses: tuple[Mapping[str, Any], ...] = ()
    ) -> None:
        self.short = short
        self.whole = whole
        self.line = line
        self.witnesses = tuple(dict(one) for one in witnesses)


def note_begin(item: pytest.Item) -> None:
    """Notes where the record stands when a test begins."""
    stack = item.config.stash.get(DEPLOYED, None)
    item.stash[BEGAN] = len(stack.history) if stack else 0
    if COMPARED in item.config.stash:
        del item.config.stash[COMPARED]


def note_comparison(config: pytest.Config, op: str, left: object, right: object) -> None:
    """Notes the two sides of a comparison that is false, at the moment when it is: what unwinds comes later."""
    stack = config.stash.get(DEPLOYED, None)
    if stack is not None:
        config.stash[COMPARED] = Compared(at=time.time(), known=len(stack.history), op=op, left=left, right=right)


def tell(item: pytest.Item, error: BaseException) -> Told | None:
    """What the record says of a failure, once for a test; None where the error has its own story, or nobody a record.

    What goes wrong here is told, and hides no failure of the test.
    """
    stack = item.config.stash.get(DEPLOYED, None)
    if stack is None or TOLD in item.stash:
        return item.stash.get(TOLD, None)
    found = next(leaves(error), None)
    if not isinstance(found, Exception | pytest.fail.Exception) or isinstance(
        found, HarnessError | pytest.skip.Exception
    ):
        return None
    if mistaken(found) or item.get_closest_marker("xfail") is not None:
        return None
    try:
        told = told_of(item, found, found.__traceback__ or error.__traceback__, stack)
    except HarnessError:
        return None  # the stack is gone, and the run says so
    except Exception as wrong:
        told = Told(f"it couldn't be told: {type(wrong).__name__}: {first_line(wrong)}")
    if told is not None:
        item.stash[TOLD] = told
    return told


def told_of(item: pytest.Item, error: BaseException, trace: TracebackType | None, stack: Stack) -> Told | None:
    from harness.checks.verdict import witness
    from harness.hindsight import telling
    from harness.hindsight.afterwards import look_back
    from harness.scenario.tracked import FollowedFlow

    failures = failures_of(item, error, trace, stack)
    if not failures:
        return None
    failure, *callers = failures
    tracked = [one for one in stack.followed if isinstance(one, FollowedFlow)]
    found = look_back(failure, stack, tracked=tracked, since=item.stash.get(BEGAN, 0), callers=callers)
    if found is None:
        return None
    look = stack.history.append(
        "test.looked", source="harness", at=found.at, keys=[found.subject.key], data=said(found)
    )
    near = found.nearest.event if found.nearest else None
    events = (look, near) if near is not None else (look,)
    line = next(telling.happened(found), "") if near is not None else ""
    record = record_of(settings_of(item.config).build)
    short, whole = telling.short(found, record=record), telling.whole(found, record=record)
    return Told(short, whole, line, tuple(map(witness, events)))


def record_of(build: Path) -> str:
    """The options by which `harness trace` finds a build's record, where that isn't the one that it looks at itself."""
    return "" if build == Settings.build else f"--history {shlex.quote(str(build / 'history.jsonl'))}"


def said(found: Afterwards) -> dict[str, object]:
    """What the record keeps of a look."""
    failure = found.failure
    data: dict[str, object] = {
        "test": failure.test,
        "where": failure.where,
        "statement": failure.statement,
        "saw": found.then.status,
    }
    return {**data, "wanted": found.nearest.what} if found.nearest else data


def failures_of(item: pytest.Item, error: BaseException, trace: TracebackType | None, stack: Stack) -> list[Failure]:
    """Where a test failed: the last place that its user wrote, and those that led to it, from the last to the first."""
    places = users_places(trace, str(item.path))
    if not places:
        return []
    compared = item.config.stash.get(COMPARED, None)
    here = places[0].tb_frame.f_code.co_filename, places[0].tb_lineno
    if compared is not None and not (isinstance(error, AssertionError) and compares(*here)):
        compared = None  # it was caught, and something else has failed since
    at, known = (compared.at, compared.known) if compared else (time.time(), len(stack.history))
    return [
        Failure(
            test=item.nodeid,
            frame=place.tb_frame,
            line=place.tb_lineno,
            message=text_of(error),
            at=at,
            known=known,
            compared=compared if place is places[0] else None,
        )
        for place in places
    ]


def users_places(first: TracebackType | None, path: str) -> list[TracebackType]:
    """The entries of a traceback that are in a user's files, the last first."""
    found, entry = list[TracebackType](), first
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if name == path or not name.startswith(NOT_THE_USERS):
            found.append(entry)
        entry = entry.tb_next
    return found[: -MOST_PLACES - 1 : -1]


def mistaken(error: BaseException) -> bool:
    """Whether an error is a mistake in the test's own code, of which no record says anything.

    What is None may be so since it hasn't come yet, and what isn't bound since a loop didn't find it.
    """
    if isinstance(error, NameError):
        return not isinstance(error, UnboundLocalError)
    if isinstance(error, AttributeError | TypeError):
        return "NoneType" not in text_of(error)
    return isinstance(error, ImportError | SyntaxError | RecursionError)
