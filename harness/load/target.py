"""Where the generator sends, and how, in a form that each of its processes can be sent."""

from __future__ import annotations

from harness.deploy.driver import Addresses
from harness.load.plan import Plan
from harness.profile import Messages, Profile, Send
from harness.profile.base import Channel, Section


class Entries(Section):
    """How QueueUser puts an entry on a stream."""

    redis: str
    """The URL."""
    streams: dict[str, str]
    field: str
    message_id: str


class Replies(Section):
    """How WebhookUser has a reply delivered: by the mocks' control plane."""

    mocks: str
    """The URL."""
    path: str
    headers: dict[str, str]


class Target(Section):
    """A deployed stack, as the users of a load see it; it travels as JSON."""

    api: str
    """Where the API answers."""
    headers: dict[str, str]
    """Those of every request to it."""
    sends: dict[Channel, Send]
    """How a message of each channel is sent."""
    messages: Messages = Messages()
    entries: Entries | None = None
    replies: Replies | None = None


def target(profile: Profile, where: Addresses, plan: Plan) -> Target:
    """What the users of a plan need to know; the plan fits the profile and the deployment."""
    queue = profile.queue
    entries = None
    if "queue" in plan.kinds and where.redis is not None:
        entries = Entries(redis=where.redis, streams=queue.streams, field=queue.field, message_id=queue.message_id)
    replies = None
    if "webhook" in plan.kinds and where.mocks is not None:
        mail = plan.of("webhook") == ("email",)
        provider, account = ("sendgrid", where.sendgrid_account) if mail else ("twilio", where.twilio_account)
        path = f"/_mock/{provider}/{account}/inbound"
        replies = Replies(mocks=where.mocks, path=path, headers=where.mocks_headers)
    return Target(
        api=where.api,
        headers=profile.api.headers,
        sends={channel: profile.send.of(channel) for channel in plan.of("api")},
        messages=profile.messages,
        entries=entries,
        replies=replies,
    )
