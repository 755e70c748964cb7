"""What a program may ask of a stack: what its profile doesn't deny, and its deployment can do."""

from __future__ import annotations

from typing import Any

from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed, not_asked
from harness.scenario.stack import Stack

FINAL: dict[Channel, tuple[str, ...]] = {
    "sms": ("delivered", "undelivered", "failed"),
    "mms": ("delivered", "undelivered", "failed"),
    "email": ("delivered", "bounce", "dropped"),
}
"""The providers' own words for what is the last of a message."""
PASSING: dict[Channel, tuple[str, ...]] = {
    "sms": ("queued", "sending", "sent"),
    "mms": ("queued", "sending", "sent"),
    "email": ("processed", "deferred"),
}
"""Their words for what may come before that."""


class Able:
    """What one stack can be asked."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.profile = stack.profile

    def has(self, *features: str) -> bool:
        """Whether a program may rest on channels and features: the stack doesn't deny one of them."""
        return not_asked(self.profile, features) is None

    @property
    def channels(self) -> list[Channel]:
        return [channel for channel in CHANNELS if self.has(channel)]

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
        return self.stack.has_providers and self.profile.providers.observe == "mock"

    @property
    def reported(self) -> list[Channel]:
        """The channels in which delivery reports come."""
        where = self.stack.driver.addresses
        if not self.calls_ours:
            return []
        known = {"sms": where.twilio_account, "mms": where.twilio_account, "email": where.sendgrid_account}
        return [channel for channel in self.channels if known[channel] and self.has(channel, "delivery_reports")]

    @property
    def signed(self) -> list[Channel]:
        """The channels whose replies are signed: SendGrid signs none that came in."""
        return [c for c in self.hooked if c != "email" and self.has(c, "webhooks", "signatures")]

    @property
    def keyed(self) -> list[Channel]:
        """The channels whose sends carry an idempotency key."""
        if not self.has("idempotency"):
            return []
        return [channel for channel in self.channels if self.profile.send.of(channel).carries_key]

    @property
    def validates(self) -> bool:
        """Where that isn't claimed, a send that is no message may become one, and nothing says which."""
        return claimed(self.profile, "validation") is True

    def ours(self, role: str) -> bool:
        """Whether a role's processes are ours to end and to start."""
        ends = self.stack.driver.manages_processes and self.profile.count(role) > 0
        return ends and not self.once and (role != "worker" or self.has("redelivery"))

    @property
    def once(self) -> bool:
        """Whether nothing may be sent twice, whatever was disturbed: then nobody is kept from hearing that it was."""
        return self.profile.policy.delivery == "effectively-once"

    @property
    def holds(self) -> bool:
        return bool(self.stack.worker.names)

    @property
    def scales(self) -> bool:
        """Whether more workers than the profile's can be started."""
        return self.ours("worker") and self.has("several_workers") and not self.stack.driver.restarts("worker")

    @property
    def troubles(self) -> list[tuple[Any, ...]]:
        """The faults of `stack.faults`, with what they are given, that this stack claims to survive."""
        if claimed(self.profile, "outages") is not True or self.once:
            return []
        faults, services = self.stack.faults, self.stack.driver.services
        found: list[tuple[Any, ...]] = []
        for role, part in faults.links:
            found += [(what, role, part) for what in ("cut", "reset", "half_open")]
        for part, what in (
            ("redis", "redis_read_only"),
            ("redis", "redis_out_of_memory"),
            ("postgres", "postgres_read_only"),
        ):
            if services is not None and services.has(part):
                found.append((what,))
        return found

    @property
    def places(self) -> list[str]:
        """Where a process can be met with a message in its hand."""
        wired = self.stack.wire is not None and self.stack.wire.control is not None
        queue, found = self.profile.queue, []
        if wired and self.ours("api") and queue.append_commands.commands:
            found += ["append", "appended"]
        if self.ours("worker") and self.calls_ours:
            found.append("call")
        if wired and self.ours("worker") and queue.finish_commands.commands:
            found += ["finish", "finished"]
        return found
