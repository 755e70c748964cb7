"""Waiting: for an event, for a message's end, for rest. Depends on the record and the profile alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from harness.checks.rest import ENTRIES, FINISHING, Debt, Kind, entry_within, never_queued, owed
from harness.errors import DeadlineExpired, ExpectationFailed
from harness.history import Flow, History
from harness.history.facts import Facts
from harness.history.story import last_words, tell
from harness.profile import Profile
from harness.scenario.patience import Patience

T = TypeVar("T")

ASKED_AGAIN_S = 0.5
"""Seconds after which a stack is asked again though no row of it has changed."""
GIVEN = ("queue.claimed", "worker.log")
"""What is recorded of an entry each time it is given to a worker."""


class Followed(Protocol):
    """A message that is waited for: its flow as recorded so far."""

    @property
    def now(self) -> Flow: ...


class Standing(Protocol):
    """A hold: claims made while it lasts stand until it ends."""

    standing: list[Callable[[], None]]


class Waiting:
    """The waits of one stack; `read` reads every source to its end, `scale` multiplies every time."""

    def __init__(self, *, history: History, profile: Profile, read: Callable[[], None], scale: float = 1.0) -> None:
        self.history = history
        self.profile = profile
        self.facts = Facts(history)
        self.scale = scale
        self.patience = Patience()
        self.flows: list[Followed] = []
        """The messages of the scenario that runs."""
        self.holds: list[Standing] = []
        self.on_verdict: Callable[[Any], None] = lambda _: None
        """Told of each verdict of the scenario that runs."""
        self.cut = ""
        """What is known of the last wait of the scenario that runs that was cut short, in words."""
        self._read = read

    def begin(self) -> None:
        """Marks the beginning of a scenario."""
        self.flows = []
        self.cut = ""

    def seconds(self, within: float | None = None) -> float:
        """A time in seconds, scaled by the time factor; by default the profile's `[waits] within`."""
        return (self.profile.waits.within if within is None else within) * self.scale

    def settle(self) -> None:
        """Returns when all that has happened so far at every source is in the history."""
        began = time.monotonic()
        self._read()
        self.history.read_to_end(began)

    # what is owed

    def owed(self, followed: Followed) -> list[Debt]:
        """What the stack owes a message, and may still pay."""
        now = followed.now
        if not now.events:
            return [Debt("answer", "nothing of it is recorded yet")]
        return [] if self._over(now) else owed(now, self.facts, self.profile)

    def at_rest(self, followed: Followed) -> bool:
        """Whether the record so far shows that nothing more can happen to a message."""
        now = followed.now
        return bool(now.answers or now.of("callback.answered")) and not owed(now, self.facts, self.profile)

    def abandoned(self, now: Flow) -> str | None:
        """Why nobody will bring a message on; None while a worker can, or while the API's part isn't done yet."""
        nobody = self.facts.no_consumer()
        if nobody is None or self.facts.gone("api"):
            return nobody
        answered = now.answers or self.facts.disturbed(target="api")
        return nobody if answered and (now.appends or not now.taken or self._never_queued(now)) else None

    def _over(self, now: Flow) -> bool:
        return self._never_queued(now) or bool(self.abandoned(now))

    def _never_queued(self, now: Flow) -> bool:
        return never_queued(now, self.history, self.facts, self.profile)

    # waits

    def finished(self, followed: Sequence[Followed], *, within: float | None = None) -> list[Flow]:
        """The flows once nothing more can happen to them, or as far as they came; all of the record's end."""
        began = time.monotonic()
        met: set[str] = set()
        while True:
            open_ones = self._first_open(followed)
            if open_ones:
                met.update(debt.kind for debt in open_ones)
                if not self._await(followed, began, within):
                    self.settle()
                    left = {debt.kind for one in followed for debt in self.owed(one)}
                    if left:
                        self._in_vain(left, time.monotonic() - began, self.seconds(within))
                        break
                    continue
            self.settle()
            if not self._first_open(followed):
                self.patience.paid(met, time.monotonic() - began)
                break
        return [one.now for one in followed]

    def _in_vain(self, kinds: set[Kind], seconds: float, whole: float) -> None:
        known = max((self.patience.before(kind) for kind in kinds - FINISHING), default=0.0)
        if known and seconds < whole:
            self.cut = f"waited {seconds:.1f} s, as it didn't come in {known:.1f} s before"
        self.patience.in_vain(kinds, seconds)

    def _first_open(self, followed: Iterable[Followed]) -> list[Debt]:
        """What is owed to the first message that isn't at rest."""
        return next((found for one in followed if (found := self.owed(one))), [])

    def _await(self, followed: Sequence[Followed], began: float, within: float | None) -> bool:
        """Waits until none of the messages is owed anything; False when patience has run out."""
        waiting = list(followed)
        kinds: set[str] = set()  # what is owed to the first of them

        def look() -> bool | None:
            """True at the end, False where something else is owed now, which may have another limit."""
            while waiting and not (found := self.owed(waiting[0])):
                waiting.pop(0)
            if not waiting:
                return True
            return None if {debt.kind for debt in found} == kinds else False

        while True:
            now = time.monotonic()
            left = [(one, debt.kind) for one in waiting for debt in self.owed(one)]
            kinds = {kind for one, kind in left if one is left[0][0]}
            moved = max((one.now.events[-1].seen for one in followed if one.now.events), default=began)
            limit = max((self._limit(one, kind, began, within, moved) for one, kind in left), default=now)
            if limit <= now and left:
                return False
            # an entry that is overdue announces itself to nobody, so the wait also ends when one would be due
            due = now + self.seconds(self.profile.policy.queued_within)
            if self.history.wait_until(look, deadline=min(limit, due)):
                return True
            if time.monotonic() >= due:
                self.settle()
                waiting[:] = followed

    def _limit(self, one: Followed, kind: str, began: float, within: float | None, moved: float) -> float:
        """Until when a debt of this kind is waited for (monotonic seconds).

        A brief wait counts from when any of the messages `moved` last: nothing is given up on that goes on.
        """
        begin, whole = began, self.seconds(within)
        if kind in FINISHING:
            # who is given an entry again and again, and says so, doesn't finish it by that
            moves = (event.seen for event in reversed(one.now.events) if event.kind not in GIVEN)
            begin = max(began, next(moves, began))
            by = entry_within(one.now, self.facts, self.profile) if kind in ENTRIES else None
            whole = self.seconds(by or self.profile.policy.finished_within)
        return min(max(begin, moved) + self.patience.of(kind, whole), begin + whole)

    def quiesce(self, *, within: float | None = None) -> None:
        """Waits until nothing more can happen to any message of this scenario.

        Raises ExpectationFailed where nobody can bring that about, DeadlineExpired when it took too long.
        """
        self.finished(self.flows, within=within)
        waiting = [(one, found) for one in self.flows if (found := owed(one.now, self.facts, self.profile))]
        if not waiting:
            return
        now, found = waiting[0][0].now, waiting[0][1]
        name = now.id or now.name
        still = f"{len(waiting)} of {len(self.flows)} messages are not finished; the first, {name}, {told(found)}"
        story = f"{tell(now.events)}\neach source last said:\n{last_words(self.history.events())}"
        reasons = [self.abandoned(one.now) for one, _ in waiting]
        if all(reasons):
            raise ExpectationFailed(f"{reasons[0]}; {still}\n{story}")
        seconds = self.seconds(within)
        raise DeadlineExpired(f"the stack didn't come to rest within {seconds:g} s: {still}\n{story}")

    def until(self, look: Callable[[], T | None], *, what: str, within: float | None = None) -> T | None:
        """Calls `look` after every arrival until it returns something; None when `within` seconds have passed.

        `what` names what is waited for, so that patience for it can be learned.
        """
        began = time.monotonic()
        found = self.history.wait_until(look, deadline=began + self.patience.of(what, self.seconds(within)))
        if found is None:
            self.patience.in_vain([what], time.monotonic() - began)
        else:
            self.patience.paid([what], time.monotonic() - began)
        return found

    def asked(self, ask: Callable[[], T | None], *, what: str, within: float | None = None) -> T | None:
        """Calls `ask`, which asks the stack itself, until it returns something; None when its time has passed.

        It is called again when a row has changed, and every `ASKED_AGAIN_S`: what it records itself wakes nobody.
        """
        began = time.monotonic()
        deadline = began + self.patience.of(what, self.seconds(within))
        last = False
        while True:
            rows = self._rows()
            found = ask()
            if found is not None or last:
                break
            again = min(deadline, time.monotonic() + ASKED_AGAIN_S)
            self.history.wait_until(partial(self._changed, rows), deadline=again)
            last = time.monotonic() >= deadline
        (self.patience.in_vain if found is None else self.patience.paid)([what], time.monotonic() - began)
        return found

    def _rows(self) -> int:
        return len(self.history.events("database.inserted", "database.status"))

    def _changed(self, known: int) -> bool | None:
        return self._rows() > known or None


def told(found: Sequence[Debt]) -> str:
    """What is owed, in words that follow the message's name."""
    return ", ".join(debt.what.removeprefix("it ") for debt in found)
