"""The stack as a scenario sees it: send, hold, disturb, wait, judge."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from harness.checks.lacking import refusal
from harness.checks.verdict import Verdict
from harness.deploy.driver import Driver
from harness.errors import CheckFailed, Inconclusive, Unobservable, UsageError
from harness.history import Event, Flow, History, key
from harness.history.facts import Facts
from harness.loop import Loop
from harness.probes.counters import Counters
from harness.probes.probe import Probe
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Profile
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.scenario.client import ApiClient
from harness.scenario.expectations import Expectation, Progress, Scene, provider_called
from harness.scenario.faults import Faults
from harness.scenario.gates import Gate, Gates
from harness.scenario.holds import Hold, RoleControl
from harness.scenario.messages import Message, message
from harness.scenario.planting import Planting
from harness.scenario.providers import ProviderControl, accepted_id
from harness.scenario.steps import step
from harness.scenario.tracked import FollowedFlow, TrackedFlow
from harness.scenario.waiting import Followed, Waiting

Judge = Callable[[Verdict], None]
LOOK_AGAIN = 0.02
"""Seconds between two looks at counters, where nothing else tells."""


@dataclass(frozen=True)
class Reply:
    """A message that came in, as far as it is recorded; named by its provider's id."""

    history: History
    provider_id: str

    @property
    def now(self) -> Flow:
        return Flow(self.history.flow(key("provider", self.provider_id)), name=self.provider_id)


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
        self.waiting = Waiting(history=history, profile=profile, read=self._read, scale=time_scale)
        self.worker = self.role("worker")
        self.api = self.role("api")
        self.gates = Gates(waiting=self.waiting, wire=wire, loop=loop)
        self.faults = Faults(waiting=self.waiting, driver=driver, loop=loop, wire=wire)
        self.planting = Planting(waiting=self.waiting, driver=driver, worker=self.worker)
        self._probes = probes
        self._providers = providers
        self._counters = counters
        self._sending = ThreadPoolExecutor(max_workers=64, thread_name_prefix="harness-send")
        self._began = 0
        self._takes_messages = False
        self.scenario = ""
        self.flows: list[TrackedFlow] = []
        self.followed: list[Followed] = []
        """Every message of the run."""
        self.open: list[tuple[str, Verdict]] = []
        """What more of the record may refute, with the scenario's name: what was undecided, or rests on an absence."""
        self._open_before = 0

    def role(self, name: str) -> RoleControl:
        """What can be done to the processes of a role, whatever the profile calls it."""
        return RoleControl(name, waiting=self.waiting, driver=self.driver, loop=self.loop)

    def begin(self, scenario: str = "") -> None:
        """Marks the beginning of a scenario: only messages sent from now on are waited for at quiescence."""
        self.scenario = scenario
        self._began = len(self.history)
        self._open_before = len(self.open)
        self.flows = []
        self.waiting.begin()

    def over(self) -> str | None:
        """Ends a scenario: which of its disturbances didn't happen; then nothing of it is judged again either.

        What was refused while something of ours was on is tried again here, where nothing is: raises UsageError where
        the stack takes no message at all.
        """
        if not self._takes_messages and self.flows and not self.facts.keeps_waiting():
            self._try_others(next((flow for flow in self.flows if flow.now.acceptance), self.flows[-1]))
        unmet = self.unmet()
        if unmet:
            del self.open[self._open_before :]
        return unmet

    @property
    def on_verdict(self) -> Judge:
        """Told of each verdict of the scenario that runs."""
        return self.waiting.on_verdict

    @on_verdict.setter
    def on_verdict(self, judge: Judge) -> None:
        self.waiting.on_verdict = judge

    # sending and looking

    @property
    def channel(self) -> Channel:
        """A channel that the profile doesn't deny, texts first: for what is asked of messages of any kind."""
        return next((channel for channel in CHANNELS if claimed(self.profile, channel) is not False), CHANNELS[0])

    def message(self, body: str = "hello", **more: Any) -> Message:
        """A message of a channel that the stack has, to a recipient of its own; its body gets the token at its end."""
        return message(self.channel, body, **more)

    @step(lambda _, message, **__: f"send {message.type} {message.token}")
    def send(self, message: Message, *, idempotency_key: str | None = None) -> TrackedFlow:
        """Sends a message and waits for the API's answer, whatever it is.

        While workers are held no longer than any wait; the send goes on in the background, since an API that waits for
        them answers once the hold ends.
        """
        flow = self._send(message, idempotency_key)
        if self.facts.disturbed("hold", target="worker"):
            self.waiting.until(lambda: flow.answered or None, what="answer while the workers are held")
        else:
            with contextlib.suppress(Inconclusive):
                flow.answer()
        if not self._takes_messages and not self._kept_waiting(flow.now):
            self._try_others(flow)
        return flow

    def _kept_waiting(self, flow: Flow) -> bool:
        """Whether a message got no answer, or an error, while something of ours was on: it may wait for just that."""
        said = flow.answers[-1].data.get("status") if flow.answers else None
        return self.facts.keeps_waiting() and (said is None or said >= 500)

    def _try_others(self, flow: TrackedFlow) -> None:
        """Ends the run when the stack takes no message at all: nothing could be judged of it.

        A first send that was refused may have been meant to be; one plain message of each channel tells. Raises
        UsageError with what the stack answered.
        """
        plain = (message(channel) for channel in CHANNELS if claimed(self.profile, channel) is not False)
        while not flow.now.acceptance:
            refused = refusal(flow.now)
            another = next(plain, None)
            if another is None:
                send = self.profile.send.of(flow.message.type)
                what = f"{send.method} {send.path}"
                raise UsageError(f"the stack takes no message ({what}): {refused}; mend the stack, or [send]")
            flow = self._send(another, None)
            with contextlib.suppress(Inconclusive):
                flow.answer()
        self._takes_messages = True

    @step(lambda _, message, **__: f"send {message.type} {message.token}, in the background")
    def sending(self, message: Message, *, idempotency_key: str | None = None) -> TrackedFlow:
        """Sends a message in the background, for when the API's answer is withheld; returns at once."""
        return self._send(message, idempotency_key)

    def _send(self, message: Message, idempotency_key: str | None) -> TrackedFlow:
        answer: Future[dict[str, Any]] = self._sending.submit(
            self.api_client.send, message, idempotency_key=idempotency_key
        )
        flow = TrackedFlow(self.waiting, message, answer)
        self.flows.append(flow)
        self.followed.append(flow)
        self.waiting.flows.append(flow)
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
        if self.profile.queue.base == "none":
            raise Unobservable('the queue isn\'t in Redis ([queue] kind = "none"), so nobody here counts what waits')
        if self._counters is None:
            raise Unobservable("the stack's Redis can't be asked; set [queue] url in the profile")
        return self._counters

    def reply(self, provider_id: str) -> Reply:
        """A message that came in, by its provider's id; `finished` waits until it is stored."""
        reply = Reply(self.history, provider_id)
        if reply not in self.followed:
            self.followed.append(reply)
        return reply

    def follow(self, name: str) -> FollowedFlow:
        """A message that was sent by other means, by the stack's id of it, its token, or its provider's id.

        What is recorded of it counts, also from before; nothing need be yet.
        """
        keys = [key(space, name) for space in ("message", "token", "provider")]
        known = next((one for one in keys if self.history.flow(one)), keys[0])
        return FollowedFlow(self.waiting, key=known, name=name)

    def inbound(self, provider_id: str) -> Flow:
        """The flow of a message that came in, by its provider's id, as it stands."""
        return self.reply(provider_id).now

    # waiting

    def seconds(self, within: float | None = None) -> float:
        """A time in seconds, scaled by the time factor; by default the profile's `[waits] within`."""
        return self.waiting.seconds(within)

    def _read(self) -> None:
        async def all_probes() -> None:
            for probe in self._probes:
                await probe.settle()

        self.loop.run(all_probes())

    def settle(self) -> None:
        """Returns when all that has happened so far at every source is in the history."""
        self.waiting.settle()

    @property
    def current_hold(self) -> Hold | None:
        hold = self.waiting.holds[-1] if self.waiting.holds else None
        return hold if isinstance(hold, Hold) else None

    @step(lambda *_, **__: "wait until the stack is at rest")
    def quiesce(self, *, within: float | None = None) -> None:
        """Waits until nothing more can happen to any message of this scenario.

        That is: nothing is owed to any of them, and every source was read to its end after that. Raises
        ExpectationFailed where nobody can bring that about, DeadlineExpired when it took too long.
        """
        self.waiting.quiesce(within=within)

    @step(lambda _, flow, expectation, **__: f"wait for {expectation} of {flow.name}")
    def reaches(self, flow: FollowedFlow, expectation: Expectation, *, within: float | None = None) -> bool:
        """Waits for an expectation without judging it; False when it can't come any more, or didn't in time."""

        def look() -> Progress | None:
            progress = expectation.look(Scene(flow.now, self.facts, self.profile))
            return None if progress.state == "open" else progress

        while True:
            progress = self.waiting.until(look, what=str(expectation), within=within)
            if progress is None or progress.state == "met":
                return progress is not None
            known = len(flow.now)
            self.settle()  # another source may just not have spoken yet
            if len(flow.now) == known:
                return False

    def called(self, flow: FollowedFlow) -> bool:
        """Waits until a provider has the message; False when that can't come."""
        return self.reaches(flow, provider_called())

    @step(lambda _, flow, **__: f"wait for the provider's id of {flow.name}")
    def provider_id(self, flow: FollowedFlow, *, within: float | None = None) -> str:
        """The id that the provider gave to a message; waits for it, and raises Unobservable when none accepts it."""

        def look() -> bool | None:
            now = flow.now
            return bool(now.accepted_calls) or self.at_rest(flow) or bool(self.waiting.abandoned(now)) or None

        self.waiting.until(look, what="provider id", within=within)
        accepted = flow.now.accepted_calls
        return accepted_id(accepted[-1] if accepted else None)

    @step(lambda *_, **__: "wait until a message is finished")
    def finished(self, flow: Followed, *, within: float | None = None) -> Flow:
        """The flow once nothing more can happen to it, or as far as it came; checks judge what it shows."""
        return self.waiting.finished([flow], within=within)[0]

    @step(lambda _, flows, **__: f"wait until {len(flows)} messages are finished")
    def all_finished(self, flows: Sequence[Followed], *, within: float | None = None) -> list[Flow]:
        """Like `finished` for several messages: one deadline, and all as the record stands when it ends."""
        return self.waiting.finished(flows, within=within)

    def looked(self, *flows: Followed) -> Event:
        """Redis' own look at the entries of some messages of one stream: whether each stands there and is pending."""
        counters = self.counters
        entries = [event for flow in flows for event in flow.now.appends if not event.data.get("dead")]
        streams = list(dict.fromkeys(str(event.data["stream"]) for event in entries))
        stream = streams[0] if streams else next(iter(self.profile.queue.streams.values()))
        ids = [str(event.data["id"]) for event in entries if event.data["stream"] == stream]
        return counters.look(stream, list(dict.fromkeys(ids)))

    def looked_at_rest(self, *flows: Followed) -> Event:
        """The same once their entries are finished as the profile says, or have had their time to be."""
        self.waiting.finished(flows)
        queue = self.profile.queue
        gone = queue.leaves or queue.deletes
        matters = [name for name, said in (("pending", queue.acknowledges), ("present", gone)) if said]
        began = time.monotonic()
        whole = self.waiting.patience.of("finished entry", self.seconds(self.profile.policy.finished_within))
        while True:
            look = self.looked(*flows)
            left = [one for one in look.data["entries"].values() if any(one.get(name) for name in matters)]
            if not left or time.monotonic() - began >= whole:
                break
            time.sleep(LOOK_AGAIN)  # reason: counters announce themselves to nobody
        self.settle()  # what these have finished may not have been told yet
        told = self.waiting.patience.in_vain if left else self.waiting.patience.paid
        told(["finished entry"], time.monotonic() - began)
        return look

    def count(self) -> None:
        """Records Redis' counters of every work stream, where it can be asked, and all that was done before that."""
        for stream in dict.fromkeys(self.profile.queue.streams.values()):
            with contextlib.suppress(Inconclusive):
                self.counters.count(stream)
        self.settle()

    def at_rest(self, flow: Followed) -> bool:
        """Whether the record so far shows that nothing more can happen to a message."""
        return self.waiting.at_rest(flow)

    # judging

    @step(lambda _, *verdicts: f"judge {', '.join(dict.fromkeys(f'{v.name}: {v.outcome}' for v in verdicts))}")
    def judge(self, *verdicts: Verdict) -> None:
        """Records verdicts; raises CheckFailed or Inconclusive for the worst of them that is no pass."""
        verdicts = tuple(map(self._told_brief, verdicts))
        for verdict in verdicts:
            self.on_verdict(verdict)
            if verdict.again is not None and (verdict.outcome == "unknown" or verdict.absent):
                self.open.append((self.scenario, verdict))
        worst = max(verdicts, key=lambda verdict: verdict.rank)
        if worst.outcome == "fail":
            raise CheckFailed(worst.story())
        if worst.outcome == "unknown":
            raise Inconclusive(worst.story())

    def _told_brief(self, verdict: Verdict) -> Verdict:
        """A verdict that asks for a longer wait, with what is known of one that was cut short."""
        cut = self.waiting.cut if "[waits] within" in verdict.remedy else ""
        if not cut:
            return verdict
        more = f" ({cut})"
        asked = verdict.asked and replace(verdict.asked, more=more)
        return replace(verdict, reason=f"{verdict.reason}{more}", asked=asked)

    def unmet(self) -> str | None:
        """Which disturbance of this scenario didn't happen; None where all did, so that its passes count."""
        return self.facts.unmet(after=self._began)

    def wire_control(self) -> WireControl:
        """The wire's control; raises Unobservable where there is no wire."""
        if self.wire is None or self.wire.control is None:
            raise Unobservable("no wire stands between this stack and Redis")
        return self.wire.control

    @contextlib.contextmanager
    def answer_withheld(self) -> Iterator[Gate]:
        """Withholds Redis' answer to the API's append: the worker runs first, as far as it can."""
        with self.gates.close("api", self.profile.queue.append_commands, side="answer") as gate:
            yield gate

    def close(self) -> None:
        """Ends the observation; the deployment is stopped by its own driver."""
        self._sending.shutdown(wait=False, cancel_futures=True)
        self.api_client.close()
        if self._providers is not None:
            self._providers.close()
        if self._counters is not None:
            self._counters.close()
