"""Does a stack get over an outage by itself: nothing lost, nothing twice without a reason, and it works again?"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.accounting import Account, account, some
from harness.checks.fates import waits
from harness.checks.lacking import unless_lacking
from harness.checks.rest import late
from harness.checks.verdict import Answers, Verdict, check, refuted, undecided
from harness.checks.whole_record import PROVEN, UNHEARD, put_in_order
from harness.history import History
from harness.history.facts import Facts
from harness.history.flow import Flow, came_in
from harness.history.windows import Window
from harness.profile import Profile

NAME = "outages"
CLAIM = "what was taken before, in and after an outage is sent once it is over, and the stack works as before"


@check(NAME, CLAIM)
def outages(history: History, profile: Profile, *, after: int = 0) -> Answers:
    """Judges the messages first seen from place `after` of the record on, around the outages since then.

    A stack has the profile's `[policy] recovers_within` to work as before.
    """
    facts = Facts(history)
    windows = [window for window in facts.outages() if window.began.seq >= after]
    if not windows:
        yield undecided("there was no outage, so nothing was got over")
        return
    it = account(history, profile, after=after)
    found = [*_dead(it, windows, facts), *_stuck(it, windows, history, profile), *_refused(it, windows, history)]
    yield from unless_lacking([*found, *put_in_order((*PROVEN, UNHEARD), it, history, profile)], profile, "outages")


def _dead(it: Account, windows: list[Window], facts: Facts) -> Iterator[Verdict]:
    """Workers that an outage has ended, and left nobody who goes on."""
    ended = facts.history.events("process.exited", after=windows[0].began.seq)
    gone = [event for event in ended if event.data.get("role") == "worker" and not event.data.get("expected")]
    nobody = facts.no_consumer()
    if gone and nobody:
        names = it.of("unfinished")
        left = f", with {len(names)} messages left: {some(names)}" if names else ""
        yield refuted(f"{nobody}, in {_told(windows)}{left}", [windows[-1].began, *gone])


def _stuck(it: Account, windows: list[Window], history: History, profile: Profile) -> Iterator[Verdict]:
    """Messages that nobody has brought on since the outage was over, and since any longer time than that may take."""
    names = [name for name in it.of("unfinished") if _stands(it.flows[name], windows[-1], history, profile)]
    if names:
        last = it.flows[names[0]].status or "not stored"
        reason = f"{len(names)} {last} and brought on by nobody since {_told(windows)} was over: {some(names)}"
        yield refuted(reason, [windows[-1].began, *it.witnesses(names)], absent=["queue.claimed", "database.status"])


def _stands(flow: Flow, last: Window, history: History, profile: Profile) -> bool:
    if came_in(flow) or waits(flow, profile) or flow.calls_in_flight:
        return False
    return late(history, last.ended or last.began, flow.latest, by=profile.policy.finished_within)


def _refused(it: Account, windows: list[Window], history: History) -> Iterator[Verdict]:
    """A stack that takes nothing any more: its last word, later than it may need to recover, is still an error."""
    sends = [flow for flow in it.flows.values() if flow.requests]
    over = max((w.ended.seen + (w.recovers_s or 0.0) if w.ended else history.until) for w in windows)
    asked = [flow for flow in sends if flow.requests[-1].seen >= over and flow.answers]
    if asked and not any(flow.acceptance for flow in asked):
        said = asked[-1].answers[-1].data
        what = said.get("status") or said.get("error")
        reason = f"the API takes no message since {_told(windows)} was over: it answers {what}"
        yield refuted(reason, [windows[-1].began, *(flow.answer for flow in asked)])


def _told(windows: list[Window]) -> str:
    last = windows[-1]
    part = last.began.data.get("part")
    return f"{last.fault} of {last.target}" + (f" and {part}" if part else "")
