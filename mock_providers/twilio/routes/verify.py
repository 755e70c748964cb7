"""Verify v2: services, verifications and the checks of their codes, under `/v2/Services`."""

from __future__ import annotations

import re
from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.twilio.dialling import read_number
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.numbers import normal_recipient
from mock_providers.twilio.routes.paging import v1_page
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.message import encode
from mock_providers.twilio.state.verify import CHANNELS, CODE_LENGTHS, Sent, Verification, VerifyService

_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")
_CODE = re.compile(r"[0-9A-Za-z]{4,10}")


def _create_service(visit: Visit) -> Answer:
    account = visit.account
    if not field(visit.form, "FriendlyName"):
        raise TwilioError(60200, "FriendlyName is required")
    service = VerifyService(account.sid("VA"), account_sid=account.name, now=account.now())
    service.change(visit.form, now=account.now())
    account.verify.services[service.sid] = service
    return _shown(service.to_json(visit.base), 201)


def _list_services(visit: Visit) -> Answer:
    services = [service.to_json(visit.base) for service in reversed(visit.account.verify.services.values())]
    return _shown(v1_page(visit, services, key="services", path="/v2/Services"))


def _fetch_service(visit: Visit) -> Answer:
    return _shown(_service(visit).to_json(visit.base))


def _update_service(visit: Visit) -> Answer:
    service = _service(visit)
    service.change(visit.form, now=visit.account.now())
    return _shown(service.to_json(visit.base))


def _delete_service(visit: Visit) -> Answer:
    del visit.account.verify.services[_service(visit).sid]
    return Answer(204)


def _create(visit: Visit) -> Answer:
    """Makes a verification, or sends the code of the one that still waits once more."""
    service, account, form = _service(visit), visit.account, visit.form
    channel = field(form, "Channel")
    if channel not in CHANNELS:
        raise TwilioError(60200, f"Channel: {channel[:40] or 'missing'}; expected one of {', '.join(CHANNELS)}")
    to = _recipient(field(form, "To"), channel)
    _check_line(visit, service, to, channel)
    custom = _custom_code(service, field(form, "CustomCode"))
    now = account.now()
    verification = account.verify.pending(service.sid, to, now=now)
    if verification is None:
        code = custom or "".join(str(account.rng.randrange(10)) for _ in range(service.code_length))
        verification = Verification(
            account.sid("VE"), service_sid=service.sid, account_sid=account.name, to=to, code=code, now=now
        )
        verification.send(Sent(account.sid("VL"), channel, now))
        account.verify.add(verification)
    else:
        verification.send(Sent(account.sid("VL"), channel, now))
        verification.code = custom or verification.code
    name = field(form, "CustomFriendlyName") or service.friendly_name
    visit.webhooks.note_code(
        account, verification, channel=channel, text=f"Your {name} verification code is: {verification.code}"
    )
    return _shown(verification.to_json(visit.base, now), 201, verification)


def _fetch(visit: Visit) -> Answer:
    verification = _verification(visit)
    return _shown(verification.to_json(visit.base, visit.account.now()), 200, verification)


def _update(visit: Visit) -> Answer:
    verification, status = _verification(visit), field(visit.form, "Status")
    if status not in {"approved", "canceled"}:
        raise TwilioError(60200, f"Status: {status[:40] or 'missing'}; expected approved or canceled")
    verification.end(status, now=visit.account.now())
    return _shown(verification.to_json(visit.base, visit.account.now()), 200, verification)


def _check(visit: Visit) -> Answer:
    service, form, now = _service(visit), visit.form, visit.account.now()
    code, name = field(form, "Code"), field(form, "VerificationSid") or field(form, "To")
    if not name:
        raise TwilioError(60200, "either 'To' or 'VerificationSid' is required")
    if not _CODE.fullmatch(code):
        raise TwilioError(60200, "Code")
    found = visit.account.verify.pending(service.sid, _named(name), now=now)
    if found is None:
        raise TwilioError(20404, f"/Services/{service.sid}/VerificationCheck")
    visit.webhooks.note_check(visit.account, found, right=found.check(code, now=now))
    return _shown({**found.common(now), "sna_attempts_error_codes": []}, 200, found)


def _recipient(given: str, channel: str) -> str:
    if channel == "email":
        if not _MAIL.fullmatch(given):
            raise TwilioError(60200, f"To: {given[:100] or 'missing'}")
        return given
    number = normal_recipient(given.removeprefix("whatsapp:")) if channel == "whatsapp" else normal_recipient(given)
    if number is None or not number.startswith("+"):
        raise TwilioError(60200, f"To: {given[:100] or 'missing'}")
    return number


def _named(name: str) -> str:
    """A recipient as verifications are kept by, or a SID as it is."""
    return normal_recipient(name.removeprefix("whatsapp:")) or name


def _check_line(visit: Visit, service: VerifyService, to: str, channel: str) -> None:
    if channel != "sms" or not service.settings["skip_sms_to_landlines"]:
        return
    known = next((one for one in visit.account.settings.lookups if one.meets(to)), None)
    line = known.line_type if known is not None and known.line_type else read_number(to).line_type
    if line == "landline":
        raise TwilioError(60205)


def _custom_code(service: VerifyService, given: str) -> str:
    if given and not service.settings["custom_code_enabled"]:
        raise TwilioError(60204)
    if given and not _CODE.fullmatch(given):
        raise TwilioError(60200, f"CustomCode: {CODE_LENGTHS.start} to {CODE_LENGTHS.stop - 1} letters or digits")
    return given


def _service(visit: Visit) -> VerifyService:
    service = visit.account.verify.services.get(visit.args[0])
    if service is None:
        raise TwilioError(20404, f"/Services/{visit.args[0]}")
    return service


def _verification(visit: Visit) -> Verification:
    service, name = _service(visit), visit.args[1]
    found = visit.account.verify.pending(service.sid, _named(name), now=visit.account.now())
    if found is None:
        raise TwilioError(20404, f"/Services/{service.sid}/Verifications/{name}")
    return found


def _shown(value: dict[str, Any], status: int = 200, verification: Verification | None = None) -> Answer:
    return Answer(
        status, encode(value).encode(), [JSON], message=verification.sid if verification is not None else None
    )


_ONE = r"/v2/Services/([^/]+)"

ROUTES = [
    Route("verify.services.create", "POST", r"/v2/Services", _create_service),
    Route("verify.services.list", "GET", r"/v2/Services", _list_services),
    Route("verify.services.fetch", "GET", _ONE, _fetch_service),
    Route("verify.services.update", "POST", _ONE, _update_service),
    Route("verify.services.delete", "DELETE", _ONE, _delete_service),
    Route("verify.verifications.create", "POST", rf"{_ONE}/Verifications", _create),
    Route("verify.verifications.fetch", "GET", rf"{_ONE}/Verifications/([^/]+)", _fetch),
    Route("verify.verifications.update", "POST", rf"{_ONE}/Verifications/([^/]+)", _update),
    Route("verify.checks.create", "POST", rf"{_ONE}/VerificationCheck", _check),
]
