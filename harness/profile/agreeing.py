"""What in a profile contradicts itself, although each key alone is right."""

from __future__ import annotations

from collections.abc import Iterator

from harness.profile.model import Profile
from harness.profile.upgrading import Key

Wrong = tuple[Key, str]


def disagreement(profile: Profile) -> Wrong | None:
    """The first contradiction, as a key and what is wrong with it; None where all agrees."""
    return next(disagreements(profile), None)


def disagreements(profile: Profile) -> Iterator[Wrong]:
    attached = profile.deploy.driver == "attached"
    if not attached and "api" not in profile.processes:
        driver = profile.deploy.driver
        yield (
            ("processes", "api"),
            f'it is missing, and driver = "{driver}" starts the stack itself; say its command, or set [deploy] '
            'driver = "attached"',
        )
    if attached and not profile.api.url:
        yield ("api", "url"), 'driver = "attached" needs it: where the stack answers'
    if profile.claims.dead_letters and profile.queue.dead is None:
        yield ("claims", "dead_letters"), 'it is claimed, and [queue] dead = "": name their stream'
    if profile.claims.webhooks and not (profile.webhooks.sms.path or profile.webhooks.email.path):
        yield ("claims", "webhooks"), "they are claimed, and no [webhooks] has a path: name one"
    if profile.claims.idempotency and profile.send.idempotency is None:
        yield ("claims", "idempotency"), 'it is claimed, and [send] idempotency = "": name the header'
    if profile.claims.conversations and not profile.conversations.path:
        yield ("claims", "conversations"), 'they are claimed, and [conversations] path = "": name it'
    if profile.look.path and "{id}" not in profile.look.path:
        yield (
            ("look", "path"),
            f'no {{id}} in it, so every message is looked at alike; write "{profile.look.path.rstrip("/")}/{{id}}"',
        )
    footers = set(profile.messages.footer) & set(profile.messages.changes)
    if footers:
        yield ("messages", "footer"), f"{min(footers)} has a footer and is said to change; say one of them"
