"""IncomingPhoneNumbers: acquiring, listing, changing and releasing the numbers of an account."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.numbers import is_phone_number
from mock_providers.twilio.routes.paging import short_list
from mock_providers.twilio.routes.visit import API, Route, Visit
from mock_providers.twilio.state.message import API_VERSION, encode
from mock_providers.twilio.state.phone_number import PhoneNumber


def _create(visit: Visit) -> Answer:
    number = field(visit.form, "PhoneNumber")
    if not is_phone_number(number):
        raise TwilioError(21421, number[:100])
    known = visit.account.owned(number)
    owned = known if known is not None else visit.account.own(number)
    try:
        owned.change(visit.form, now=visit.account.now())
    except TwilioError:
        if known is None:
            visit.account.release(owned)
        raise
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
    number.change(visit.form, now=visit.account.now())
    return _shown(number.to_json())


def _delete(visit: Visit) -> Answer:
    visit.account.release(_number(visit))
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
