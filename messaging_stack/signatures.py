"""Whether a webhook really comes from the provider. Pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit, urlunsplit

from messaging_stack.errors import BadSignature, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


def twilio_signature(*, token: str, url: str, params: Iterable[tuple[str, str]] = ()) -> str:
    """X-Twilio-Signature: the URL and every distinct name and value, in order of names, then of values."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.new(token.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def check_twilio_form(*, token: str, url: str, params: Iterable[tuple[str, str]], signature: str | None) -> None:
    """Checks a form's signature; raises BadSignature."""
    _require_token(token)
    _compare(twilio_signature(token=token, url=without_userinfo(url), params=params), signature)


def check_twilio_json(*, token: str, url: str, body: bytes, signature: str | None) -> None:
    """Checks a JSON body's signature: the URL carries the body's hash, and is what is signed; raises BadSignature."""
    _require_token(token)
    claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    if not hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), claimed.encode("utf-8", "replace")):
        raise BadSignature("the URL's bodySHA256 is not the body's")
    _compare(twilio_signature(token=token, url=without_userinfo(url)), signature)


def without_userinfo(url: str) -> str:
    """The URL as Twilio signs it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _require_token(token: str) -> None:
    if not token:
        raise BadSignature("no webhook of Twilio can be trusted while TWILIO_AUTH_TOKEN is not set")


def _compare(expected: str, seen: str | None) -> None:
    if seen is None:
        raise BadSignature("expected the header X-Twilio-Signature")
    if not hmac.compare_digest(expected.encode(), seen.encode("utf-8", "replace")):
        raise BadSignature("X-Twilio-Signature doesn't match: check TWILIO_AUTH_TOKEN and PUBLIC_URL")


def sendgrid_key(text: str) -> EllipticCurvePublicKey:
    """The public key from the base64 that SendGrid shows; raises SettingsError."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise SettingsError(f"SENDGRID_WEBHOOK_PUBLIC_KEY is no base64 SPKI public key: {error}") from None
    if not isinstance(key, EllipticCurvePublicKey):
        raise SettingsError("SENDGRID_WEBHOOK_PUBLIC_KEY is no elliptic-curve key")
    return key


def check_sendgrid(
    *, key: EllipticCurvePublicKey | None, timestamp: str | None, body: bytes, signature: str | None
) -> None:
    """Checks the Event Webhook's signature over the timestamp and the exact bytes of the body; raises BadSignature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    if key is None:
        raise BadSignature("no event of SendGrid can be trusted while SENDGRID_WEBHOOK_PUBLIC_KEY is not set")
    if signature is None or timestamp is None:
        raise BadSignature("expected the headers X-Twilio-Email-Event-Webhook-Signature and -Timestamp")
    try:
        key.verify(
            base64.b64decode(signature, validate=True), timestamp.encode("utf-8", "replace") + body, ECDSA(SHA256())
        )
    except (InvalidSignature, binascii.Error, ValueError):
        raise BadSignature("the Event Webhook's signature doesn't match: check SENDGRID_WEBHOOK_PUBLIC_KEY") from None
