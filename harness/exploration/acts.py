"""What a generated program can do to a stack, a line each: nothing waits for an answer unless it says so."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal

from harness.deploy.driver import Role
from harness.errors import Inconclusive
from harness.exploration.conclusion import conclude
from harness.exploration.done import Came, Done, Sent
from harness.probes.probe import new_token
from harness.profile.base import Channel
from harness.profile.claims import claimed
from harness.scenario.expectations import provider_called
from harness.scenario.messages import Message, message, new_address, new_number
from harness.scenario.providers import accepted_id
from harness.scenario.replies import deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.wrong_sends import wrong_sends

Place = Literal["append", "appended", "call", "finish", "finished"]
AT_GATE_S = 3.0
"""Seconds in which a message comes to a gate, or won't."""
ACCEPTED_S = 5.0
"""Seconds in which a provider accepts a message, or nothing is reported about it."""


class Acts:
    """One program on one stack; made by `acting`."""

    def __init__(self, stack: Stack) -> None:
        stack.begin()
        self.stack = stack
        self.done = Done(since=len(stack.history))
        self._run = secrets.token_hex(4)
        self._holds: dict[Role, contextlib.ExitStack] = {}
        self._faults = contextlib.ExitStack()
        self._troubles = contextlib.ExitStack()
        self._workers = stack.worker.names

    # sending

    def send(
        self,
        channel: Channel,
        body: str = "hello",
        *,
        key: str | None = None,
        fault: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Sent:
        """Sends a message in the background; `fault` is what its provider does to the calls for it."""
        sent = message(channel, body, **more)
        if fault:
            self._faults.enter_context(self.stack.providers.fault({"to": sent.to}, **fault))
        return self._sending(sent, key and f"{key}-{self._run}", fault)

    def again(self, sent: Sent, body: str | None = None) -> Sent:
        """The same send once more with its key, at once; `body` makes it another message under that key."""
        before = sent.message
        other = message(before.type, body, to=before.to) if body is not None else before
        return self._sending(other, sent.key, None)

    def _sending(self, message: Message, key: str | None, fault: Mapping[str, Any] | None) -> Sent:
        sent = Sent(message, self.stack.sending(message, idempotency_key=key), key, fault)
        self.done.sent.append(sent)
        return sent

    def invalid(self, channel: Channel, what: str) -> None:
        """A send that is no message must be refused with a 4xx, while nothing of ours keeps the stack from that."""
        right = message(channel)
        body = dict(wrong_sends(self.stack, right)).get(what)
        if body is None:
            return  # a send of this stack doesn't say that
        with contextlib.suppress(Inconclusive):  # nobody may be there to answer
            self.stack.api_client.send(right, body=body, operation="wrong send")
        self.done.wrong[right.token] = what

    def rest(self, within: float = AT_GATE_S) -> None:
        """Waits until what was sent so far is at rest, so many seconds at most."""
        self.stack.history.wait_until(
            lambda: all(self.stack.at_rest(sent.flow) for sent in self.done.sent) or None,
            deadline=time.monotonic() + within,
        )

    # what providers say

    def report(
        self, sent: Sent, *statuses: str, at_once: bool = False, soon: bool = False, signature: str | None = None
    ) -> None:
        """Reports about a message, in this order or all at once; nothing where no provider has taken it.

        They come once the message is at rest, or as `soon` as it was called.
        """
        if self._waits_to_be_reported(sent, soon=soon):
            accepted = sent.flow.now.accepted_calls
            self._report(sent.message.type, accepted_id(accepted[-1]), statuses, at_once=at_once, signature=signature)

    def _waits_to_be_reported(self, sent: Sent, *, soon: bool = False) -> bool:
        """Waits until a message can be reported about; False where no provider has taken it."""

        def look() -> bool | None:
            return bool(soon and sent.flow.now.accepted_calls) or self.stack.at_rest(sent.flow) or None

        if not self._holds or sent.flow.now.accepted_calls:  # else nobody will call a provider now
            self.stack.history.wait_until(look, deadline=time.monotonic() + ACCEPTED_S)
        return bool(sent.flow.now.accepted_calls)

    def report_batch(self, status: str, *sent: Sent) -> None:
        """One batch of events, in which each mail that its provider has taken is told of."""
        accepted = [one.flow.now.accepted_calls[-1:] for one in sent if self._waits_to_be_reported(one)]
        events = [{"message": accepted_id(one), "event": status} for ones in accepted for one in ones]
        if events:
            with contextlib.suppress(Inconclusive):
                self.stack.providers.email_events(events)

    def send_reported_early(self, channel: Channel, *statuses: str, at_once: bool = False) -> Sent:
        """A message whose provider reports before it has answered the call."""
        made = message(channel)
        with self.stack.providers.gate({"to": made.to}) as gate:
            sent = self._sending(made, None, None)
            if not self._holds and self.stack.reaches(sent.flow, provider_called(), within=ACCEPTED_S):
                for provider_id in gate.withheld(within=AT_GATE_S):
                    self._report(channel, provider_id, statuses, at_once=at_once, signature=None)
        return sent

    def _report(
        self, channel: Channel, provider_id: str, statuses: tuple[str, ...], *, at_once: bool, signature: str | None
    ) -> None:
        more: dict[str, Any] = {"signature": signature} if signature else {}
        report = partial(self.stack.providers.report, channel, provider_id, **more)
        self._deliver([partial(report, status) for status in statuses], at_once=at_once)

    def reply(
        self,
        channel: Channel,
        body: str = "a reply",
        *,
        times: int = 1,
        at_once: bool = False,
        signature: str | None = None,
    ) -> Came:
        """A reply, delivered so many times, one after the other or at once."""
        sender = new_address() if channel == "email" else new_number()
        token = new_token()
        name = f"<{token[1:]}@example.com>" if channel == "email" else "SM" + secrets.token_hex(16)
        came = Came(channel, name, sender, f"{body} {token}")
        self.done.came.append(came)
        self.deliver(came, times=times, at_once=at_once, signature=signature)
        return came

    def deliver(self, came: Came, *, times: int = 1, at_once: bool = False, signature: str | None = None) -> None:
        """The same reply again."""
        more: dict[str, Any] = {"signature": signature} if signature else {}

        def once(**also: Any) -> Mapping[str, Any]:
            if came.channel == "email":
                known = {"sender": came.sender, "text": came.body, "message_id": came.provider_id}
                return deliver_mail(self.stack, **known, **more, **also)
            return deliver_text(self.stack, sender=came.sender, body=came.body, sid=came.provider_id, **more, **also)

        answers = self._deliver([once] * times, at_once=at_once)
        if signature:
            came.spoilt += [answer.get("status") for answer in answers]
        else:
            came.good += times

    def first_replies(self, channel: Channel, number: int) -> None:
        """So many first messages of one pair, at once."""
        sender = new_address() if channel == "email" else new_number()
        self.done.pairs.append((channel, sender, number))

        def one(**also: Any) -> Mapping[str, Any]:
            if channel == "email":
                return deliver_mail(self.stack, sender=sender, **also)
            return deliver_text(self.stack, sender=sender, **also)

        self._deliver([one] * number, at_once=True)

    def _deliver(self, deliveries: list[Callable[..., Mapping[str, Any]]], *, at_once: bool) -> list[Mapping[str, Any]]:
        """Their answers; those that didn't come are left out."""
        together = {"at_once": self.stack.providers.at_once(len(deliveries))} if at_once and deliveries[1:] else {}

        def one(deliver: Callable[..., Mapping[str, Any]]) -> Mapping[str, Any]:
            with contextlib.suppress(Inconclusive):
                return deliver(**together)
            return {}

        if not together:
            return [found for deliver in deliveries if (found := one(deliver))]
        with ThreadPoolExecutor(len(deliveries)) as pool:
            return [found for found in pool.map(one, deliveries) if found]

    # disturbances

    def provider_fails(self, **fault: Any) -> None:
        """What the providers do to the next calls, whoever makes them."""
        self._faults.enter_context(self.stack.providers.fault({}, **fault))

    def hold(self, role: Role = "worker") -> None:
        """Stops the processes of a role until `release`, or the end."""
        if role not in self._holds:
            holding = contextlib.ExitStack()
            holding.enter_context(self.stack.role(role).held(quiescent=False))
            self._holds[role] = holding

    def release(self, role: Role = "worker") -> None:
        holding = self._holds.pop(role, None)
        if holding is not None:
            holding.close()

    def crash(self, role: Role = "worker", how: Literal["kill", "terminate"] = "kill") -> None:
        """Ends the processes of a role and starts them again, once nothing is wrong with what they need."""
        self.release(role)
        self.done.ended = True
        ends = self.stack.role(role)
        before = len(ends.names)
        getattr(ends, how)()
        self._start_again(role, before)

    def crash_at(self, place: Place, channel: Channel, body: str = "hello") -> Sent:
        """Sends a message, kills who has it in hand at this place, and starts it again.

        `append`: before Redis is told of it; `appended`: before the API hears so; `call`: before the worker hears the
        provider; `finish`: before Redis is told that it is done; `finished`: before the worker hears so.
        """
        role: Role = "api" if place in ("append", "appended") else "worker"
        self.release(role)
        made = message(channel, body)
        with contextlib.ExitStack() as open_ones:
            if place == "call":
                at = open_ones.enter_context(self.stack.providers.gate({"to": made.to}))
                sent = self._sending(made, None, None)
                called = self.stack.reaches(sent.flow, provider_called(), within=AT_GATE_S)
                there = called and bool(at.withheld(within=AT_GATE_S))
            else:
                queue = self.stack.profile.queue
                command = queue.append_commands if role == "api" else queue.finish_commands
                side: Literal["answer", "command"] = "command" if place in ("append", "finish") else "answer"
                gate = open_ones.enter_context(self.stack.gates.close(role, command, side=side))
                sent = self._sending(made, None, None)
                there = gate.reached(sent.flow, within=AT_GATE_S) is not None
            before = len(self.stack.role(role).names)
            if there:
                self.done.ended = True
                self.stack.role(role).kill()
        if there:
            self._start_again(role, before)
        return sent

    def _start_again(self, role: Role, before: int) -> None:
        """Starts a role after its end: as many as the profile says, or as there were where only a namesake takes up."""
        enough = claimed(self.stack.profile, "takeover") is True
        self._start(role, count=None if enough else before or None)

    def _start(self, role: Role, *, count: int | None = None) -> None:
        """Starts processes, which may need all that was taken away to come up."""
        self.calm()
        self.stack.role(role).start(count=count)

    def scale(self, count: int = 1) -> None:
        """Starts so many workers more; at the end there are as many as before."""
        self.release("worker")
        self._start("worker", count=count)

    def trouble(self, fault: str, *given: Any, **more: Any) -> None:
        """A fault of `stack.faults`, until `calm` or the end: `trouble("cut", "worker", "redis")`."""
        made = getattr(self.stack.faults, fault)(*given, **more)
        if made is not None:  # else it is over already
            self._troubles.enter_context(made)
        self.done.ended = True

    def calm(self) -> None:
        """Heals what `trouble` has brought about."""
        self._troubles.close()

    # the end

    def conclude(self, *, within: float | None = None) -> None:
        """Lets everything go, waits for rest, and judges.

        Raises CheckFailed, or Inconclusive where it can't be told.
        """
        self._let_go()
        conclude(self.stack, self.done, within=within)

    def close(self) -> None:
        """Takes back all that disturbs, and gives the stack the workers that it had."""
        self._let_go()
        self._faults.close()
        if sorted(self.stack.worker.names) != sorted(self._workers):
            self.stack.worker.terminate()
            self.stack.worker.start()

    def _let_go(self) -> None:
        self.calm()
        for role in list(self._holds):
            self.release(role)


@contextlib.contextmanager
def acting(stack: Stack) -> Iterator[Acts]:
    """One program's acts; whatever disturbs is taken back at the end of the block."""
    acts = Acts(stack)
    try:
        yield acts
    finally:
        acts.close()
