"""Messaging Services and the numbers in their sender pools, under `/v1/Services`."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.paging import v1_page
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.message import encode
from mock_providers.twilio.state.service import Service, iso8601


def _create(visit: Visit) -> Answer:
    if not field(visit.form, "FriendlyName"):
        raise TwilioError(20001, "FriendlyName is required")
    account = visit.account
    service = Service(account.sid("MG"), account_sid=account.name, now=account.now())
    service.change(visit.form, now=account.now())
    account.services[service.sid] = service
    return _shown(visit, service.to_json(visit.base), 201)


def _list(visit: Visit) -> Answer:
    services = [service.to_json(visit.base) for service in reversed(visit.account.services.values())]
    return _shown(visit, v1_page(visit, services, key="services", path="/v1/Services"))


def _fetch(visit: Visit) -> Answer:
    return _shown(visit, _service(visit).to_json(visit.base))


def _update(visit: Visit) -> Answer:
    service = _service(visit)
    service.change(visit.form, now=visit.account.now())
    return _shown(visit, service.to_json(visit.base))


def _delete(visit: Visit) -> Answer:
    del visit.account.services[_service(visit).sid]
    return Answer(204)


def _add_number(visit: Visit) -> Answer:
    service, sid = _service(visit), field(visit.form, "PhoneNumberSid")
    if sid not in visit.account.phone_numbers:
        raise TwilioError(20404, f"PhoneNumber {sid}")
    if sid in service.pool:
        raise TwilioError(21710)
    if any(sid in other.pool for other in visit.account.services.values()):
        raise TwilioError(21712)
    service.pool[sid] = visit.account.now()
    return _shown(visit, _pool_number(visit, service, sid), 201)


def _list_numbers(visit: Visit) -> Answer:
    service = _service(visit)
    numbers = [_pool_number(visit, service, sid) for sid in service.pool]
    return _shown(visit, v1_page(visit, numbers, key="phone_numbers", path=f"/v1/Services/{service.sid}/PhoneNumbers"))


def _fetch_number(visit: Visit) -> Answer:
    service, sid = _pooled(visit)
    return _shown(visit, _pool_number(visit, service, sid))


def _remove_number(visit: Visit) -> Answer:
    service, sid = _pooled(visit)
    del service.pool[sid]
    return Answer(204)


def _service(visit: Visit) -> Service:
    service = visit.account.services.get(visit.args[0])
    if service is None:
        raise TwilioError(20404, f"/Services/{visit.args[0]}")
    return service


def _pooled(visit: Visit) -> tuple[Service, str]:
    service, sid = _service(visit), visit.args[1]
    if sid not in service.pool or sid not in visit.account.phone_numbers:
        raise TwilioError(20404, f"/Services/{service.sid}/PhoneNumbers/{sid}")
    return service, sid


def _pool_number(visit: Visit, service: Service, sid: str) -> dict[str, Any]:
    number = visit.account.phone_numbers[sid]
    added = iso8601(service.pool[sid])
    return {
        "sid": sid,
        "account_sid": visit.account.name,
        "service_sid": service.sid,
        "phone_number": number.number,
        "country_code": number.country,
        "capabilities": ["MMS", "SMS", "Voice"],
        "date_created": added,
        "date_updated": added,
        "url": f"{visit.base}/v1/Services/{service.sid}/PhoneNumbers/{sid}",
    }


def _shown(_: Visit, value: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, encode(value).encode(), [JSON])


_ONE = r"/v1/Services/([^/]+)"

ROUTES = [
    Route("services.create", "POST", r"/v1/Services", _create),
    Route("services.list", "GET", r"/v1/Services", _list),
    Route("services.fetch", "GET", _ONE, _fetch),
    Route("services.update", "POST", _ONE, _update),
    Route("services.delete", "DELETE", _ONE, _delete),
    Route("services.phone_numbers.create", "POST", rf"{_ONE}/PhoneNumbers", _add_number),
    Route("services.phone_numbers.list", "GET", rf"{_ONE}/PhoneNumbers", _list_numbers),
    Route("services.phone_numbers.fetch", "GET", rf"{_ONE}/PhoneNumbers/([^/]+)", _fetch_number),
    Route("services.phone_numbers.delete", "DELETE", rf"{_ONE}/PhoneNumbers/([^/]+)", _remove_number),
]
