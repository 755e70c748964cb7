"""What a scenario may expect of one message; each looks at the flow and says met, open or impossible."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.profile import Profile, Statuses
from harness.profile.statuses import STEPS


@dataclass(frozen=True)
class Progress:
    """Where an expectation stands; `unknowable` means that the record will never decide it."""

    state: Literal["met", "open", "impossible", "unknowable"]
    why: str = ""
    witnesses: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Scene:
    """All that an expectation may look at."""

    flow: Flow
    facts: Facts
    profile: Profile


@dataclass(frozen=True)
class Expectation:
    """One expectation; `at_quiescence` ones are judged once nothing more can happen to the message."""

    name: str
    kind: str
    look: Callable[[Scene], Progress]
    at_quiescence: bool = False

    def __str__(self) -> str:
        return self.name


MET: Final = "met"


def accepted() -> Expectation:
    """The API took responsibility for the message (2xx)."""

    def look(scene: Scene) -> Progress:
        taken = scene.flow.acceptance
        if taken:
            return Progress(MET, witnesses=(taken,))
        answers = scene.flow.answers
        if scene.flow.waits_to_be_asked:
            return Progress("open", "the API has asked to wait (429)", tuple(scene.flow.put_off[-1:]))
        if not answers:
            return Progress("open", "the API has not answered")
        last = answers[-1]
        status = last.data.get("status")
        if status is None:
            return Progress("unknowable", f"the API's answer never came ({last.data.get('error')})", (last,))
        if status == 429:
            why = "a rate limiter in front of the API refused the send (429) for longer than [pace] wait_most"
            return Progress("unknowable", why, (last,))
        return Progress("impossible", f"the API refused the message with {status}", (last,))

    return Expectation("accepted()", "api.answered", look)


def refused(flow: Flow) -> bool:
    """Whether the API said no and meant it, so that nothing can come of the message."""
    status = flow.answers[-1].data.get("status") if flow.answers and not flow.acceptance else None
    return status is not None and 400 <= status < 500 and status != 429


def queued() -> Expectation:
    """An entry with the message's id was put on a stream."""

    def look(scene: Scene) -> Progress:
        flow = scene.flow
        if flow.appends:
            return Progress(MET, witnesses=tuple(flow.appends[:1]))
        if flow.status in scene.profile.statuses.terminal:
            why = f"the row is {flow.status}, and the message was never put on a {scene.profile.queue.place}"
            return refuted_by_absence(scene, why, tuple(e for _, e in flow.statuses[-1:]), "queue.appended")
        held = [w for w in scene.facts.windows("hold") if w.ended is None]
        more = f" while the {held[0].target} is held: what puts it there may be held with it" if held else ""
        why = f"no entry with its id has been put on a {scene.profile.queue.place}{more}"
        return hidden(scene, "queue.appended") or Progress("open", why)

    return Expectation("queued()", "queue.appended", look)


def claimed() -> Expectation:
    """A worker was given the entry."""

    def look(scene: Scene) -> Progress:
        if scene.flow.claims:
            return Progress(MET, witnesses=tuple(scene.flow.claims[:1]))
        return (
            hidden(scene, "queue.claimed")
            or needs_worker(scene)
            or Progress("open", "no worker has been given its entry")
        )

    return Expectation("claimed()", "queue.claimed", look)


def status(step: str) -> Expectation:
    """The row had this status at some time; that it moved on since doesn't matter.

    `step` is a word of the stack's own, or one of pending, sent, delivered, failed, whatever the stack calls it.
    Waiting raises ValueError for a word that the profile doesn't know and no row of this message has had.
    """

    def look(scene: Scene) -> Progress:
        flow, statuses = scene.flow, scene.profile.statuses
        name = statuses.word(step)
        for value, event in flow.statuses:
            if value == name:
                return Progress(MET, witnesses=(event,))
        if name not in statuses.known:
            raise ValueError(mistaken(step, statuses))
        reported = bool(flow.of("callback.sent"))
        later = flow.status == statuses.sent and (name == statuses.delivered or (reported and name == statuses.failed))
        if flow.status in statuses.terminal and not later:
            shown = tuple(event for _, event in flow.statuses[-1:])
            if any(event.data.get("sampled") for _, event in flow.statuses):
                return Progress("unknowable", f"the row is {flow.status}, and was only looked at now and then", shown)
            return refuted_by_absence(scene, f"the row is {flow.status} and was never {name}", shown, "database.status")
        now = f"the row is {flow.status}" if flow.status else "no row has been seen"
        unseen = hidden(scene, "database.status")
        if name not in (statuses.queued, statuses.delivered):
            return unseen or needs_worker(scene) or Progress("open", now)
        return unseen or Progress("open", now)

    return Expectation(f"status({step!r})", "database.status", look)


def mistaken(step: str, statuses: Statuses) -> str:
    """What to say of a status that there isn't: such a wait would last to its end, and "never" would hold trivially."""
    words = sorted({*statuses.known, *STEPS})
    close = difflib.get_close_matches(step, words, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(words)};"
    own = "a word of the stack's own belongs in [statuses] order"
    return f"status({step!r}): the profile knows no such status; {hint} {own}"


def provider_called(*, times: int | None = None) -> Expectation:
    """A provider received a call for the message; with `times`, exactly so many once nothing more can happen."""

    def look(scene: Scene) -> Progress:
        calls = scene.flow.calls
        unseen = hidden(scene, "provider.called")
        if times is not None and len(calls) > times:
            return Progress("impossible", f"{len(calls)} calls reached the provider, expected {times}", tuple(calls))
        if calls and len(calls) >= (times or 1):
            # "so many and no more" is an absence too
            return (unseen if times is not None else None) or Progress(MET, witnesses=tuple(calls))
        if unseen:
            return unseen
        if scene.flow.status in scene.profile.statuses.terminal:
            shown = tuple(event for _, event in scene.flow.statuses[-1:])
            why = f"the row is {scene.flow.status} after {len(calls)} calls"
            return refuted_by_absence(scene, why, shown, "provider.called")
        if not calls and refused(scene.flow):
            return Progress("impossible", "the API refused the message", tuple(scene.flow.answers[-1:]))
        if not calls and scene.flow.acks and not scene.profile.queue.finish_first:
            why = "its entry was acknowledged, and no call was made"
            return refuted_by_absence(scene, why, tuple(scene.flow.acks), "provider.called")
        return needs_worker(scene) or Progress("open", f"{len(calls)} calls have reached the provider", tuple(calls))

    text = "provider_called()" if times is None else f"provider_called(times={times})"
    return Expectation(text, "provider.called", look, at_quiescence=times is not None)


def acknowledged() -> Expectation:
    """The entry was acknowledged, so that it won't be delivered again."""

    def look(scene: Scene) -> Progress:
        if not scene.profile.queue.acknowledges:
            return Progress("unknowable", "the profile says that nothing is ever acknowledged")
        if scene.flow.acks:
            return Progress(MET, witnesses=tuple(scene.flow.acks[:1]))
        if not scene.flow.appends and scene.flow.status in scene.profile.statuses.terminal:
            why = f"the row is {scene.flow.status}, and nothing was ever queued"
            return refuted_by_absence(scene, why, (), "queue.appended", "queue.acked")
        return (
            hidden(scene, "queue.acked")
            or needs_worker(scene)
            or Progress("open", "its entry has not been acknowledged")
        )

    return Expectation("acknowledged()", "queue.acked", look)


def hidden(scene: Scene, kind: str) -> Progress | None:
    """Why events of a kind can't be seen at all; None where they can, if only now and then."""
    # of what was missed up to now, only what is missed for good: a gap that is over may not hide one that lasts
    unseen = scene.facts.unseen(kind, since=len(scene.facts.history))
    sampled = unseen is not None and unseen.gap is not None and unseen.gap.data.get("sampled")
    return Progress("unknowable", str(unseen)) if unseen and not sampled else None


def refuted_by_absence(scene: Scene, why: str, shown: tuple[Event, ...], *kinds: str) -> Progress:
    """Impossible, unless events of these kinds may have been missed: then the record will never decide it."""
    unseen = scene.facts.unseen(*kinds, since=scene.flow.begin.seq)
    if unseen:
        return Progress("unknowable", f"{why}; but not all was seen: {unseen}", shown)
    return Progress("impossible", why, shown)


def needs_worker(scene: Scene) -> Progress | None:
    why = scene.facts.no_consumer()
    return Progress("impossible", why) if why else None
