"""The expectation that is nearest to what a test looked for, and what the record says of it by now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harness.hindsight.failure import Failure
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.profile import Profile, Statuses
from harness.scenario.expectations import (
    Expectation,
    Progress,
    Scene,
    accepted,
    acknowledged,
    claimed,
    provider_called,
    queued,
    status,
)

ABOUT: Final = (
    (re.compile(r"x?acks?|acked|acknowledg\w*"), acknowledged),
    (re.compile(r"x?(?:auto)?claim\w*|consumers?"), claimed),
    (re.compile(r"calls?|called|outbox|providers?|twilio|sendgrid|mails?|deliver(?:y|ies)|requests"), provider_called),
    (re.compile(r"accepted|acceptance"), accepted),
    (re.compile(r"append\w*|[xl]len|zcard|[xl]range|queued?|streams?|entry|entries|depth|backlog|lag"), queued),
)
"""What a statement is about, by the words of its names: the first that fits."""
WORDS: Final = {
    "accepted()": "the API's answer",
    "queued()": "its entry",
    "claimed()": "its claim by a worker",
    "acknowledged()": "its acknowledgement",
    "provider_called()": "its provider call",
}
STATES: Final = frozenset({"status", "statuses", "state", "states"})


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """An expectation that says what a test looked for: in words, as code, and as far as the record has come.

    `event` is what met it: from then on the test would have been right. `shared` says that the test counted what is of
    all messages.
    """

    what: str
    code: str
    progress: Progress
    event: Event | None = None
    none_of_it: bool = False
    shared: bool = False

    @property
    def met(self) -> bool:
        return self.progress.state == "met"


def nearest(failure: Failure, flow: Flow, *, facts: Facts, profile: Profile, then: Flow) -> Nearest | None:
    """What a test looked for on a message; None where its statement names nothing that the record could show.

    `then` is the flow as it was when the test looked.
    """
    scene = Scene(flow, facts, profile)
    steps = list(dict.fromkeys(statuses(failure, profile.statuses, then)))
    if steps and not failure.negative:
        return best([told_status(step, scene) for step in steps], then)
    if unknown_status(failure, profile.statuses):
        return None
    if steps or (STATES & failure.names and "code" not in failure.names):
        return moved_on(scene, then)
    stamped = next((word for word in profile.statuses.known if {word, "at"} <= failure.names), None)
    if stamped and not failure.negative and not failure.of_two_looks:
        return told_status(stamped, scene)
    make = next((make for words, make in ABOUT if any(map(words.fullmatch, failure.names))), None)
    if make is None or (make is accepted and not flow.requests):
        return None
    number = next((one for one in failure.wanted if isinstance(one, int)), None)
    counted = next((one for one in failure.seen if isinstance(one, int)), None)
    if failure.negative or number == 0:
        if make is queued:  # an empty queue is one from which it is gone
            return told(acknowledged(), scene, WORDS["acknowledged()"], shared=True)
        return nothing(make(), scene)
    if make is provider_called and number is not None:
        shared = counted is not None and counted > len(then.calls)
        calls = "its call" if number == 1 else f"the last of its {number} calls"
        found = told(provider_called(times=number), scene, calls, shared=shared)
    else:
        found = told(make(), scene, WORDS[str(make())], shared=make is queued and counted is not None)
    if found.event in then.events and not found.shared:  # that had come already: it is what follows that was missing
        return moved_on(scene, then) or found
    return found


def statuses(failure: Failure, known: Statuses, then: Flow) -> Iterator[str]:
    """The statuses that a test wanted, in the first words of their steps."""
    if failure.compared is None:
        words = [word_of(one, known) for one in failure.mentioned]
        yield from (word for word in words if word in known.known and word != then.status)
        return
    if failure.of_two_looks:
        return
    seen = {word_of(one, known) for one in failure.seen}
    if not (seen & known.known or STATES & failure.names):
        return  # a count, or a text: what is a number there is no status
    words = [word for one in failure.wanted if (word := word_of(one, known)) in known.known]
    if failure.may_be_turned and {*words} == {then.status} and seen & known.known - {*words} and not failure.negative:
        words, seen = (
            sorted(seen & known.known),
            {*words},
        )  # the sides are turned
    yield from (word for word in words if failure.negative or word not in seen)


def unknown_status(failure: Failure, known: Statuses) -> str:
    """What a test compared a status with that is none, as the profile says; empty where it didn't."""
    if failure.compared is None or failure.negative or failure.of_two_looks:
        return ""
    if not (STATES & failure.names and {word_of(one, known) for one in failure.seen} & known.known):
        return ""
    wanted = [one for one in failure.wanted if isinstance(one, str)]
    return "" if any(word_of(one, known) in known.known for one in failure.wanted) or not wanted else wanted[0]


def word_of(value: object, known: Statuses) -> str:
    """A status in the first word of its step, however a test writes it; what is no status stays as it is."""
    text = str(value)
    words = [known.word(spelled) for spelled in (text, text.lower(), text.upper())]
    return next((word for word in words if word in known.known), text)


def told_status(step: str, scene: Scene) -> Nearest:
    return told(status(step), scene, repr(step))


def told(expectation: Expectation, scene: Scene, what: str, *, shared: bool = False) -> Nearest:
    progress = expectation.look(scene)
    event = progress.witnesses[-1] if progress.state == "met" and progress.witnesses else None
    code = str(expectation)
    return Nearest(what=what, code=f".expect({code})".replace("'", '"'), progress=progress, event=event, shared=shared)


def best(found: Sequence[Nearest], then: Flow) -> Nearest:
    """Of several that would all have done: the first that came later, else one that had been, else the first."""
    before = {event.seq for event in then.events}
    later = [one for one in found if one.event is not None and one.event.seq not in before]
    return next(iter([*later, *(one for one in found if one.met), *found]))


def moved_on(scene: Scene, then: Flow) -> Nearest | None:
    """The status after the one that a test saw and didn't want to see any more; None where there is none."""
    number = len(then.statuses)
    after = scene.flow.statuses[number:]
    return told(status(after[-1][0]), scene, repr(after[-1][0])) if after else None


def nothing(expectation: Expectation, scene: Scene) -> Nearest:
    """What a test wanted not to be: that is only to be had while something keeps it from happening."""
    progress = expectation.look(scene)
    event = progress.witnesses[0] if progress.state == "met" and progress.witnesses else None
    code, what = f".expect_none({expectation})", WORDS[str(expectation)]
    return Nearest(what=what, code=code, progress=progress, event=event, none_of_it=True)
