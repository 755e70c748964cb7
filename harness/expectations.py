"""What a scenario may expect of one message; each looks at the flow and says met, open or impossible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from harness.facts import Facts
from harness.history import Event, Flow
from harness.profile import Profile


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
        if not answers:
            return Progress("open", "the API has not answered")
        last = answers[-1]
        status = last.data.get("status")
        if status is None:
            return Progress("unknowable", f"the API's answer never came ({last.data.get('error')})", (last,))
        if status == 429:
            return Progress("unknowable", "a rate limiter in front of the API refused the send (429)", (last,))
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
            shown = flow.statuses[-1][1]
            return Progress(
                "impossible", f"the row is {flow.status}, and the message was never put on a stream", (shown,)
            )
        return Progress("open", "no entry with its id has been put on a stream")

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


def status(name: str) -> Expectation:
    """The row had this status at some time; that it moved on since doesn't matter."""

    def look(scene: Scene) -> Progress:
        flow, statuses = scene.flow, scene.profile.statuses
        for value, event in flow.statuses:
            if value == name:
                return Progress(MET, witnesses=(event,))
        if flow.status in statuses.terminal and not (flow.status == statuses.sent and name == statuses.delivered):
            shown = flow.statuses[-1][1]
            return Progress("impossible", f"the row is {flow.status} and was never {name}", (shown,))
        now = f"the row is {flow.status}" if flow.status else "no row has been seen"
        if name not in (statuses.queued, statuses.delivered):
            return needs_worker(scene) or Progress("open", now)
        return Progress("open", now)

    return Expectation(f"status({name!r})", "database.status", look)


def provider_called(*, times: int | None = None) -> Expectation:
    """A provider received a call for the message; with `times`, exactly so many once nothing more can happen."""

    def look(scene: Scene) -> Progress:
        if scene.profile.providers.observe == "none":
            return Progress("unknowable", "the stack mocks its providers inside; no call can be seen")
        calls = scene.flow.calls
        if times is not None and len(calls) > times:
            return Progress("impossible", f"{len(calls)} calls reached the provider, expected {times}", tuple(calls))
        if calls and len(calls) >= (times or 1):
            return Progress(MET, witnesses=tuple(calls))
        if scene.flow.status in scene.profile.statuses.terminal:
            shown = scene.flow.statuses[-1][1]
            return Progress("impossible", f"the row is {scene.flow.status} after {len(calls)} calls", (shown,))
        if not calls and refused(scene.flow):
            return Progress("impossible", "the API refused the message", tuple(scene.flow.answers[-1:]))
        if not calls and scene.flow.acks:
            return Progress("impossible", "its entry was acknowledged, and no call was made", tuple(scene.flow.acks))
        return needs_worker(scene) or Progress("open", f"{len(calls)} calls have reached the provider", tuple(calls))

    text = "provider_called()" if times is None else f"provider_called(times={times})"
    return Expectation(text, "provider.called", look, at_quiescence=times is not None)


def acknowledged() -> Expectation:
    """The entry was acknowledged, so that it won't be delivered again."""

    def look(scene: Scene) -> Progress:
        if scene.profile.queue.group is None:
            return Progress("unknowable", "the worker reads without a consumer group; nothing is ever acknowledged")
        if scene.flow.acks:
            return Progress(MET, witnesses=tuple(scene.flow.acks[:1]))
        if not scene.flow.appends and scene.flow.status in scene.profile.statuses.terminal:
            return Progress("impossible", f"the row is {scene.flow.status}, and nothing was ever queued")
        return (
            hidden(scene, "queue.acked")
            or needs_worker(scene)
            or Progress("open", "its entry has not been acknowledged")
        )

    return Expectation("acknowledged()", "queue.acked", look)


def hidden(scene: Scene, kind: str) -> Progress | None:
    """Why events of a kind can't be seen at all; None where they can."""
    gap = scene.facts.unseen(kind, since=scene.flow.events[0].seq if scene.flow else 0)
    return Progress("unknowable", str(gap.data["reason"])) if gap and gap.data.get("lasting") else None


def needs_worker(scene: Scene) -> Progress | None:
    why = scene.facts.no_consumer()
    return Progress("impossible", why) if why else None
