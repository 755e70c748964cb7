"""The magic numbers of test credentials."""

from __future__ import annotations

from mock_providers.twilio.errors import TwilioError

_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
ACCEPTED = "+15005550006"


def check(to: str, sender: str | None) -> None:
    """Raises what a test credential gets for these numbers."""
    if sender is None:
        raise TwilioError(20008)
    if sender != ACCEPTED:
        raise TwilioError(_FROM.get(sender, 21606), sender)
    if to in _TO:
        raise TwilioError(_TO[to], to)
