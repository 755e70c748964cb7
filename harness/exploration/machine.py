"""A Hypothesis state machine over everything that can happen to a messaging stack; each rule is a line of a scenario.

Hypothesis draws the programs. What fails is made smaller by `shrinking`, which obeys the clock.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from math import inf
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from harness.exploration.able import FINAL, PASSING, Able
from harness.exploration.finding import Finding, Running, running
from harness.exploration.rich import faults, more_of
from harness.exploration.steps import Ref, Step
from harness.exploration.texts import drawn
from harness.profile.base import Channel
from harness.scenario.stack import Stack
from harness.scenario.wrong_sends import WRONG


class Enough(KeyboardInterrupt):
    """Ends Hypothesis' run as it stands: the time is over, or something was found.

    An error of any other kind it would run again, to see whether it comes again.
    """


class Exploration(RuleBasedStateMachine):
    """Programs against one deployed stack; the attributes of the class are set before Hypothesis runs it."""

    stack: ClassVar[Stack]
    until: ClassVar[float] = inf
    """The monotonic time at which no new program begins, and those that run are judged."""
    ended: ClassVar[Callable[[Running], Finding | None]]
    """Judges a program that has come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.open = contextlib.ExitStack()
        self.program: Running | None = None
        self.messages: dict[Channel, list[Ref]] = {}
        self.keyed: list[Ref] = []
        self.came: list[Ref] = []
        self.holding = False
        self.troubled = False
        self.number = 0

    @initialize()
    def begin(self) -> None:
        if time.monotonic() >= self.until:
            raise Enough
        self.able = Able(self.stack)
        self.program = self.open.enter_context(running(self.stack))

    def do(self, verb: str, *given: Any, **more: Any) -> None:
        self._take(Step(verb, given, more))

    def make(self, verb: str, *given: Any, **more: Any) -> Ref:
        self.number += 1
        name = Ref(f"m{self.number}")
        self._take(Step(verb, given, more, name.name))
        return name

    def _take(self, step: Step) -> None:
        if self.program is not None and time.monotonic() < self.until:
            self.program.take([step])

    # sending

    @rule(data=st.data(), count=st.integers(1, 6))
    def send(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            channel = data.draw(st.sampled_from(self.able.channels))
            sent = self.make("send", channel, **data.draw(drawn(channel)), **more_of(channel))
            self.messages.setdefault(channel, []).append(sent)

    @precondition(lambda self: self.able.keyed)
    @rule(data=st.data(), times=st.integers(1, 4))
    def send_the_same_key(self, data: st.DataObject, times: int) -> None:
        channel = data.draw(st.sampled_from(self.able.keyed))
        sent = self.make("send", channel, "once", key=f"k{self.number}")
        self.keyed.append(sent)
        for _ in range(times):
            self.do("again", sent)

    @precondition(lambda self: self.keyed)
    @rule(data=st.data(), other=st.booleans())
    def send_a_key_again(self, data: st.DataObject, other: bool) -> None:
        sent = data.draw(st.sampled_from(self.keyed))
        self.do("again", sent, *(["another"] if other else []))

    @precondition(lambda self: self.able.validates)
    @rule(data=st.data(), wrong=st.sampled_from(sorted(WRONG)))
    def send_invalid(self, data: st.DataObject, wrong: str) -> None:
        self.do("invalid", data.draw(st.sampled_from(self.able.channels)), wrong)

    # what providers say

    @precondition(lambda self: self.able.hooked)
    @rule(data=st.data(), times=st.integers(1, 4), at_once=st.booleans())
    def reply(self, data: st.DataObject, times: int, at_once: bool) -> None:
        channel = data.draw(st.sampled_from(self.able.hooked))
        self.came.append(self.make("reply", channel, times=times, at_once=at_once))

    @precondition(lambda self: self.came)
    @rule(data=st.data())
    def repeat_a_reply(self, data: st.DataObject) -> None:
        self.do("deliver", data.draw(st.sampled_from(self.came)))

    @precondition(lambda self: self.able.signed)
    @rule(data=st.data(), signature=st.sampled_from(["tampered", "missing"]))
    def reply_with_a_bad_signature(self, data: st.DataObject, signature: str) -> None:
        self.do("reply", data.draw(st.sampled_from(self.able.signed)), signature=signature)

    @precondition(lambda self: self.able.hooked and self.able.has("conversations"))
    @rule(data=st.data(), number=st.integers(2, 10))
    def first_replies(self, data: st.DataObject, number: int) -> None:
        self.do("first_replies", data.draw(st.sampled_from(self.able.hooked)), number)

    @precondition(lambda self: any(self.messages.get(channel) for channel in self.able.reported))
    @rule(data=st.data(), at_once=st.booleans(), soon=st.booleans(), number=st.integers(1, 3))
    def report(self, data: st.DataObject, at_once: bool, soon: bool, number: int) -> None:
        able = [channel for channel in self.able.reported if self.messages.get(channel)]
        channel = data.draw(st.sampled_from(able))
        sent = data.draw(st.sampled_from(self.messages[channel]))
        self.do("report", sent, *self._words(data, channel, number), at_once=at_once, soon=soon)

    @precondition(lambda self: "email" in self.able.reported and self.messages.get("email"))
    @rule(data=st.data(), number=st.integers(2, 4))
    def report_batch(self, data: st.DataObject, number: int) -> None:
        mails = self.messages["email"][-number:]
        self.do("report_batch", self._words(data, "email", 1)[0], *mails)

    @precondition(lambda self: self.able.reported and not self.holding)
    @rule(data=st.data(), number=st.integers(1, 3), at_once=st.booleans())
    def send_reported_early(self, data: st.DataObject, number: int, at_once: bool) -> None:
        channel = data.draw(st.sampled_from(self.able.reported))
        self.do("send_reported_early", channel, *self._words(data, channel, number), at_once=at_once)

    def _words(self, data: st.DataObject, channel: Channel, number: int) -> list[str]:
        """Reports that may contradict each other."""
        return [data.draw(st.sampled_from([*FINAL[channel], *PASSING[channel]])) for _ in range(number)]

    # disturbances

    @precondition(lambda self: self.able.calls_ours and any(True for _ in faults(self.able)))
    @rule(data=st.data(), count=st.integers(1, 4))
    def send_into_an_error(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            channel = data.draw(st.sampled_from(self.able.channels))
            self.do("send", channel, fault=data.draw(st.sampled_from(list(faults(self.able)))))

    @precondition(lambda self: self.able.calls_ours and self.able.has("retries"))
    @rule(data=st.data(), times=st.integers(1, 2))
    def provider_fails(self, data: st.DataObject, times: int) -> None:
        status = data.draw(st.sampled_from(self.able.profile.retries.statuses))
        self.do("provider_fails", status=status, times=times, retry_after=0)

    @precondition(lambda self: not self.holding and self.able.holds)
    @rule()
    def hold_the_worker(self) -> None:
        self.do("hold", "worker")
        self.holding = True

    @precondition(lambda self: self.holding)
    @rule()
    def release_the_worker(self) -> None:
        self.do("release", "worker")
        self.holding = False

    @precondition(lambda self: self.able.ours("worker") or self.able.ours("api"))
    @rule(data=st.data(), how=st.sampled_from(["kill", "terminate"]))
    def crash(self, data: st.DataObject, how: str) -> None:
        role = data.draw(st.sampled_from([role for role in ("worker", "api") if self.able.ours(role)]))
        self.do("crash", role, how)
        self.holding = self.holding and role != "worker"
        self.troubled = False

    @precondition(lambda self: self.able.places)
    @rule(data=st.data())
    def crash_at(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(self.able.places))
        self.do("crash_at", place, data.draw(st.sampled_from(self.able.channels)))
        self.holding = self.troubled = False

    @precondition(lambda self: self.able.scales)
    @rule()
    def scale(self) -> None:
        self.do("scale", 1)
        self.holding = self.troubled = False

    @precondition(lambda self: self.able.troubles and not self.troubled)
    @rule(data=st.data())
    def trouble(self, data: st.DataObject) -> None:
        self.do("trouble", *data.draw(st.sampled_from(self.able.troubles)))
        self.troubled = True

    @precondition(lambda self: self.troubled)
    @rule()
    def calm(self) -> None:
        self.do("calm")
        self.troubled = False

    @rule(within=st.sampled_from([0.1, 0.5]))
    def rest(self, within: float) -> None:
        self.do("rest", within)

    # the end

    def teardown(self) -> None:
        with self.open:
            program, self.program = self.program, None
            if program is not None and program.acts.done and type(self).ended(program) is not None:
                raise Enough
