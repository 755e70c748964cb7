"""A Messaging Service: its settings and its sender pool."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mock_providers.asgi import Form, field
from mock_providers.checked import is_http_url
from mock_providers.twilio.errors import TwilioError

_SETTINGS: dict[str, tuple[str, Any]] = {
    "friendly_name": ("FriendlyName", ""),
    "inbound_request_url": ("InboundRequestUrl", None),
    "inbound_method": ("InboundMethod", "POST"),
    "fallback_url": ("FallbackUrl", None),
    "fallback_method": ("FallbackMethod", "POST"),
    "status_callback": ("StatusCallback", None),
    "sticky_sender": ("StickySender", True),
    "mms_converter": ("MmsConverter", True),
    "smart_encoding": ("SmartEncoding", False),
    "fallback_to_long_code": ("FallbackToLongCode", True),
    "area_code_geomatch": ("AreaCodeGeomatch", True),
    "validity_period": ("ValidityPeriod", 14400),
    "synchronous_validation": ("SynchronousValidation", False),
    "usecase": ("Usecase", "undeclared"),
    "use_inbound_webhook_on_number": ("UseInboundWebhookOnNumber", False),
}

_URLS = frozenset(("InboundRequestUrl", "FallbackUrl", "StatusCallback"))


class Service:
    """One Messaging Service; `pool` are the SIDs of its phone numbers, in the order they were added.

    `made` says that the account's settings made it, and nobody over the API.
    """

    def __init__(self, sid: str, *, account_sid: str, now: float, made: bool = False) -> None:
        self.made = made
        self.sid = sid
        self.account_sid = account_sid
        self.created = now
        self.updated = now
        self.settings: dict[str, Any] = {name: default for name, (_, default) in _SETTINGS.items()}
        self.pool: dict[str, float] = {}

    def change(self, form: Form, *, now: float) -> None:
        """Takes the settings that a form names; raises TwilioError 20001 for a URL or a method that can't be one."""
        for param, _ in _SETTINGS.values():
            given = field(form, param)
            if param in _URLS and given and not is_http_url(given):
                raise TwilioError(20001, param)
            if param.endswith("Method") and given.upper() not in {"", "GET", "POST"}:
                raise TwilioError(20001, f"{param} must be GET or POST")
        for name, (param, default) in _SETTINGS.items():
            if param in form:
                value: Any = field(form, param)
                if isinstance(default, bool):
                    value = value.lower() == "true"
                elif isinstance(default, int):
                    value = int(value) if value.isdigit() and value.isascii() else default
                elif param.endswith("Method"):
                    value = value.upper() or default
                elif param in _URLS:
                    value = value or None
                self.settings[name] = value
        self.updated = now

    def to_json(self, base: str) -> dict[str, Any]:
        url = f"{base}/v1/Services/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            **self.settings,
            "scan_message_content": "inherit",
            "us_app_to_person_registered": False,
            "date_created": iso8601(self.created),
            "date_updated": iso8601(self.updated),
            "url": url,
            "links": {
                name: f"{url}/{path}"
                for name, path in (
                    ("phone_numbers", "PhoneNumbers"),
                    ("short_codes", "ShortCodes"),
                    ("alpha_senders", "AlphaSenders"),
                    ("messages", "Messages"),
                )
            },
        }


def iso8601(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
