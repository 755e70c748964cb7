"""The contract's golden vectors, and that the official validators agree with our signatures."""

from __future__ import annotations

import json

import pytest
from twilio.request_validator import RequestValidator

from mock_providers.twilio.segments import count_segments
from mock_providers.twilio.signature import sign_body, sign_form, without_userinfo

URL = "https://example.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "From": "+14158675310",
    "Digits": "1234",
    "To": "+18005551212",
}


def test_the_form_vector() -> None:
    assert sign_form("12345", URL, PARAMS) == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert RequestValidator("12345").validate(URL, PARAMS, "L/OH5YylLD5NRKLltdqwSvS0BnU=")


def test_the_json_vector() -> None:
    body = json.dumps({"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030"}, separators=(",", ":"))
    url, signature = sign_body("12345", URL, body.encode())
    assert "5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9" in url
    assert RequestValidator("12345").validate(url, body, signature)
    assert not RequestValidator("12345").validate(url, body + " ", signature)


def test_userinfo_is_dropped_and_the_port_kept() -> None:
    assert without_userinfo("https://user:pass@example.com:8443/a?b=c@d") == "https://example.com:8443/a?b=c@d"


def test_repeated_values_are_signed_once_and_sorted() -> None:
    params = {"A": ["b", "a", "b"]}

    class MultiDict(dict):  # type: ignore[type-arg]
        def getall(self, name: str) -> list[str]:
            return params[name]

    assert RequestValidator("t").validate(URL, MultiDict(params), sign_form("t", URL, params))


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 159 + "^", "GSM-7", 2),
        ("é" * 70, "GSM-7", 1),
        ("ê" * 70, "UCS-2", 1),
        ("ê" * 71, "UCS-2", 2),
        ("ê" * 134, "UCS-2", 2),
        ("ê" * 135, "UCS-2", 3),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
    ],
)
def test_segments(text: str, encoding: str, count: int) -> None:
    counted = count_segments(text)
    assert (counted.encoding, counted.count) == (encoding, count)
