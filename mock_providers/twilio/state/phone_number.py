"""A phone number that an account owns, and where its inbound messages go."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Form, field
from mock_providers.checked import is_http_url
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.message import API_VERSION, rfc2822


class PhoneNumber:
    """One number of an account."""

    __slots__ = ("account_sid", "created", "friendly_name", "number", "sid", "sms_url", "status_callback", "updated")

    def __init__(self, sid: str, number: str, *, account_sid: str, now: float) -> None:
        self.sid = sid
        self.number = number
        self.account_sid = account_sid
        self.friendly_name = number
        self.sms_url = ""
        self.status_callback = ""
        self.created = now
        self.updated = now

    @property
    def country(self) -> str:
        return "US" if self.number.startswith("+1") else "ZZ"

    def change(self, form: Form, *, now: float) -> None:
        """Takes the settings that a form names; raises TwilioError 20001 for a URL that can't be one."""
        url = field(form, "SmsUrl")
        if url and not is_http_url(url):
            raise TwilioError(20001, "SmsUrl")
        for name, param in (
            ("friendly_name", "FriendlyName"),
            ("sms_url", "SmsUrl"),
            ("status_callback", "StatusCallback"),
        ):
            if param in form:
                setattr(self, name, field(form, param))
        self.updated = now

    def to_json(self) -> dict[str, Any]:
        nothing = ("address_sid", "bundle_sid", "emergency_address_sid", "identity_sid", "trunk_sid")
        empty = ("sms_application_sid", "sms_fallback_url", "voice_application_sid", "voice_fallback_url", "voice_url")
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
            "sms_method": "POST",
            "sms_fallback_method": "POST",
            "status": "in-use",
            "status_callback": self.status_callback,
            "status_callback_method": "POST",
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
