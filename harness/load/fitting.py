"""What of a load a stack can carry: a user, a channel or a rate that it can't have is left out, and that is told.

What somebody has asked for by name isn't left out: that it can't be is an error, with what would let it be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from harness.errors import UsageError
from harness.load.plan import Kind, Plan
from harness.load.prepared import nowhere
from harness.load.request import Request
from harness.load.schedule import peak
from harness.profile import Profile
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed, not_asked

USERS: Final[Mapping[Kind, str]] = {"api": "ApiUser", "queue": "QueueUser", "webhook": "WebhookUser"}
"""What the users are called whom Locust runs."""
Told = Callable[[str], None]


def fitted(request: Request, *, told: Told) -> Request:
    """A request that the profile's stack can carry; `told` gets a line for each thing that is other than asked for.

    Raises UsageError for a user in a mix of the caller's own that can't be.
    """
    profile, plan = request.profile, request.plan
    channels = {kind: channels_of(kind, profile) for kind in plan.kinds}
    why = {kind: lack(kind, profile, channels[kind]) for kind in plan.kinds}
    plan = replace(plan, channels=channels)
    plan = without(plan, {kind: said for kind, said in why.items() if said}, asked=request.asked, told=told)
    return replace(request, plan=paced(plan, profile, told=told))


def without(plan: Plan, why: Mapping[Kind, str], *, asked: bool, told: Told) -> Plan:
    """The plan without the users that can't be, each with what to say of it."""
    if not why:
        return plan
    mix = {kind: weight for kind, weight in plan.mix.items() if kind not in why}
    left = ",".join(f"{kind}={weight:g}" for kind, weight in mix.items() if weight) or "api=1"
    if asked:
        kind, said = next(iter(why.items()))
        raise UsageError(f"no {USERS[kind]} can send to this stack: {said}, or leave it out: --mix {left}")
    for kind, said in why.items():
        told(f"without {USERS[kind]}: {said}")
    return replace(plan, mix=mix, channels={kind: plan.of(kind) for kind in mix})


def channels_of(kind: Kind, profile: Profile) -> tuple[Channel, ...]:
    """The channels in which a kind of user can send to a profile's stack."""
    has = tuple(channel for channel in CHANNELS if claimed(profile, channel) is not False)
    if kind == "queue":
        return tuple(channel for channel in has if channel in profile.queue.streams)
    if kind == "webhook":  # texts where they come in, or else mail
        ways: tuple[Channel, ...] = ("sms", "email")
        return tuple(channel for channel in ways if not not_asked(profile, ["webhooks", channel]))[:1]
    return has


def lack(kind: Kind, profile: Profile, channels: tuple[Channel, ...]) -> str:
    """What keeps a kind of user from sending, and what would let it; "" where nothing is known to."""
    attached, queue, database = profile.deploy.driver == "attached", profile.queue, profile.database
    if kind == "api":
        return ""
    if kind == "queue":
        if queue.base != "stream":
            where = "not in Redis" if queue.base == "none" else f"a {queue.place}"
            return f"it puts entries on streams, and this stack's queue is {where}"
        if attached and queue.url is None:
            return "it needs the queue; set [queue] url"
        if why := nowhere(profile):
            return why
        if attached and database.url is None:
            return "it needs rows for its entries; set [database] url"
        return "" if channels else "no stream is named for a channel; name one in [queue] streams"
    if not channels:
        reason = not_asked(profile, ["webhooks"]) or "the profile names no webhook for a channel that it has"
        return f"{reason}; set [webhooks.sms] path, and [claims] webhooks if it is false"
    if attached and profile.providers.url is None:
        return "replies are delivered by our mock providers; set [providers] url"
    account = "twilio" if channels == ("sms",) else "sendgrid"
    if attached and getattr(profile.providers.accounts, account) is None:
        return f"it delivers in the name of the stack's account; set [providers] accounts with {account} in it"
    return ""


def paced(plan: Plan, profile: Profile, *, told: Told) -> Plan:
    """The plan at a pace that the stack allows at every moment: its greatest rate is bounded, and its gaps are even."""
    most = profile.pace.per_second
    if not most:
        return plan
    greatest = peak(plan)
    rate = plan.rate * min(1.0, most / greatest)
    if rate < plan.rate or plan.gaps != "uniform":
        bounded = f"{rate:g} messages a second instead of {plan.rate:g}, evenly spaced"
        told(f"[pace] per_second = {most:g} bounds the load: {bounded}")
    return replace(plan, rate=rate, gaps="uniform")
