"""A Hypothesis state machine over everything that can happen to a messaging stack; each rule is a line of a scenario.

A failure prints the shrunk program as a scenario that can be pasted, and keeps its history.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from harness.errors import CheckFailed, HarnessError, Unobservable
from harness.exploration.conclusion import conclude, part, patience
from harness.history.journal import encode
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed, not_asked
from harness.profile.templates import rendered
from harness.scenario.messages import message
from harness.scenario.replies import deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

BODIES = {"plain": "hello", "emoji": "déjà 🎉👩‍🚀", "long": "x" * 400, "lines": "one\ntwo"}
INVALID: dict[str, dict[str, Any]] = {
    "recipient": {"to": "nobody"},
    "empty": {"body": "", "attachments": []},
    "type": {"type": "pigeon", "channel": "pigeon"},
}
"""What the placeholders of a send stand for that is no message."""
HEADER = "def test_found_by_exploration(stack):\n    since = len(stack.history)"


class Exploration(RuleBasedStateMachine):
    """Programs against one deployed stack; `stack` and `build` are set before Hypothesis runs it."""

    stack: ClassVar[Stack]
    build: ClassVar[Path]
    programs: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.flows: list[TrackedFlow] = []
        self.replies: list[dict[str, Any]] = []
        self.held = contextlib.ExitStack()
        self.holding = False
        self.ended = False
        self.faults = contextlib.ExitStack()

    @initialize()
    def begin(self) -> None:
        type(self).programs += 1
        self.stack.begin()
        self.since = len(self.stack.history)

    def has(self, *features: str) -> bool:
        """Whether a program may rest on channels and features: the stack doesn't deny one of them."""
        return not_asked(self.stack.profile, features) is None

    @property
    def hooked(self) -> list[Channel]:
        """The channels in which replies come in: the mocks deliver them, in the name of an account."""
        where = self.stack.driver.addresses
        accounts: dict[Channel, str | None] = {"sms": where.twilio_account, "email": where.sendgrid_account}
        able = [channel for channel, account in accounts.items() if account and self.stack.has_providers]
        return [channel for channel in able if channel in self.channels and self.has(channel, "webhooks")]

    @property
    def calls_ours(self) -> bool:
        """Whether the stack calls our mocks, so that they can fail, and report."""
        return self.stack.has_providers and self.stack.profile.providers.observe == "mock"

    def ours(self, role: str) -> bool:
        """Whether a role's processes are ours to end and to start."""
        return self.stack.driver.manages_processes and self.stack.profile.count(role) > 0

    @property
    def channels(self) -> list[Channel]:
        return [channel for channel in CHANNELS if self.has(channel)]

    def did(self, line: str) -> None:
        self.lines.append(line)

    # sending

    @rule(data=st.data(), body=st.sampled_from(list(BODIES)))
    def send(self, data: st.DataObject, body: str) -> None:
        channel = data.draw(st.sampled_from(self.channels))
        self.did(f"flow{len(self.flows)} = stack.send({channel}(body={BODIES[body]!r}))")
        self.flows.append(self.stack.send(message(channel, BODIES[body])))

    @rule(count=st.integers(2, 8))
    def send_at_once(self, count: int) -> None:
        first, channel = len(self.flows), self.channels[0]
        for number in range(count):
            self.did(f"flow{first + number} = stack.sending({channel}())")
            self.flows.append(self.stack.sending(message(channel)))
        for flow in self.flows[first:]:
            self.did(f"flow{first}.answer()")
            flow.answer()

    # where that isn't claimed, such a send may become a message, and nothing says which
    @precondition(lambda self: claimed(self.stack.profile, "validation") is True)
    @rule(wrong=st.sampled_from(list(INVALID)))
    def send_invalid(self, wrong: str) -> None:
        channel = self.channels[0]
        right = message(channel)
        template = self.stack.profile.send.of(channel).body
        body = rendered(template, {**right.values(), **INVALID[wrong]})
        if body == rendered(template, right.values()):
            return  # a send of this stack doesn't say that
        self.did(f"stack.api_client.send({channel}(), body={body!r}, operation='invalid')")
        answer = self.stack.api_client.send(right, body=body, operation="invalid")
        if not 400 <= answer["status"] < 500:
            raise CheckFailed(f"an invalid send was answered {answer['status']}: {answer['body']}")

    @precondition(lambda self: self.has("idempotency") and self.stack.profile.send.of(self.channels[0]).carries_key)
    @rule()
    def send_the_same_key_twice(self) -> None:
        channel = self.channels[0]
        once = message(channel, "once")
        self.did(f"again = {channel}(body='once')")
        for _ in range(2):
            self.did(f"flow{len(self.flows)} = stack.send(again, idempotency_key=again.token)")
            self.flows.append(self.stack.send(once, idempotency_key=once.token))

    # webhooks

    @precondition(lambda self: self.hooked)
    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self.hooked))
        deliver = "deliver_text" if channel == "sms" else "deliver_mail"
        self.did(f"reply{len(self.replies)} = {deliver}(stack)")
        self.replies.append(deliver_text(self.stack) if channel == "sms" else deliver_mail(self.stack))

    @precondition(lambda self: any("sid" in reply for reply in self.replies))
    @rule(data=st.data())
    def repeat_a_reply(self, data: st.DataObject) -> None:
        texts = [reply for reply in self.replies if "sid" in reply]
        chosen = data.draw(st.sampled_from(range(len(texts))))
        reply = texts[chosen]
        self.did(f"deliver_text(stack, body=reply{chosen}['body'], sid=reply{chosen}['sid'])")
        deliver_text(self.stack, body=reply["body"], sid=reply["sid"])

    @precondition(lambda self: self.flows and self.calls_ours and self.has("delivery_reports"))
    @rule(data=st.data(), status=st.sampled_from(["sent", "delivered", "failed"]), times=st.integers(1, 2))
    def report(self, data: st.DataObject, status: str, times: int) -> None:
        # what is drawn must not hang on how far the stack is: Hypothesis replays programs, the stack's speed varies
        number = data.draw(st.sampled_from(range(len(self.flows))))
        flow = self.flows[number]
        if self.holding and not flow.now.accepted_calls:
            return  # nobody will call a provider now
        try:
            provider_id = self.stack.provider_id(flow)
        except Unobservable:
            return
        channel = flow.message.type
        word = {"sent": "processed", "failed": "dropped"}.get(status, status) if channel == "email" else status
        for _ in range(times):
            self.did(f"stack.providers.report({channel!r}, stack.provider_id(flow{number}), {word!r})")
            self.stack.providers.report(channel, provider_id, word)

    # disturbances

    @precondition(lambda self: not self.holding and self.stack.worker.names)
    @rule()
    def hold_the_worker(self) -> None:
        self.did("hold = stack.worker.held(quiescent=False); hold.__enter__()")
        self.held.enter_context(self.stack.worker.held(quiescent=False))
        self.holding = True

    @precondition(lambda self: self.holding)
    @rule()
    def release_the_worker(self) -> None:
        self.did("hold.__exit__(None, None, None)")
        self.release()

    def release(self) -> None:
        self.holding = False
        self.held.close()

    @precondition(lambda self: not self.holding and self.ours("worker") and self.has("redelivery"))
    @rule(how=st.sampled_from(["kill", "terminate"]))
    def end_and_start_the_worker(self, how: str) -> None:
        self.did(f"stack.worker.{how}(); stack.worker.start()")
        self.ended = True
        getattr(self.stack.worker, how)()
        self.stack.worker.start()

    @precondition(lambda self: self.ours("api"))
    @rule()
    def crash_the_api(self) -> None:
        self.did("stack.api.kill(); stack.api.start()")
        self.stack.api.kill()
        self.stack.api.start()

    @precondition(lambda self: self.calls_ours and self.has("retries"))
    @rule(data=st.data(), times=st.integers(1, 2))
    def provider_fails(self, data: st.DataObject, times: int) -> None:
        status = data.draw(st.sampled_from(self.stack.profile.retries.statuses))
        self.did(f"stack.providers.fault({{}}, status={status}, times={times}, retry_after=0).__enter__()")
        self.faults.enter_context(self.stack.providers.fault({}, status=status, times=times, retry_after=0))

    # the end

    def teardown(self) -> None:
        if not hasattr(self, "since"):
            return
        if self.holding:
            self.did("hold.__exit__(None, None, None)")
            self.release()
        if not self.flows and not self.replies:
            self.faults.close()
            return  # nothing was sent, so there is nothing to judge
        self.did("conclude(stack, since=since)")
        try:
            with self.faults:
                conclude(self.stack, since=self.since, within=patience(self.stack.profile, ended=self.ended))
        except (HarnessError, AssertionError) as error:
            self.keep(error)
            raise

    def keep(self, error: BaseException) -> None:
        """Writes the program as a scenario and its history; the last one written is the smallest."""
        self.build.mkdir(parents=True, exist_ok=True)
        program = "\n    ".join([HEADER, *self.lines])
        (self.build / "scenario.py").write_text(program + "\n", encoding="utf-8")
        history = part(self.stack.history, self.since)
        text = "".join(encode(event) + "\n" for event in history.events())
        (self.build / "history.jsonl").write_text(text, encoding="utf-8")
        (self.build / "why.txt").write_text(f"{type(error).__name__}: {error}\n", encoding="utf-8")
