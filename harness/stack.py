"""The stack as a scenario sees it: send, hold, disturb, wait, judge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from harness.checks.verdict import Verdict
from harness.client import ApiClient
from harness.deploy.driver import Driver
from harness.errors import CheckFailed, DeadlineExpired, ExpectationFailed, Inconclusive, Unobservable
from harness.expectations import Expectation, Progress, Scene, provider_called
from harness.facts import Facts
from harness.faults.gate import Gate, Gates
from harness.faults.hold import Hold, RoleControl
from harness.history import Event, Flow, History, key
from harness.history.story import last_words, tell
from harness.loop import Loop
from harness.messages import Message
from harness.probes.counters import Counters
from harness.probes.probe import Probe
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Profile
from harness.providers import ProviderControl, accepted_id
from harness.steps import step
from harness.tracked import TrackedFlow

Judge = Callable[[Verdict], None]
LOOK_AGAIN = 0.02
"""Seconds between two looks at counters, where nothing else tells."""


class Stack:
    """A deployed stack under observation; made by `harness.session.deployed`."""

    def __init__(
        self,
        *,
        profile: Profile,
        history: History,
        driver: Driver,
        loop: Loop,
        probes: Sequence[Probe],
        wire: WireProbe | None,
        client: ApiClient,
        providers: ProviderControl | None,
        counters: Counters | None,
        time_scale: float = 1.0,
    ) -> None:
        self.profile = profile
        self.history = history
        self.driver = driver
        self.loop = loop
        self.wire = wire
        self.api_client = client
        self.facts = Facts(history)
        self.holds: list[Hold] = []
        self.worker = RoleControl(self, "worker")
        self.api = RoleControl(self, "api")
        self.gates = Gates(self)
        self.on_verdict: Judge = lambda _: None
        self._probes = probes
        self._providers = providers
        self._counters = counters
        self._time_scale = time_scale
        self._sending = ThreadPoolExecutor(max_workers=64, thread_name_prefix="harness-send")
        self.flows: list[TrackedFlow] = []

    # sending and looking

    @step(lambda _, message, **__: f"send {message.type} {message.token}")
    def send(self, message: Message, *, idempotency_key: str | None = None) -> TrackedFlow:
        """Sends a message and waits for the API's answer, whatever it is."""
        flow = self._send(message, idempotency_key)
        with contextlib.suppress(Inconclusive):
            flow.answer()
        return flow

    @step(lambda _, message, **__: f"send {message.type} {message.token}, in the background")
    def sending(self, message: Message, *, idempotency_key: str | None = None) -> TrackedFlow:
        """Sends a message in the background, for when the API's answer is withheld; returns at once."""
        return self._send(message, idempotency_key)

    def _send(self, message: Message, idempotency_key: str | None) -> TrackedFlow:
        answer: Future[dict[str, Any]] = self._sending.submit(
            self.api_client.send, message, idempotency_key=idempotency_key
        )
        flow = TrackedFlow(self, message, answer)
        self.flows.append(flow)
        return flow

    @property
    def has_providers(self) -> bool:
        return self._providers is not None

    @property
    def providers(self) -> ProviderControl:
        """The mock providers; raises Unobservable where the stack uses none of ours."""
        if self._providers is None:
            raise Unobservable("this stack's providers are not ours to ask; set [providers] url in the profile")
        return self._providers

    @property
    def counters(self) -> Counters:
        """Redis' own counters of the streams; raises Unobservable where Redis can't be asked."""
        if self._counters is None:
            raise Unobservable("the stack's Redis can't be asked; set [queue] url in the profile")
        return self._counters

    def inbound(self, provider_id: str) -> Flow:
        """The flow of a message that came in, by its provider's id."""
        return Flow(self.history.flow(key("provider", provider_id)), name=provider_id)

    # waiting

    def seconds(self, within: float | None = None) -> float:
        """A time in seconds, scaled by the time factor; by default the profile's `[waits] within`."""
        return (self.profile.waits.within if within is None else within) * self._time_scale

    def settle(self) -> None:
        """Returns when all that has happened so far at every source is in the history."""

        async def all_probes() -> None:
            for probe in self._probes:
                await probe.settle()

        self.loop.run(all_probes())

    @property
    def current_hold(self) -> Hold | None:
        return self.holds[-1] if self.holds else None

    def begin(self) -> None:
        """Marks the beginning of a scenario: only messages sent from now on are waited for at quiescence."""
        self.flows = []

    @step(lambda *_, **__: "wait until the stack is at rest")
    def quiesce(self, *, within: float | None = None) -> None:
        """Waits until nothing more can happen to any message of this scenario.

        That is: each accepted message is at a terminal status, its entries are acknowledged and no provider call is in
        flight. Raises ExpectationFailed where nobody can bring that about, DeadlineExpired when it took too long.
        """
        seconds = self.seconds() if within is None else within
        waiting = list(self.flows)

        def look() -> str | None:
            waiting[:] = [flow for flow in waiting if self._unfinished(flow.now)]
            if not waiting:
                return "quiescent"
            reasons = [self._abandoned(flow.now) for flow in waiting]
            return reasons[0] if all(reasons) else None

        deadline = time.monotonic() + seconds
        while True:
            said = self.history.wait_until(look, deadline=deadline)
            self.settle()
            waiting = list(self.flows)
            again = look()
            if said is None or again == said:
                break  # what was said holds for the settled record too
        if not waiting:
            return
        flow = waiting[0]
        still = (
            f"{len(waiting)} of {len(self.flows)} messages are not finished; the first, {self._unfinished(flow.now)}"
        )
        story = f"{tell(flow.now.events)}\neach source last said:\n{last_words(self.history.events())}"
        if again is not None:
            raise ExpectationFailed(f"{again}; {still}\n{story}")
        raise DeadlineExpired(f"the stack didn't come to rest within {seconds:g} s: {still}\n{story}")

    @step(lambda _, flow, expectation, **__: f"wait for {expectation} of {flow.message.token}")
    def reaches(self, flow: TrackedFlow, expectation: Expectation, *, within: float | None = None) -> bool:
        """Waits for an expectation without judging it; False when it can't come any more, or didn't in time."""
        deadline = time.monotonic() + self.seconds(within)

        def look() -> Progress | None:
            progress = expectation.look(Scene(flow.now, self.facts, self.profile))
            return None if progress.state == "open" else progress

        while True:
            progress = self.history.wait_until(look, deadline=deadline)
            if progress is None or progress.state == "met":
                return progress is not None
            known = len(flow.now)
            self.settle()  # another source may just not have spoken yet
            if len(flow.now) == known:
                return False

    def called(self, flow: TrackedFlow) -> bool:
        """Waits until a provider has the message; False when that can't come."""
        return self.reaches(flow, provider_called())

    @step(lambda _, flow, **__: f"wait for the provider's id of {flow.message.token}")
    def provider_id(self, flow: TrackedFlow, *, within: float | None = None) -> str:
        """The id that the provider gave to a message; waits for it, and raises Unobservable when none accepts it."""

        def look() -> bool | None:
            now = flow.now
            return bool(now.accepted_calls) or self.at_rest(flow) or bool(self._abandoned(now)) or None

        self.history.wait_until(look, deadline=time.monotonic() + self.seconds(within))
        accepted = flow.now.accepted_calls
        return accepted_id(accepted[-1] if accepted else None)

    @step(lambda _, flow, **__: f"wait until {flow.message.token} is finished")
    def finished(self, flow: TrackedFlow, *, within: float | None = None) -> Flow:
        """The flow once nothing more can happen to it, or as far as it came; checks judge what it shows."""
        return self._finish(flow, time.monotonic() + self.seconds(within))

    @step(lambda _, flows, **__: f"wait until {len(flows)} messages are finished")
    def all_finished(self, flows: Sequence[TrackedFlow], *, within: float | None = None) -> list[Flow]:
        """Like `finished` for several messages, with one deadline for all."""
        deadline = time.monotonic() + self.seconds(within)
        return [self._finish(flow, deadline) for flow in flows]

    def _finish(self, flow: TrackedFlow, deadline: float) -> Flow:
        def look() -> bool | None:
            return True if self.at_rest(flow) or self._abandoned(flow.now) or self._overdue(flow.now) else None

        while True:
            # an overdue entry announces itself to nobody, so the wait also ends when it would be due
            due = time.monotonic() + self.seconds(self.profile.policy.queued_within)
            self.history.wait_until(look, deadline=min(deadline, due))
            self.settle()
            if look() or time.monotonic() >= deadline:
                return flow.now

    def _overdue(self, now: Flow) -> bool:
        """Accepted, never queued, and later than the profile allows: more waiting won't change the verdict."""
        allowed = self.seconds(self.profile.policy.queued_within)
        return bool(now.taken and not now.appends and time.monotonic() - now.taken.seen > allowed)

    def _abandoned(self, now: Flow) -> str | None:
        """Why nobody will bring a message on; None while a worker can, or while the API's part isn't done yet."""
        nobody = self.facts.no_consumer()
        if nobody is None or self.facts.gone("api"):
            return nobody
        answered = now.answers or self.facts.disturbed("api")
        return nobody if answered and (now.appends or not now.taken or self._overdue(now)) else None

    def counted_at_rest(self, stream: str, *, within: float | None = None) -> Event:
        """Redis' counters of a stream after its messages are finished.

        Where acknowledgements can't be seen, nothing tells when the last one has come: then it looks again until
        nothing is pending, or `within` seconds have passed.
        """
        counted = self.counters.count(stream)
        if not self.facts.unseen("queue.acked", since=len(self.history)):
            return counted
        deadline = time.monotonic() + self.seconds(within)
        while (counted.data.get("pending") or counted.data.get("lag")) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN)  # reason: counters announce themselves to nobody
            counted = self.counters.count(stream)
        return counted

    def at_rest(self, flow: TrackedFlow) -> bool:
        """Whether the record so far shows that nothing more can happen to a message."""
        now = flow.now
        return bool(now.answers) and not self._unfinished(now)

    def _unfinished(self, flow: Flow) -> str | None:
        """Why something may still happen to a message; None when nothing can."""
        if flow.requests and not flow.answers:
            return "its send has not been answered"
        if flow.answers and not flow.taken:
            return None
        name = flow.id or flow.name
        if flow.status not in self.profile.statuses.terminal:
            return f"{name}, is {flow.status or 'not stored'}"
        shown = self.profile.queue.group is not None and not self.facts.unseen("queue.acked", since=flow.events[0].seq)
        if shown and flow.open_entries:
            return f"{name}, has an entry that is not acknowledged"
        if flow.calls_in_flight:
            return f"{name}, has a provider call in flight"
        return None

    # judging

    @step(lambda _, *verdicts: f"judge {', '.join(dict.fromkeys(f'{v.name}: {v.outcome}' for v in verdicts))}")
    def judge(self, *verdicts: Verdict) -> None:
        """Records verdicts; raises CheckFailed or Inconclusive for the worst of them that is no pass."""
        for verdict in verdicts:
            self.on_verdict(verdict)
        worst = max(verdicts, key=lambda verdict: verdict.rank)
        if worst.outcome == "fail":
            raise CheckFailed(worst.story())
        if worst.outcome == "unknown":
            raise Inconclusive(worst.story())

    def wire_control(self) -> WireControl:
        """The wire's control; raises Unobservable where there is no wire."""
        if self.wire is None or self.wire.control is None:
            raise Unobservable("no wire stands between this stack and Redis")
        return self.wire.control

    @contextlib.contextmanager
    def answer_withheld(self) -> Iterator[Gate]:
        """Withholds Redis' answer to the API's XADD: the worker runs first, as far as it can."""
        with self.gates.close("api", "XADD", side="answer") as gate:
            yield gate

    def close(self) -> None:
        """Ends the observation; the deployment is stopped by its own driver."""
        self._sending.shutdown(wait=False, cancel_futures=True)
        self.api_client.close()
        if self._providers is not None:
            self._providers.close()
        if self._counters is not None:
            self._counters.close()
