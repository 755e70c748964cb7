"""A mail with a template: whether it can be delivered, decided after it was accepted, as the vendor does."""

from __future__ import annotations

from functools import partial
from typing import Any

from mock_providers.handlebars import Budget, Limits
from mock_providers.sendgrid.events import SendGridWebhooks
from mock_providers.sendgrid.rendering import MAIL, aside, refusals
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.mail import Mail
from mock_providers.sendgrid.state.template import Template

AT_ONCE = Limits(steps=3000, output=64 * 1024)
"""What is filled in where the call is served, a few milliseconds; whatever takes more is worked out beside it."""


def begin(webhooks: SendGridWebhooks, account: SendGridAccount, mail: Mail, payload: dict[str, Any]) -> None:
    """Begins a mail's events; whom its template can't be filled in for is dropped, with the reason."""
    template = account.templates.get(payload["template_id"])
    budget = Budget(AT_ONCE)
    reasons = refusals(payload, template, budget)
    if budget.spent:
        webhooks.begin_after(account, mail, partial(_decide, mail, payload, template))
    else:
        _drop(mail, payload, reasons)
        webhooks.begin(account, mail)


async def _decide(mail: Mail, payload: dict[str, Any], template: Template | None) -> None:
    _drop(mail, payload, await aside(partial(refusals, payload, template, Budget(MAIL))))


def _drop(mail: Mail, payload: dict[str, Any], reasons: list[str | None]) -> None:
    """Marks the recipients of each personalization; who is dropped already keeps the reason."""
    recipients = iter(mail.recipients)
    for block, reason in zip(payload["personalizations"], reasons, strict=True):
        for kind in ("to", "cc", "bcc"):
            for recipient in (next(recipients) for _ in block.get(kind) or ()):
                recipient.dropped = recipient.dropped or reason
