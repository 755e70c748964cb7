"""Keeps secrets out of journals and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from mock_providers.asgi import Form
from mock_providers.secret_text import hide, is_secret

HIDDEN = "[redacted]"

_SECRET_HEADERS = frozenset(
    (b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"x-mock-token", b"x-twilio-token")
)
DEEPEST = 200
"""Lists and objects in each other that are looked into; deeper ones are hidden."""
_CONTENT = frozenset(
    (
        *("Body", "ContentVariables", "attachments", "content", "dynamic_template_data", "html", "html_content"),
        *("plain_content", "subject", "substitutions", "text"),
    )
)
"""What a message says: tests compare it."""
_NO_SECRETS = frozenset(("PageToken",))
_USERINFO = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")
# a parameter ends where the next one begins, so that none is read twice
_PARAMETER = re.compile(r"([?&])([^?&=#]++)=([^&#\s]++)")
_SECRET = re.compile(r"token|secret|key|pass|pwd|auth|sig|credential", re.IGNORECASE)


def url(value: str) -> str:
    """A URL without its userinfo and without the values of query parameters that look secret."""
    if "@" in value:
        value = _USERINFO.sub(f"{HIDDEN}@", value)
    if "?" in value:
        value = _PARAMETER.sub(_parameter, value)
    return value


def _parameter(found: re.Match[str]) -> str:
    mark, name, _ = found.groups()
    return f"{mark}{name}={HIDDEN}" if _SECRET.search(name) else found[0]


def form(given: Form) -> Form:
    """A form without the secrets of its fields; what a message says stays, but for the secrets of URLs."""
    return {name: _field(name, one) for name, one in given.items()}


def _field(name: str, given: str | list[str]) -> str | list[str]:
    if isinstance(given, list):
        return [str(_field(name, one)) for one in given]
    if name in _CONTENT:
        return url(given)
    if given and is_secret(name) and name not in _NO_SECRETS:
        return HIDDEN
    return text(given)


def may_have(given: str) -> bool:
    """Whether a JSON text may have a secret in it; false only where it surely has none."""
    small = given.lower()
    # one by one: this is asked of every mail, and a loop would take longer than the looking does
    return (
        "pass" in small
        or "pwd" in small
        or "secret" in small
        or "token" in small
        or "key" in small
        or "cred" in small
        or "cookie" in small
        or "author" in small
        or ("://" in given and _USERINFO.search(given) is not None)
    )


def json_value(given: Any, *, depth: int = 0) -> Any:
    """A decoded JSON value without secrets: what stands under a secret name, and what a text has of them.

    The text of a message, and the data that it is filled in with, stay as they were sent. An equal value comes back
    where nothing is hidden.
    """
    if isinstance(given, str):
        return text(given)
    if isinstance(given, list | dict) and depth >= DEEPEST:
        return HIDDEN
    if isinstance(given, list):
        return [json_value(one, depth=depth + 1) for one in given]
    if not isinstance(given, dict):
        return given
    kept = {}
    for name, one in given.items():
        if name in _CONTENT:
            kept[name] = one
        elif one and not isinstance(one, bool) and is_secret(name) and name not in _NO_SECRETS:
            kept[name] = HIDDEN
        else:
            kept[name] = json_value(one, depth=depth + 1)
    return kept


def text(given: str) -> str:
    """A text that is no message's, without what looks like a secret in it."""
    return hide(url(given), by=HIDDEN)


def body(given: bytes) -> bytes:
    """A whole body as it is kept: as it came, if it has no secret."""
    try:
        decoded = given.decode()
        if not may_have(decoded):
            return given
        value = json.loads(decoded)
        kept = json_value(value)
        return given if kept == value else json.dumps(kept).encode()
    except (ValueError, RecursionError):
        return given


def headers_json(raw: list[tuple[bytes, bytes]]) -> str:
    """Headers as a journal keeps them, as JSON: one string a name, credentials replaced."""
    return _headers_json(tuple(raw))


@lru_cache(maxsize=512)
def _headers_json(raw: tuple[tuple[bytes, bytes], ...]) -> str:
    if len({name for name, _ in raw}) != len(raw):
        return json.dumps(headers(raw))
    return f"{{{','.join(map(_member, raw))}}}"


@lru_cache(maxsize=1024)
def _member(pair: tuple[bytes, bytes]) -> str:
    """One header as a JSON member: a client sends nearly the same ones with every call."""
    return json.dumps(headers([pair]))[1:-1]


def headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers with one string a name, credentials replaced."""
    kept: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1")
        shown = HIDDEN if name in _SECRET_HEADERS else value.decode("latin-1")
        kept[key] = f"{kept[key]}, {shown}" if key in kept else shown
    return kept
