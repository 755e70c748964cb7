"""What the users of a load need to know of a deployed stack, and what reads its backlog."""

from __future__ import annotations

from harness.load.backlog import Backlog, Unread
from harness.load.plan import Plan
from harness.load.target import Entries, Replies, Target
from harness.scenario.replies import address_of
from harness.scenario.stack import Stack


def target_of(stack: Stack, plan: Plan) -> Target:
    """Where each user of a plan sends, and how; the plan fits the profile and the deployment."""
    profile, where = stack.profile, stack.driver.addresses
    return Target(
        api=where.api,
        headers=profile.api.headers,
        sends={channel: profile.send.of(channel) for channel in plan.of("api")},
        messages=profile.messages,
        entries=entries_of(stack) if "queue" in plan.kinds else None,
        replies=replies_of(stack, plan) if "webhook" in plan.kinds else None,
    )


def entries_of(stack: Stack) -> Entries | None:
    queue, url = stack.profile.queue, stack.driver.addresses.redis
    if url is None:
        return None
    return Entries(redis=url, streams=queue.streams, field=queue.field, message_id=queue.message_id)


def replies_of(stack: Stack, plan: Plan) -> Replies | None:
    where, [channel] = stack.driver.addresses, plan.of("webhook")
    if where.mocks is None:
        return None
    mail = channel == "email"
    provider, account = ("sendgrid", where.sendgrid_account) if mail else ("twilio", where.twilio_account)
    return Replies(
        mocks=where.mocks,
        path=f"/_mock/{provider}/{account}/inbound",
        headers=where.mocks_headers,
        to=address_of(stack, channel),
        hook=stack.profile.webhooks.of(channel),
        address=stack.providers.reply_address(channel),
    )


def backlog_of(stack: Stack) -> Backlog | Unread:
    """What reads the backlog, as far as there is one that can be read."""
    queue, url = stack.profile.queue, stack.driver.addresses.redis
    if queue.base == "none":
        return Unread(stack.history, why="the queue isn't in Redis, and nobody else counts what waits")
    if url is None:
        return Unread(stack.history, why="Redis can't be asked", remedy="[queue] url")
    return Backlog(stack.history, queue, counters=stack.counters, url=url)
