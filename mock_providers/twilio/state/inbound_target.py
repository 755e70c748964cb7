"""Where a message that comes in goes: the number's webhook, its service's, or the account's; each with its fallback."""

from __future__ import annotations

from typing import NamedTuple

from mock_providers.checked import is_http_url
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.whatsapp import PREFIX


class Target(NamedTuple):
    """A webhook's URL and method, and what is called where that fails."""

    url: str
    method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"


def inbound_target(account: TwilioAccount, to: str) -> Target | None:
    """The webhook of a number; None where nothing is to be called.

    A number that is in a Messaging Service has the service's, unless the service leaves it to its numbers; one that
    the account's settings made, and that nobody gave a webhook, leaves it to them too. What comes by WhatsApp knows
    nothing of the number's own, which is for texts.
    """
    number = account.owned(to)
    services = [one for one in account.services_of(to) if not one.made or _is_url(one.settings["inbound_request_url"])]
    own = number is not None and (
        not services or any(service.settings["use_inbound_webhook_on_number"] for service in services)
    )
    if own and number is not None and number.sms_url and not to.startswith(PREFIX):
        return Target(number.sms_url, number.sms_method, number.sms_fallback_url or None, number.sms_fallback_method)
    for service in [] if own else services:
        settings = service.settings
        if _is_url(settings["inbound_request_url"]):
            return Target(
                settings["inbound_request_url"],
                _method(settings["inbound_method"]),
                settings["fallback_url"] if _is_url(settings["fallback_url"]) else None,
                _method(settings["fallback_method"]),
            )
    return None if account.settings.inbound_url is None else Target(account.settings.inbound_url)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and is_http_url(value)


def _method(value: object) -> str:
    return "GET" if value == "GET" else "POST"
