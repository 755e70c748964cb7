"""What a stack claims: a feature that it denies isn't asked, one that it claims may fail, the others are tried."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from harness.errors import UsageError
from harness.profile.base import CHANNELS
from harness.profile.model import Profile

FEATURES: Final = {
    "webhooks": "webhooks",
    "signatures": "signed webhooks",
    "delivery_reports": "delivery reports",
    "conversations": "conversations",
    "idempotency": "idempotency keys",
    "validation": "validation of sends",
    "key_conflicts": "refusals of a key that comes again with another body",
    "lists": "lists of messages",
    "mail_attachments": "attachments of mails",
    "retries": "retries",
    "dead_letters": "dead letters",
    "outbox": "outbox",
    "failures": "failed messages",
    "redelivery": "redelivery",
    "takeover": "takeover by a worker of another name",
    "regrouping": "a consumer group that is made again",
    "several_workers": "several workers",
    "outages": "recovery from outages",
}
"""The keys of `[claims]`, and what people call them."""
RESTS_ON: Final = {
    "signatures": "webhooks",
    "delivery_reports": "webhooks",
    "conversations": "webhooks",
    "key_conflicts": "idempotency",
    "takeover": "redelivery",
}
"""What there can't be without something else."""


WHERE_CLAIMED: Final = frozenset(
    {"validation", "key_conflicts", "lists", "mail_attachments", "dead_letters", "takeover", "regrouping"}
)
"""What is asked only of who claims it: many a right stack has no such thing, and never thought of saying so; some would
be harmed by being asked."""


def claimed(profile: Profile, feature: str) -> bool | None:
    """Whether a profile claims a channel or a feature; None where it doesn't say. UsageError for an unknown one."""
    if feature in CHANNELS:
        if profile.claims.channels is not None:
            return feature in profile.claims.channels
        # a stream that is named says where such messages would stand, not that the stack can send them; and the
        # default names all streams, whatever the stack has
        queue = profile.queue
        named = feature in queue.streams or not queue.streams or "streams" not in queue.model_fields_set
        return None if named else False
    if feature not in FEATURES:
        raise UsageError(misnamed(feature))
    own: bool | None = getattr(profile.claims, feature)
    if own is not None:
        return own
    if feature == "webhooks" and not (profile.webhooks.sms.path or profile.webhooks.email.path):
        return False
    if feature == "signatures" and not (profile.webhooks.sms.signed or profile.webhooks.email.signed):
        return False
    if feature == "dead_letters" and profile.queue.dead is None:
        return False
    if feature in ("redelivery", "dead_letters") and profile.queue.redelivers is False:
        return False
    base = RESTS_ON.get(feature)
    return False if base and claimed(profile, base) is False else None


def misnamed(feature: str) -> str:
    """What to say of a name that is neither a channel nor a feature."""
    known = sorted({*CHANNELS, *FEATURES})
    close = difflib.get_close_matches(feature, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"{feature!r} is neither a channel nor a key of [claims]; {hint}"


def not_asked(profile: Profile, needs: Iterable[str]) -> str | None:
    """Why something that needs these channels and features isn't asked of the stack; None where it is."""
    wanted = list(needs)
    said = {feature: claimed(profile, feature) for feature in wanted}
    denied = [one for one, claims in said.items() if claims is False or (claims is None and one in WHERE_CLAIMED)]
    if not denied and any(feature == "webhooks" or feature in RESTS_ON for feature in wanted):
        channels = [channel for channel in CHANNELS if channel in wanted]
        hooks = {channel: profile.webhooks.of(channel) for channel in channels}
        denied = [f"webhooks for {channel}" for channel, hook in hooks.items() if not hook.path]
        if "signatures" in wanted and not denied:
            denied = [f"signed webhooks for {channel}" for channel, hook in hooks.items() if not hook.signed]
    if not denied:
        return None
    return "the profile claims no " + " and no ".join(FEATURES.get(feature, feature) for feature in denied)


def remedy(feature: str) -> str:
    """The line of a profile that would turn "unknown" into an answer."""
    if feature in CHANNELS:
        return f'[claims] channels, with or without "{feature}"'
    return f"[claims] {feature} = true makes it a failure; false, and it isn't asked"
