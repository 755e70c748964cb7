"""A phone number that an account owns, and where its inbound messages go."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Form, field
from mock_providers.checked import is_http_url
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.message import API_VERSION, rfc2822

_SETTINGS = (
    ("friendly_name", "FriendlyName"),
    ("sms_url", "SmsUrl"),
    ("sms_method", "SmsMethod"),
    ("sms_fallback_url", "SmsFallbackUrl"),
    ("sms_fallback_method", "SmsFallbackMethod"),
    ("status_callback", "StatusCallback"),
    ("status_callback_method", "StatusCallbackMethod"),
)


class PhoneNumber:
    """One number of an account."""

    __slots__ = (
        "account_sid", "created", "friendly_name", "number", "sid", "sms_fallback_method", "sms_fallback_url",
        "sms_method", "sms_url", "status_callback", "status_callback_method", "updated",
    )  # fmt: skip

    def __init__(self, sid: str, number: str, *, account_sid: str, now: float) -> None:
        self.sid = sid
        self.number = number
        self.account_sid = account_sid
        self.friendly_name = number
        self.sms_url = self.sms_fallback_url = ""
        self.sms_method = self.sms_fallback_method = "POST"
        # of calls: what becomes of a message is told to the message's own URL, or its service's
        self.status_callback, self.status_callback_method = "", "POST"
        self.created = now
        self.updated = now

    @property
    def country(self) -> str:
        return "US" if self.number.startswith("+1") else "ZZ"

    def change(self, form: Form, *, now: float) -> None:
        """Takes the settings that a form names; raises TwilioError for a URL or a method that can't be one."""
        for param in ("SmsUrl", "SmsFallbackUrl", "StatusCallback"):
            url = field(form, param)
            if url and not is_http_url(url):
                raise TwilioError(20001, param)
        for param in ("SmsMethod", "SmsFallbackMethod", "StatusCallbackMethod"):
            if field(form, param).upper() not in {"", "GET", "POST"}:
                raise TwilioError(20001, f"{param} must be GET or POST")
        if field(form, "SmsFallbackUrl") and not (field(form, "SmsUrl") if "SmsUrl" in form else self.sms_url):
            raise TwilioError(21406)
        for name, param in _SETTINGS:
            if param in form:
                given = field(form, param)
                setattr(self, name, (given.upper() or "POST") if param.endswith("Method") else given)
        self.updated = now

    def to_json(self) -> dict[str, Any]:
        nothing = ("address_sid", "bundle_sid", "emergency_address_sid", "identity_sid", "trunk_sid")
        empty = ("sms_application_sid", "voice_application_sid", "voice_fallback_url", "voice_url")
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "phone_number": self.number,
            "friendly_name": self.friendly_name,
            "api_version": API_VERSION,
            "address_requirements": "none",
            "beta": False,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.updated),
            "emergency_address_status": "unregistered",
            "emergency_status": "Inactive",
            "origin": "twilio",
            "sms_url": self.sms_url,
            "sms_method": self.sms_method,
            "sms_fallback_url": self.sms_fallback_url,
            "sms_fallback_method": self.sms_fallback_method,
            "status": "in-use",
            "status_callback": self.status_callback,
            "status_callback_method": self.status_callback_method,
            "subresource_uris": {},
            "type": None,
            "uri": f"/{API_VERSION}/Accounts/{self.account_sid}/IncomingPhoneNumbers/{self.sid}.json",
            "voice_caller_id_lookup": False,
            "voice_fallback_method": "POST",
            "voice_method": "POST",
            "voice_receive_mode": "voice",
            **dict.fromkeys(nothing),
            **dict.fromkeys(empty, ""),
        }
