"""One of Twilio's webhooks as it goes out: its method, its signature, and what its URL says of the connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from mock_providers.at_once import AtOnce
from mock_providers.faults.webhook import WebhookFault
from mock_providers.own_body import OwnBody
from mock_providers.spoilt import Signature, cut
from mock_providers.twilio.overrides import limits_of, retries_of, split
from mock_providers.twilio.signature import Params, sign_body, sign_form
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.webhooks import Webhook

ELSEWHERE = "https://elsewhere.example.com/webhooks"
"""What was signed where a signature is of another URL."""


def make_webhook(
    account: TwilioAccount,
    kind: str,
    url: str,
    params: dict[str, str],
    *,
    message: str,
    fault: WebhookFault,
    signature: Signature,
    method: str = "POST",
    text: str | None = None,
    at_once: AtOnce | None = None,
    own: OwnBody | None = None,
    report: str | None = None,
) -> Webhook:
    """A webhook, signed. With GET a form is the URL's query, and what is signed is that URL alone; JSON is posted."""
    own = own or OwnBody(content=params, format="form")
    if fault.signature is not None:
        signature = "tampered" if fault.signature == "tampered" else "missing"
    url, fragment = split(url)
    headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "I-Twilio-Idempotency-Token": str(uuid4())}
    form, body = own.form, own.written()
    if method == "GET" and form is not None:
        url, body = with_query(url, form), b""
        form = {}
    else:
        method = "POST"
        headers["Content-Type"] = own.type
    if signature != "missing":
        url = _sign(account, url, form, body, headers=headers, signature=signature)
    extra: dict[str, Any] = {"signature": signature}
    if report is not None:
        extra["report"] = report
    if method != "POST":
        extra["method"] = method
    if fragment:
        extra["overrides"] = fragment[:200]
    return Webhook(
        provider="twilio",
        account=account.name,
        kind=kind,
        url=url,
        body=body,
        headers=headers,
        method=method,
        message=message,
        to=params["To"],
        sender=params["From"],
        text=text,
        params=own.content,
        extra=extra,
        fault=fault,
        at_once=at_once,
        limits=limits_of(fragment),
        retries=retries_of(fragment),
    )


def with_query(url: str, form: Params) -> str:
    """The URL with a form's fields added to its query."""
    query = urlencode(form, doseq=True)
    separator = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{separator}{query}"


def _sign(
    account: TwilioAccount, url: str, form: Params | None, body: bytes, *, headers: dict[str, str], signature: Signature
) -> str:
    """Adds the signature to the headers; gives the URL, which has the hash of a body that is no form."""
    secret, algorithm = account.settings.auth_token, "sha1"
    if account.settings.shared_key is not None:
        (key, secret), algorithm = account.settings.shared_key, "sha256"
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={key},algorithm=HMAC_SHA256"
    # JSON's URL has the hash of the body, so what is tampered with must be the signature itself
    if signature == "other-key" or (form is None and signature == "tampered"):
        secret = f"{secret}tampered"
    signed_url = ELSEWHERE if signature == "other-url" else url
    if form is None:
        signed_body = b"{}" if signature == "other-body" else body
        hashed, made = sign_body(secret, signed_url, signed_body, algorithm=algorithm)
        url = sign_body(secret, url, signed_body, algorithm=algorithm)[0] if signature == "other-url" else hashed
    else:
        signed = {"tampered": {**form, "AccountSid": "tampered"}, "other-body": {}}.get(signature, form)
        made = sign_form(secret, signed_url, signed, algorithm=algorithm)
    headers["X-Twilio-Signature"] = cut(made, signature)
    return url
