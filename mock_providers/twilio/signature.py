"""Twilio's webhook signatures."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit, urlunsplit

Params = Mapping[str, str | list[str]]


def sign_form(secret: str, url: str, params: Params, *, algorithm: str = "sha1") -> str:
    """The signature of a form: over the URL and every name and value, names sorted, repeats once each."""
    text = without_userinfo(url)
    for name in sorted(params):
        value = params[name]
        values: Iterable[str] = [value] if isinstance(value, str) else sorted(set(value))
        text += "".join(f"{name}{one}" for one in values)
    return _sign(secret, text, algorithm)


def sign_body(secret: str, url: str, body: bytes, *, algorithm: str = "sha1") -> tuple[str, str]:
    """The URL with the body's hash added (`bodySHA256=`), and the signature of that URL alone."""
    separator = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    hashed = f"{url}{separator}bodySHA256={hashlib.sha256(body).hexdigest()}"
    return hashed, _sign(secret, without_userinfo(hashed), algorithm)


def without_userinfo(url: str) -> str:
    """The URL as it is signed: user and password are dropped, the port is kept."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _sign(secret: str, text: str, algorithm: str) -> str:
    return b64encode(hmac.new(secret.encode(), text.encode(), algorithm).digest()).decode()
