"""Keeps secrets out of journals and logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache

from mock_providers.asgi import Form

HIDDEN = "[redacted]"

_SECRET_HEADERS = frozenset(
    (b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"x-mock-token", b"x-twilio-token")
)
_USERINFO = re.compile(r"(?<=://)[^/?#@\s]*+@")
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
    """A form whose URLs are redacted."""
    if not any("://" in value if isinstance(value, str) else True for value in given.values()):
        return given
    return {
        name: url(value) if isinstance(value, str) else [url(one) for one in value] for name, value in given.items()
    }


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
