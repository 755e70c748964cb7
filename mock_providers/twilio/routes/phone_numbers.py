"""IncomingPhoneNumbers: the numbers an account owns, and where their inbound messages go."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.checked import is_http_url
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.numbers import is_phone_number
from mock_providers.twilio.routes.paging import short_list
from mock_providers.twilio.routes.visit import API, Route, Visit
from mock_providers.twilio.state.message import API_VERSION, encode, rfc2822


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

    def change(self, visit: Visit) -> None:
        url = field(visit.form, "SmsUrl")
        if url and not is_http_url(url):
            raise TwilioError(20001, "SmsUrl")
        for name, param in (
            ("friendly_name", "FriendlyName"),
            ("sms_url", "SmsUrl"),
            ("status_callback", "StatusCallback"),
        ):
            if param in visit.form:
                setattr(self, name, field(visit.form, param))
        self.updated = visit.account.now()

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


def _create(visit: Visit) -> Answer:
    number = field(visit.form, "PhoneNumber")
    if not is_phone_number(number):
        raise TwilioError(20001, "PhoneNumber")
    owned = visit.account.own(number)
    owned.change(visit)
    return _shown(owned.to_json(), 201)


def _list(visit: Visit) -> Answer:
    wanted = field(visit.form, "PhoneNumber")
    name = field(visit.form, "FriendlyName")
    numbers = [
        number.to_json()
        for number in visit.account.phone_numbers.values()
        if wanted in number.number and (not name or name == number.friendly_name)
    ]
    path = f"/{API_VERSION}/Accounts/{visit.account.name}/IncomingPhoneNumbers.json"
    return _shown(short_list(visit.form, numbers, key="incoming_phone_numbers", path=path))


def _fetch(visit: Visit) -> Answer:
    return _shown(_number(visit).to_json())


def _update(visit: Visit) -> Answer:
    number = _number(visit)
    number.change(visit)
    return _shown(number.to_json())


def _delete(visit: Visit) -> Answer:
    del visit.account.phone_numbers[_number(visit).sid]
    return Answer(204)


def _number(visit: Visit) -> PhoneNumber:
    number = visit.account.phone_numbers.get(visit.args[0])
    if number is None:
        raise TwilioError(20404, f"/IncomingPhoneNumbers/{visit.args[0]}.json")
    return number


def _shown(value: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, encode(value).encode(), [JSON])


_ALL, _ONE = rf"{API}/IncomingPhoneNumbers\.json", rf"{API}/IncomingPhoneNumbers/([^/.]+)\.json"

ROUTES = [
    Route("incoming_phone_numbers.create", "POST", _ALL, _create),
    Route("incoming_phone_numbers.list", "GET", _ALL, _list),
    Route("incoming_phone_numbers.fetch", "GET", _ONE, _fetch),
    Route("incoming_phone_numbers.update", "POST", _ONE, _update),
    Route("incoming_phone_numbers.delete", "DELETE", _ONE, _delete),
]
