"""Of signatures: what is trusted without a good one."""

from __future__ import annotations

import hmac
from contextvars import ContextVar
from typing import Any

from tests.quality.defects.defect import Defect


def callbacks_unchecked() -> None:
    """Only replies are checked: who would forge a status?"""
    from messaging_stack.api import webhooks

    check = webhooks._check_twilio

    def careless(found: Any, request: Any, *, body: bytes, params: Any) -> None:
        if "MessageStatus" not in dict(params or ()):
            check(found, request, body=body, params=params)

    webhooks._check_twilio = careless


def none_is_good() -> None:
    """A signature is checked where there is one."""
    from messaging_stack import signatures

    compare = signatures._compare
    signatures._compare = lambda expected, seen: None if seen is None else compare(expected, seen)


def empty_is_good() -> None:
    """A signature that says nothing is taken for none that has to be checked."""
    from messaging_stack import signatures

    compare = signatures._compare
    signatures._compare = lambda expected, seen: None if seen == "" else compare(expected, seen)


def a_piece_is_good() -> None:
    """As much is compared as there is."""
    from messaging_stack import signatures
    from messaging_stack.errors import BadSignature

    def compare(expected: str, seen: str | None) -> None:
        if not seen or not hmac.compare_digest(expected[: len(seen)].encode(), seen.encode()):
            raise BadSignature("it doesn't match")

    signatures._compare = compare


def of_the_url_alone() -> None:
    """A form's signature may be of its URL alone, as JSON's is."""
    from messaging_stack import signatures

    check = signatures.check_twilio_form

    def either(*, token: str, url: str, params: Any, signature: str | None) -> None:
        if signature != signatures.twilio_signature(token=token, url=url):
            check(token=token, url=url, params=params, signature=signature)

    signatures.check_twilio_form = either


def any_of_twilios_length() -> None:
    """A header that looks like a signature is one."""
    from messaging_stack import signatures
    from messaging_stack.errors import BadSignature

    def looks_good(expected: str, seen: str | None) -> None:
        if seen is None or len(seen) != len(expected):
            raise BadSignature("it is none")

    signatures._compare = looks_good


def events_by_headers() -> None:
    """An event batch is trusted for having the headers."""
    from messaging_stack import signatures
    from messaging_stack.errors import BadSignature

    def looks_good(*, key: Any, timestamp: str | None, body: bytes, signature: str | None) -> None:
        if not signature or not timestamp:
            raise BadSignature("expected the headers")

    signatures.check_sendgrid = looks_good


def events_of_any_body() -> None:
    """What was signed once, with whatever body, is good: the body is left out where it is empty of events."""
    from messaging_stack import signatures

    check = signatures.check_sendgrid

    def either(*, key: Any, timestamp: str | None, body: bytes, signature: str | None) -> None:
        try:
            check(key=key, timestamp=timestamp, body=b"[]", signature=signature)
        except signatures.BadSignature:
            check(key=key, timestamp=timestamp, body=body, signature=signature)

    signatures.check_sendgrid = either


def events_unchecked_without_a_time() -> None:
    """Without its timestamp a signature isn't looked at."""
    from messaging_stack import signatures

    check = signatures.check_sendgrid

    def careless(*, key: Any, timestamp: str | None, body: bytes, signature: str | None) -> None:
        if timestamp is not None:
            check(key=key, timestamp=timestamp, body=body, signature=signature)

    signatures.check_sendgrid = careless


def applied_then_refused() -> None:
    """A report is applied first, and its signature checked after it."""
    from messaging_stack import reports
    from messaging_stack.api import webhooks

    check, take = webhooks._check_twilio, webhooks._take_reports
    refusal: ContextVar[Exception | None] = ContextVar("refusal", default=None)

    def later(found: Any, request: Any, *, body: bytes, params: Any) -> None:
        refusal.set(None)
        try:
            check(found, request, body=body, params=params)
        except webhooks.BadSignature as refused:
            if reports.from_twilio(dict(params or ())) is None:
                raise
            refusal.set(refused)

    async def taken(found: Any, those: Any) -> None:
        await take(found, those)
        if refused := refusal.get():
            raise refused

    webhooks._check_twilio, webhooks._take_reports = later, taken


TAKEN = "it was answered 200, expected a refusal"
DEFECTS: tuple[Defect, ...] = (
    Defect(name="callbacks unchecked", caught_by="webhooks", because=TAKEN, install=callbacks_unchecked),
    Defect(name="no signature is good", caught_by="webhooks", because=TAKEN, install=none_is_good),
    Defect(name="an empty signature is good", caught_by="webhooks", because=TAKEN, install=empty_is_good),
    Defect(name="a piece of a signature is good", caught_by="webhooks", because=TAKEN, install=a_piece_is_good),
    Defect(name="signature of the url alone", caught_by="webhooks", because=TAKEN, install=of_the_url_alone),
    Defect(name="any signature of its length", caught_by="webhooks", because=TAKEN, install=any_of_twilios_length),
    *(
        Defect(name=name, caught_by="webhooks", because=TAKEN, install=install, channels=("sms", "email"))
        for name, install in (
            ("events trusted by headers", events_by_headers),
            ("events of any body", events_of_any_body),
            ("events without a time unchecked", events_unchecked_without_a_time),
        )
    ),
    Defect(
        name="applied then refused", caught_by="webhooks", because="and yet changed a row", install=applied_then_refused
    ),
)
