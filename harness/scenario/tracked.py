"""A flow that a scenario can wait on: `expect`, `expect_none`, `settled`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from harness.checks.sync_processing_disabled import somebody_else
from harness.checks.verdict import passed
from harness.errors import DeadlineExpired, ExpectationFailed, HarnessError, Inconclusive
from harness.history import Event, Flow, key
from harness.history.story import brief, last_words, tell
from harness.scenario.expectations import Expectation, Progress, Scene
from harness.scenario.messages import Message
from harness.scenario.steps import step
from harness.scenario.waiting import Waiting

E = TypeVar("E", bound=HarnessError)

OURS = f"{Path(__file__).parents[1]}{os.sep}"
"""How the names of our own files begin: who looks from there is no test."""
EXPECTED = "expectations"


def listed(expectations: Sequence[Expectation]) -> str:
    return ", ".join(map(str, expectations))


class FollowedFlow:
    """Everything that happens to one message, as it happens; `name` is what it is called: its id, say, or its token."""

    def __init__(self, waiting: Waiting, *, key: str, name: str, channel: str = "message") -> None:
        self._waiting = waiting
        self._channel = channel
        self.key = key
        self.name = name
        self.looked: tuple[float, int] | None = None
        """When a test looked at it last (Unix seconds), and how many events of the run were recorded by then."""

    @property
    def now(self) -> Flow:
        """The flow as recorded so far."""
        history = self._waiting.history
        if not sys._getframe(1).f_code.co_filename.startswith(OURS):
            self.looked = time.time(), len(history)
        return Flow(history.flow(self.key), name=self.name)

    @property
    def id(self) -> str:
        """The stack's id of the message; raises Inconclusive where nobody has said it."""
        known = self.now.id
        if not known:
            raise Inconclusive(f"nothing that is recorded names an id of {self.name}")
        return known

    @step(lambda _, *expectations, **__: f"expect {', '.join(map(str, expectations))}")
    def expect(self, *expectations: Expectation, within: float | None = None) -> Flow:
        """Waits until all expectations are met, in whatever order; what already happened counts.

        Raises ExpectationFailed as soon as one can't be met any more, DeadlineExpired after `within` seconds
        (default: the profile's), Inconclusive where this stack will never show it.
        """
        seconds = self._waiting.seconds(within)
        deadline = time.monotonic() + seconds
        waited = [e for e in expectations if not e.at_quiescence]
        final = [e for e in expectations if e.at_quiescence]
        self._await(expectations, deadline=deadline, seconds=seconds)
        if final:
            self._waiting.quiesce(within=max(0.0, deadline - time.monotonic()) / self._waiting.scale)
            self._judge(final)
        self._judge(waited)
        stands = self._look(expectations)
        met = [event for _, p in stands for event in p.witnesses]
        self._waiting.on_verdict(passed(EXPECTED, f"{listed(expectations)} of a message", "met", met))
        return self.now

    def _await(self, expectations: Sequence[Expectation], *, deadline: float, seconds: float) -> None:
        settled_at = -1

        def look() -> list[tuple[Expectation, Progress]] | None:
            nonlocal settled_at
            stands = self._look(expectations)
            if all(p.state == "met" for _, p in stands):
                return stands
            if any(p.state in ("impossible", "unknowable") for _, p in stands):
                if settled_at != len(self._waiting.history):
                    # another source may just not have spoken yet
                    self._waiting.settle()
                    settled_at = len(self._waiting.history)
                    return look()
                return stands
            return None

        stands = self._waiting.history.wait_until(look, deadline=deadline)
        if stands is None:
            self._waiting.settle()
            stands = self._look(expectations)
            if not all(p.state == "met" for _, p in stands):
                raise self._error(DeadlineExpired, stands, f"not all of it came within {seconds:g} s")
        self._raise_if_refuted(stands)

    def _look(self, expectations: Sequence[Expectation]) -> list[tuple[Expectation, Progress]]:
        scene = Scene(self.now, self._waiting.facts, self._waiting.profile)
        return [(e, e.look(scene)) for e in expectations]

    def _judge(self, expectations: Sequence[Expectation]) -> None:
        self._raise_if_refuted(self._look(expectations))

    def _raise_if_refuted(self, stands: list[tuple[Expectation, Progress]]) -> None:
        if any(p.state == "impossible" for _, p in stands):
            raise self._error(ExpectationFailed, stands, "the record refutes it")
        if any(p.state == "unknowable" for _, p in stands):
            raise self._error(Inconclusive, stands, "the record can't show it")

    @step(lambda _, *expectations: f"expect none of {', '.join(map(str, expectations))}")
    def expect_none(self, *expectations: Expectation) -> None:
        """Nothing of this kind may have happened, nor happen for as long as the hold lasts.

        Inside a hold the claim stands until the hold ends and is judged again then; outside one it is judged at
        quiescence. Raises ExpectationFailed with the event that broke it.
        """
        hold = self._waiting.holds[-1] if self._waiting.holds else None
        if hold is None:
            self._waiting.quiesce()
        else:
            hold.standing.append(lambda: self._refuse(expectations))
        self._waiting.settle()
        self._refuse(expectations)
        flow = self.now
        hidden = self._waiting.facts.unseen(*(e.kind for e in expectations), since=flow.events[0].seq if flow else 0)
        if hidden is not None:
            raise self._error(Inconclusive, self._look(expectations), f"not all was seen: {hidden}")
        # the witness of an absence is what was recorded until every source had been read to its end
        claim, until = f"no {listed(expectations)} of a message", flow.events[-1:]
        if until:
            self._waiting.on_verdict(passed(EXPECTED, claim, "none until every source was read to its end", until))

    def _refuse(self, expectations: Sequence[Expectation]) -> None:
        broken = [(e, p) for e, p in self._look(expectations) if p.state == "met"]
        if not broken:
            return
        lasting = [w for w in self._waiting.facts.windows("hold", target="worker") if w.ended is None]
        other = somebody_else(self._waiting.history, self.now, lasting[-1]) if lasting else None
        if other:
            raise self._error(Inconclusive, broken, f"it happened while the workers were held, but {other}")
        raise self._error(ExpectationFailed, broken, "it must not have happened")

    def _error(self, kind: type[E], stands: list[tuple[Expectation, Progress]], headline: str) -> E:
        error = kind(self._report(stands, headline))
        error.witnesses = tuple(event for _, p in stands for event in p.witnesses)
        return error

    def _report(self, stands: list[tuple[Expectation, Progress]], headline: str) -> str:
        """The story of a failure: what was expected, the flow so far, near misses, what each source last said."""
        flow = self.now
        witnesses = [event for _, p in stands for event in p.witnesses]
        lines = [f"{self._channel} {flow.id or self.name}: {headline}", "expected:"]
        marks = {"met": "✓", "open": "…", "impossible": "✗", "unknowable": "?"}
        lines += [f"  {marks[p.state]} {e}" + (f": {p.why}" if p.why else "") for e, p in stands]
        lines += ["the flow so far (» witnesses):", tell(flow.events, witnesses=witnesses)]
        misses = self._nearest_misses([e for e, p in stands if p.state != "met"], flow)
        if misses:
            lines += ["nearest misses (same kind, another message):", *misses]
        lines += ["each source last said:", last_words(self._waiting.history.events())]
        return "\n".join(lines)

    def _nearest_misses(self, missing: Sequence[Expectation], flow: Flow) -> list[str]:
        start = flow.events[0].seq if flow.events else 0
        mine = {event.seq for event in flow.events}
        kinds = {e.kind for e in missing}
        others: list[Event] = [
            event for event in self._waiting.history.events(*kinds, after=start) if event.seq not in mine and kinds
        ]
        return [f"  {event.kind:<18} {event.message_id or ''} {brief(event)}"[:110] for event in others[-3:]]


class TrackedFlow(FollowedFlow):
    """A flow that a scenario began, by sending the message."""

    def __init__(self, waiting: Waiting, message: Message, answer: Future[dict[str, Any]]) -> None:
        super().__init__(waiting, key=key("token", message.token), name=message.token, channel=message.type)
        self._answer = answer
        answer.add_done_callback(lambda _: waiting.history.wake())
        self.message = message

    @property
    def answered(self) -> bool:
        """Whether its send has come to its end, with an answer or without one."""
        return self._answer.done()

    def when_answered(self, tell: Callable[[], object]) -> None:
        """Calls `tell` once its send has come to its end, in whatever thread learns of that."""
        self._answer.add_done_callback(lambda _: tell())

    def answer(self) -> dict[str, Any]:
        """The API's answer, {"status", "body"}; waits for it, and raises Inconclusive where it never came."""
        # waited for in the record, so that whatever ends the run ends it too; the client's own limit does at the latest
        self._waiting.history.wait_until(lambda: self.answered or None, deadline=inf)
        return self._answer.result()

    @property
    def id(self) -> str:
        """The stack's id of the message; waits for the API's answer where nobody else has said it."""
        known = self.now.id
        if known:
            return known
        body = self.answer().get("body")
        found = body.get("id") if isinstance(body, dict) else None
        if not found:
            raise Inconclusive(f"the API's answer names no id: {str(body)[:200]}")
        return str(found)
