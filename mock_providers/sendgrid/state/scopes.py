"""Scopes: what a key may do, by the vendor's names.

The names are those of the vendor's OpenAPI files (`/v3/scopes`, teammates) and of its list of API key permissions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_VERBS = ("create", "read", "update", "delete")

_RESOURCES: Final = """
    access_settings.activity access_settings.whitelist alerts api_keys asm.groups asm.groups.suppressions
    asm.suppressions.global billing browsers.stats categories categories.stats categories.stats.sums
    clients.desktop.stats clients.phone.stats clients.stats clients.tablet.stats clients.webmail.stats credentials
    design_library devices.stats di.bounce_block_classification email_testing geo.stats ips ips.assigned ips.pools
    ips.pools.ips ips.warmup mail.batch mail_settings mail_settings.address_whitelist mail_settings.bcc
    mail_settings.bounce_purge mail_settings.footer mail_settings.forward_bounce mail_settings.forward_spam
    mail_settings.plain_content mail_settings.spam_check mail_settings.template mailbox_providers.stats marketing
    marketing.automation marketing_campaigns messages newsletter partner_settings partner_settings.new_relic
    partner_settings.sendwithus recipients.erasejob sso.settings sso.teammates stats stats.global subusers
    subusers.credits subusers.credits.remaining subusers.monitor subusers.reputations subusers.stats
    subusers.stats.monthly subusers.stats.sums subusers.summary suppression suppression.blocks suppression.bounces
    suppression.invalid_emails suppression.spam_reports suppression.unsubscribes teammates templates
    templates.versions templates.versions.activate tracking_settings tracking_settings.click
    tracking_settings.google_analytics tracking_settings.open tracking_settings.subscription user.account
    user.credits user.email user.multifactor_authentication user.password user.profile user.scheduled_sends
    user.settings.enforced_tls user.timezone user.username user.webhooks.event.settings user.webhooks.event.test
    user.webhooks.parse.settings user.webhooks.parse.stats validations.email whitelabel
"""

_SINGLE: Final = """
    mail.send user.profile.edit email_testing.write ui.confirm_email ui.provision ui.signup_complete
    signup.trigger_confirmation sender_verification_eligible sender_verification_exempt sender_verification_legacy
    2fa_required 2fa_exempt
"""

KNOWN = frozenset((*_SINGLE.split(), *(f"{resource}.{verb}" for resource in _RESOURCES.split() for verb in _VERBS)))
"""Every scope that a key can be given."""

FULL = sorted(scope for scope in KNOWN if not scope.startswith("billing."))
"""What a key may do that was made without scopes: all but billing, which wants a key of its own."""


@lru_cache(maxsize=4096)
def granted(scopes: tuple[str, ...], wanted: str) -> bool:
    """Whether scopes allow what `wanted` names; none at all means everything.

    A resource's scope covers what lies below it: `asm.groups.read` allows `asm.groups.suppressions.read`.
    """
    if not scopes or not wanted:
        return True
    resource, _, verb = wanted.rpartition(".")
    parts = resource.split(".")
    return any(f"{'.'.join(parts[:n])}.{verb}" in scopes for n in range(1, len(parts) + 1))
