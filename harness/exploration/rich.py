"""The first programs: each rule at least once, a kind of trouble a program, many messages at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from harness.exploration.able import FINAL, Able
from harness.exploration.steps import Program, Ref, Step
from harness.exploration.texts import odd_ones
from harness.profile.base import Channel
from harness.scenario.wrong_sends import WRONG

PICTURES: Final = ("https://example.com/a.png", "https://example.com/b.jpg?x=1&y=2")
HELLO: Final = "d\u00e9j\u00e0 vu \U0001f389\U0001f469\u200d\U0001f680"
WRONG_JSON: Final = ("a list for a message", "nothing in it")
REFUSAL: Final = {"status": 400, "code": 21211}


class Writer:
    """Puts a program together; each message has a name."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._numbers = itertools.count(1)

    def do(self, verb: str, *given: Any, **more: Any) -> None:
        self.steps.append(Step(verb, given, more))

    def made(self, verb: str, *given: Any, **more: Any) -> Ref:
        name = f"m{next(self._numbers)}"
        self.steps.append(Step(verb, given, more, name))
        return Ref(name)


def first_programs(able: Able) -> Iterator[tuple[str, Program]]:
    """Each program with what it is about; those of which the stack can be asked nothing are left out."""
    for shape in SHAPES:
        writer = Writer()
        shape(able, writer)
        if writer.steps:
            yield shape.__name__.replace("_", " "), writer.steps


def many_at_once(able: Able, w: Writer) -> None:
    for number in range(6):
        for channel in able.channels:
            w.do("send", channel, f"hello {number}")
    for channel in able.hooked:
        w.do("reply", channel, HELLO)


def keys(able: Able, w: Writer) -> None:
    for channel in able.keyed:
        first = w.made("send", channel, "once", key=f"{channel}-same")
        for _ in range(4):
            w.do("again", first)
        other = w.made("send", channel, "one", key=f"{channel}-other")
        w.do("again", other, "another")
    if able.validates:
        for wrong in (*WRONG, *WRONG_JSON):
            w.do("invalid", able.channels[0], wrong)


def replies(able: Able, w: Writer) -> None:
    for channel in able.hooked:
        came = w.made("reply", channel, "twice")
        w.do("deliver", came)
        for number in range(3):
            w.do("reply", channel, f"{HELLO} {number}", times=5, at_once=True)
    for channel in able.signed:
        for signature in ("tampered", "missing"):
            w.do("reply", channel, signature=signature)
    if able.has("conversations"):
        for channel in able.hooked:
            for _ in range(3):
                w.do("first_replies", channel, 8)


def reports(able: Able, w: Writer) -> None:
    sent = {channel: [w.made("send", channel) for _ in range(7)] for channel in able.reported}
    for channel, (one, two, three, four, five, six, seven) in sent.items():
        delivered, failed, other = FINAL[channel]
        w.do("report", one, delivered)
        w.do("report", two, failed)
        w.do("report", three, other)
        w.do("report", four, delivered, "processed" if channel == "email" else "sent")
        w.do("report", five, delivered, failed, delivered)
        w.do("report", six, failed, delivered)
        w.do("report", seven, delivered, delivered, delivered, at_once=True)
        w.do("send_reported_early", channel, delivered)
        w.do("send_reported_early", channel, failed)
        if channel == "email":
            w.do("report_batch", other, *(w.made("send", channel) for _ in range(3)))


def provider_errors(able: Able, w: Writer) -> None:
    for channel in able.channels if able.calls_ours else ():
        for fault in faults(able):
            w.do("send", channel, fault=fault)
    if able.calls_ours:
        for channel in able.channels:
            w.do("send", channel, "and one that goes well")


def faults(able: Able) -> Iterator[Mapping[str, Any]]:
    """What a provider may do to the calls for one message."""
    if able.has("retries"):
        for status in able.profile.retries.statuses:
            yield {"status": status, "times": 1, "retry_after": 0}
        yield {"status": able.profile.retries.statuses[0], "times": 3, "retry_after": 0}
        yield {"reset": True, "times": 1}
    if able.has("retries") and not able.once:
        yield {"truncate": True, "times": 1}
        yield {"status": 500, "accept": True, "times": 1}
    if able.has("failures"):
        yield REFUSAL


def held_workers(able: Able, w: Writer) -> None:
    if not able.holds:
        return
    w.do("hold", "worker")
    for channel in able.channels:
        for number in range(4):
            w.do("send", channel, f"held {number}")
    w.do("release", "worker")
    if able.scales:
        w.do("scale", 1)
        for _ in range(10):
            w.do("send", able.channels[0])


def crashes(able: Able, w: Writer) -> None:
    channels = itertools.cycle(able.channels)
    for place in able.places:
        w.do("crash_at", place, next(channels))
    for role in ("worker", "api"):
        if able.ours(role):
            for channel in able.channels:
                w.do("send", channel)
                w.do("send", channel)
            w.do("crash", role)


def contents(able: Able, w: Writer) -> None:
    for channel in able.channels:
        for text in odd_ones(channel):
            w.do("send", channel, **text, **more_of(channel))


def more_of(channel: Channel) -> dict[str, Any]:
    """What a message of a channel can carry beside its text."""
    if channel == "mms":
        return {"attachments": PICTURES}
    return {"subject": "Ünïcode & <subject>", "html": None} if channel == "email" else {}


def troubles(able: Able, w: Writer) -> None:
    for fault, *given in able.troubles:
        w.do("trouble", fault, *given)
        for channel in able.channels:
            w.do("send", channel)
        w.do("rest", 0.5)
        w.do("calm")


SHAPES: Final[tuple[Callable[[Able, Writer], None], ...]] = (
    many_at_once,
    keys,
    reports,
    provider_errors,
    replies,
    contents,
    held_workers,
    crashes,
    troubles,
)
