"""Lookup v2: what is known of a phone number, under `/v2/PhoneNumbers`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from mock_providers.asgi import Answer, field
from mock_providers.twilio.dialling import Number, code_of, read_number
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.lookups import Known
from mock_providers.twilio.state.message import encode

PACKAGES = (
    "caller_name", "sim_swap", "call_forwarding", "line_status", "line_type_intelligence", "identity_match",
    "reassigned_number", "sms_pumping_risk", "phone_number_quality_score", "pre_fill",
)  # fmt: skip
"""What can be asked for besides the format and the validity."""
NOT_ENABLED = 60606
"""What a package says that the account doesn't have."""


def _fetch(visit: Visit) -> Answer:
    asked = {name.strip() for name in field(visit.form, "Fields").split(",") if name.strip()}
    unknown = sorted(asked - {*PACKAGES, "validation"})
    if unknown:
        raise TwilioError(20001, f"Fields: {unknown[0][:100]} is none of {', '.join(PACKAGES)}")
    country = field(visit.form, "CountryCode")
    if country and code_of(country) is None:
        raise TwilioError(20001, f"CountryCode: {country[:100]}")
    number = read_number(visit.args[0], country=country)
    known = next((one for one in visit.account.settings.lookups if one.meets(number.e164)), None)
    valid = not number.errors and (known is None or known.valid)
    shown: dict[str, Any] = {
        "calling_country_code": number.calling_code,
        "country_code": number.country,
        "phone_number": number.e164,
        "national_format": number.national,
        "valid": valid,
        "validation_errors": list(number.errors) if valid or number.errors else ["INVALID_BUT_POSSIBLE"],
        **dict.fromkeys(PACKAGES),
        "url": f"{visit.base}/v2/PhoneNumbers/{quote(number.e164, safe='+')}",
    }
    if valid:
        shown |= {name: _package(name, number, known) for name in asked & set(PACKAGES)}
    return Answer(200, encode(shown).encode(), [JSON])


def _package(name: str, number: Number, known: Known | None) -> dict[str, Any]:
    if name == "line_type_intelligence":
        return {
            "error_code": None,
            "mobile_country_code": None,
            "mobile_network_code": None,
            "carrier_name": known.carrier if known is not None else None,
            "type": known.line_type if known is not None and known.line_type else number.line_type,
        }
    if name == "caller_name":
        called = known.caller_name if known is not None else None
        return {"caller_name": called, "caller_type": None, "error_code": None}
    return {"error_code": NOT_ENABLED}


ROUTES = [Route("lookups.fetch", "GET", r"/v2/PhoneNumbers/([^/]+)", _fetch)]
