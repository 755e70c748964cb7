"""Webhook signatures, against the vendors' vectors and validators, and against tampering."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from messaging_stack import signatures
from messaging_stack.errors import BadSignature, SettingsError

TOKEN = "12345"
URL = "https://example.com/myapp.php?foo=1&bar=2"
PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675310"),
    ("Digits", "1234"),
    ("From", "+14158675310"),
    ("To", "+18005551212"),
]
text = st.text(st.characters(codec="utf-8"), max_size=20)
forms = st.lists(st.tuples(text.filter(bool), text), max_size=8)


def test_twilios_own_vector() -> None:
    assert signatures.twilio_signature(token=TOKEN, url=URL, params=PARAMS) == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    signatures.check_twilio_form(token=TOKEN, url=URL, params=PARAMS, signature="L/OH5YylLD5NRKLltdqwSvS0BnU=")


@settings(max_examples=60)
@given(form=forms)
def test_twilios_validator_agrees(form: list[tuple[str, str]]) -> None:
    ours = signatures.twilio_signature(token=TOKEN, url=URL, params=form)
    assert RequestValidator(TOKEN).compute_signature(URL, MultiDict(form)) == ours


@given(form=forms.filter(bool), where=st.integers(min_value=0))
def test_a_changed_form_is_refused(form: list[tuple[str, str]], where: int) -> None:
    signature = signatures.twilio_signature(token=TOKEN, url=URL, params=form)
    index = where % len(form)
    changed = [*form[:index], (form[index][0], form[index][1] + "x"), *form[index + 1 :]]
    if set(changed) != set(form) and signatures.twilio_signature(token=TOKEN, url=URL, params=changed) != signature:
        with pytest.raises(BadSignature):
            signatures.check_twilio_form(token=TOKEN, url=URL, params=changed, signature=signature)


def test_userinfo_is_not_signed() -> None:
    signature = signatures.twilio_signature(token=TOKEN, url="https://example.com:8443/a", params=PARAMS)
    signatures.check_twilio_form(token=TOKEN, url="https://u:p@example.com:8443/a", params=PARAMS, signature=signature)


@pytest.mark.parametrize(
    ("token", "signature", "says"),
    [
        (TOKEN, None, "expected the header"),
        (TOKEN, "nonsense", "doesn't match"),
        (TOKEN, "é", "doesn't match"),
        ("", "x", "TOKEN is not set"),
    ],
)
def test_twilio_refusals_say_why(token: str, signature: str | None, says: str) -> None:
    with pytest.raises(BadSignature, match=says):
        signatures.check_twilio_form(token=token, url=URL, params=PARAMS, signature=signature)


def test_a_json_body_is_signed_by_its_hash_in_the_url() -> None:
    body = b'{"CallSid":"CA1234567890ABCDE","Caller":"+12349013030"}'
    digest = "5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9"
    assert hashlib.sha256(body).hexdigest() == digest
    url = f"https://example.com/hook?bodySHA256={digest}"
    signature = signatures.twilio_signature(token=TOKEN, url=url)
    signatures.check_twilio_json(token=TOKEN, url=url, body=body, signature=signature)
    with pytest.raises(BadSignature, match="bodySHA256"):
        signatures.check_twilio_json(token=TOKEN, url=url, body=body + b" ", signature=signature)


KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def sign(timestamp: str, body: bytes) -> str:
    return base64.b64encode(KEY.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=200), extra=st.binary(min_size=1, max_size=3))
def test_sendgrids_signature_covers_the_exact_bytes(body: bytes, extra: bytes) -> None:
    key = signatures.sendgrid_key(PUBLIC)
    signature = sign("1700000000", body)
    signatures.check_sendgrid(key=key, timestamp="1700000000", body=body, signature=signature)
    for timestamp, seen in (("1700000000", body + extra), ("1700000001", body)):
        with pytest.raises(BadSignature, match="doesn't match"):
            signatures.check_sendgrid(key=key, timestamp=timestamp, body=seen, signature=signature)


@pytest.mark.parametrize(
    ("with_key", "signature", "says"),
    [
        (False, "x", "PUBLIC_KEY is not set"),
        (True, None, "expected the headers"),
        (True, "not base64!", "doesn't match"),
    ],
)
def test_sendgrid_refusals_say_why(with_key: bool, signature: str | None, says: str) -> None:
    key = signatures.sendgrid_key(PUBLIC) if with_key else None
    with pytest.raises(BadSignature, match=says):
        signatures.check_sendgrid(key=key, timestamp="1", body=b"[]", signature=signature)


def test_a_wrong_public_key_is_a_bad_setting() -> None:
    other = rsa.generate_private_key(65537, 2048).public_key()
    wrong_kind = base64.b64encode(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    for value in ("nonsense", wrong_kind):
        with pytest.raises(SettingsError, match="SENDGRID_WEBHOOK_PUBLIC_KEY"):
            signatures.sendgrid_key(value)
