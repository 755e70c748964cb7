"""Lookup v2, through the `twilio` package."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from mock_providers.client import Twilio


def test_a_valid_number(client: Client) -> None:
    found = client.lookups.v2.phone_numbers("+14159929960").fetch()
    assert (found.valid, found.validation_errors) == (True, [])
    assert (found.phone_number, found.national_format) == ("+14159929960", "(415) 992-9960")
    assert (found.country_code, found.calling_country_code) == ("US", "1")
    assert found.caller_name is found.line_type_intelligence is found.sim_swap is None


@pytest.mark.parametrize(
    ("number", "error"),
    [
        ("+1415", "TOO_SHORT"),
        ("+1415992996011", "TOO_LONG"),
        ("+11234567890", "INVALID_BUT_POSSIBLE"),
        ("+999123456789", "INVALID_COUNTRY_CODE"),
        ("nonsense", "NOT_A_NUMBER"),
        ("+", "NOT_A_NUMBER"),
        ("+3531", "TOO_SHORT"),
    ],
)
def test_an_invalid_number_is_no_error(client: Client, number: str, error: str) -> None:
    found = client.lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")
    assert (found.valid, found.validation_errors) == (False, [error])
    assert found.line_type_intelligence is None


@pytest.mark.parametrize(
    ("given", "country", "number", "shown"),
    [
        ("(415) 992-9960", "", "+14159929960", "US"),
        ("030 123456", "DE", "+4930123456", "DE"),
        ("07700 900123", "gb", "+447700900123", "GB"),
        ("416-555-0123", "CA", "+14165550123", "CA"),
        ("+8763456789", "", "+8763456789", None),
        ("876 555 0123", "JM", "+18765550123", "JM"),
        ("06 12 34 56 78", "FR", "+33612345678", "FR"),
    ],
)
def test_a_number_as_it_is_dialled(client: Client, given: str, country: str, number: str, shown: str | None) -> None:
    options = {"country_code": country} if country else {}
    found = client.lookups.v2.phone_numbers(given).fetch(**options)
    assert (found.phone_number, found.country_code) == (number, shown)


@pytest.mark.parametrize(
    ("number", "line"),
    [
        ("+15552340001", "mobile"),
        ("+18005550123", "tollFree"),
        ("+19005550123", "premium"),
        ("+447700900123", "mobile"),
        ("+441632960123", "landline"),
        ("+4915123456789", "mobile"),
        ("+493012345678", "landline"),
        ("+33912345678", "nonFixedVoip"),
        ("+919812345678", "mobile"),
        ("+67012345678", "unknown"),
    ],
)
def test_the_kind_of_line(client: Client, number: str, line: str) -> None:
    found = client.lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence,caller_name")
    assert isinstance(found.line_type_intelligence, dict)
    assert found.line_type_intelligence["type"] == line
    assert isinstance(found.caller_name, dict)
    assert found.caller_name["caller_name"] is None


def test_what_an_account_says_of_a_number(client: Client, twilio: Twilio) -> None:
    twilio.change(
        lookups=[
            {"to": "+1555*1", "line_type": "landline", "carrier": "Acme Tel", "caller_name": "ADA"},
            {"to": "+1555*2", "valid": False},
        ]
    )
    found = client.lookups.v2.phone_numbers("+15552340001").fetch(fields="line_type_intelligence,caller_name,sim_swap")
    assert isinstance(found.line_type_intelligence, dict)
    assert (found.line_type_intelligence["type"], found.line_type_intelligence["carrier_name"]) == (
        "landline",
        "Acme Tel",
    )
    assert isinstance(found.caller_name, dict)
    assert found.caller_name["caller_name"] == "ADA"
    assert isinstance(found.sim_swap, dict)
    assert found.sim_swap["error_code"] == 60606
    invalid = client.lookups.v2.phone_numbers("+15552340002").fetch()
    assert (invalid.valid, invalid.validation_errors) == (False, ["INVALID_BUT_POSSIBLE"])


@pytest.mark.parametrize("options", [{"fields": "line_type_intelligence,horoscope"}, {"country_code": "XX"}])
def test_what_cant_be_asked(client: Client, options: dict[str, str]) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.lookups.v2.phone_numbers("+15552340001").fetch(**options)
    assert (refused.value.status, refused.value.code) == (400, 20001)
