"""What a profile claims, denies and says nothing of."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.profile import Claims, Profile, Queue, Webhook, Webhooks
from harness.profile.claims import FEATURES, claimed, not_asked, remedy

SMS_ONLY = Profile(queue=Queue(streams={"sms": "jobs"}))
NO_WEBHOOKS = Profile(webhooks=Webhooks(sms=Webhook(), email=Webhook()))
NO_MAIL_HOOK = Profile(webhooks=Webhooks(email=Webhook()))
UNSIGNED_TEXTS = Profile(webhooks=Webhooks(sms=Webhook(path="/texts", signed=False)))
UNSIGNED = Profile(webhooks=Webhooks(sms=Webhook(path="/t", signed=False), email=Webhook(path="/m", signed=False)))
UNGROUPED = Profile(queue=Queue(group=None, dead=None))
DENIES = Profile(claims=Claims(webhooks=False, retries=False, idempotency=True, channels=["email"]))


@pytest.mark.parametrize(
    ("profile", "feature", "said"),
    [
        (Profile(), "sms", None),
        (Profile(queue=Queue(finish="ack")), "mms", None),
        (Profile(), "webhooks", None),
        (SMS_ONLY, "sms", None),
        (SMS_ONLY, "mms", False),
        (DENIES, "sms", False),
        (DENIES, "email", True),
        (DENIES, "webhooks", False),
        (DENIES, "delivery_reports", False),
        (DENIES, "conversations", False),
        (DENIES, "signatures", False),
        (DENIES, "idempotency", True),
        (DENIES, "redelivery", None),
        (NO_WEBHOOKS, "webhooks", False),
        (NO_MAIL_HOOK, "webhooks", None),
        (UNSIGNED, "signatures", False),
        (UNSIGNED_TEXTS, "signatures", None),
        (Profile(), "outbox", None),
        (Profile(claims=Claims(outbox=False)), "outbox", False),
        (Profile(claims=Claims(failures=False)), "failures", False),
        (UNGROUPED, "dead_letters", False),
        (UNGROUPED, "redelivery", False),
    ],
)
def test_what_is_claimed(profile: Profile, feature: str, said: bool | None) -> None:
    assert claimed(profile, feature) is said


@pytest.mark.parametrize(
    ("profile", "needs", "why"),
    [
        (Profile(), ["sms", "webhooks", "retries"], None),
        (Profile(), ["mms", "email"], None),
        (SMS_ONLY, ["sms"], None),
        (SMS_ONLY, ["email", "webhooks"], "the profile claims no email"),
        (DENIES, ["email", "retries", "webhooks"], "the profile claims no retries and no webhooks"),
        (NO_MAIL_HOOK, ["email", "webhooks"], "the profile claims no webhooks for email"),
        (NO_MAIL_HOOK, ["sms", "delivery_reports"], None),
        (UNSIGNED, ["sms", "webhooks"], None),
        (UNSIGNED, ["sms", "webhooks", "signatures"], "the profile claims no signed webhooks"),
        (UNSIGNED_TEXTS, ["sms", "webhooks", "signatures"], "the profile claims no signed webhooks for sms"),
        (UNSIGNED_TEXTS, ["email", "delivery_reports", "signatures"], None),
        (UNGROUPED, ["sms", "redelivery"], "the profile claims no redelivery"),
    ],
)
def test_what_is_denied_is_not_asked(profile: Profile, needs: list[str], why: str | None) -> None:
    assert not_asked(profile, needs) == why


def test_an_unknown_feature_is_a_mistake_of_ours() -> None:
    with pytest.raises(UsageError, match="'telepathy' is neither a channel nor a key"):
        claimed(Profile(), "telepathy")
    with pytest.raises(UsageError, match="did you mean 'idempotency'"):
        claimed(Profile(), "idempotencyy")


@pytest.mark.parametrize("feature", [*FEATURES, "sms"])
def test_every_feature_says_which_line_settles_it(feature: str) -> None:
    assert remedy(feature).startswith("[claims] ")
    claimed(Profile(), feature)
