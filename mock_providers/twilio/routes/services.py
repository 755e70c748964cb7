"""Messaging Services: their sender pools, under `/v1/Services`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from mock_providers.asgi import Answer, field
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.paging import v1_page
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.message import encode

if TYPE_CHECKING:
    from mock_providers.twilio.state.account import TwilioAccount

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


class Service:
    """One Messaging Service; `pool` are the SIDs of its phone numbers, in the order they were added."""

    def __init__(self, sid: str, *, account_sid: str, now: float) -> None:
        self.sid = sid
        self.account_sid = account_sid
        self.created = now
        self.updated = now
        self.settings: dict[str, Any] = {name: default for name, (_, default) in _SETTINGS.items()}
        self.pool: dict[str, float] = {}

    def change(self, visit: Visit) -> None:
        for name, (param, default) in _SETTINGS.items():
            if param in visit.form:
                value: Any = field(visit.form, param)
                if isinstance(default, bool):
                    value = value.lower() == "true"
                elif isinstance(default, int):
                    value = int(value) if value.isdigit() and value.isascii() else default
                self.settings[name] = value
        self.updated = visit.account.now()

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


def sender_from(account: TwilioAccount, service: Service, to: str) -> str:
    """The pool's sender for a recipient, the same one each time; raises 21703 or 21704 if there is none."""
    if not service.pool:
        raise TwilioError(21704)
    numbers = [account.phone_numbers[sid].number for sid in service.pool if sid in account.phone_numbers]
    usable = [number for number in numbers if number != to]
    if not usable:
        raise TwilioError(21703)
    return usable[crc32(to.encode()) % len(usable)]


def _create(visit: Visit) -> Answer:
    if not field(visit.form, "FriendlyName"):
        raise TwilioError(20001, "FriendlyName is required")
    account = visit.account
    service = Service(account.sid("MG"), account_sid=account.name, now=account.now())
    service.change(visit)
    account.services[service.sid] = service
    return _shown(visit, service.to_json(visit.base), 201)


def _list(visit: Visit) -> Answer:
    services = [service.to_json(visit.base) for service in reversed(visit.account.services.values())]
    return _shown(visit, v1_page(visit, services, key="services", path="/v1/Services"))


def _fetch(visit: Visit) -> Answer:
    return _shown(visit, _service(visit).to_json(visit.base))


def _update(visit: Visit) -> Answer:
    service = _service(visit)
    service.change(visit)
    return _shown(visit, service.to_json(visit.base))


def _delete(visit: Visit) -> Answer:
    del visit.account.services[_service(visit).sid]
    return Answer(204)


def _add_number(visit: Visit) -> Answer:
    service, sid = _service(visit), field(visit.form, "PhoneNumberSid")
    if sid not in visit.account.phone_numbers:
        raise TwilioError(20404, f"PhoneNumber {sid}")
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


def iso8601(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
