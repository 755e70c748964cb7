"""Keeps secrets out of logs, histories and reports: those that are known, and what looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

SHORTEST = 6
"""A shorter secret would blot out ordinary words."""
HIDDEN = "***"

NAMES = r"(?:passw(?:or)?d|pwd|secret|token|(?:api|private|access|secret)[_-]?key|authorization|credentials?)"
"""What a setting, a header or a field is called that holds a secret."""
SETTINGS = (
    "passw",
    "pwd",
    "secret",
    "token=",
    "token_",
    'token"',
    "token'",
    'token\\"',
    "_key",
    "-key",
    "apikey",
    "cred",
)

# Each pattern, with words of which one must be there: a plain search is much cheaper than the pattern. They look at
# plain text and at JSON alike, so none of them may swallow a quote or a backslash.
PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    # user and password of a URL
    (("://",), re.compile(r"(?P<keep>://)[^/?#@\s\"'\\]+(?=@)")),
    # a parameter of a URL
    (
        ("?", "&"),
        re.compile(
            r"(?P<keep>[?&][\w.-]*(?:token|secret|key|passw|pwd|auth|sig|credential)[\w.-]*=)[^&#\s\"'\\<>]+",
            re.IGNORECASE,
        ),
    ),
    # a header, and a scheme with its credentials wherever it stands
    (
        ("authorization",),
        re.compile(r"(?P<keep>\bauthorization[ \t]*[:=][ \t]*)[^\s\"'\\,;]+(?:[ \t]+[^\s\"'\\,;]+)?", re.IGNORECASE),
    ),
    (
        ("basic", "bearer"),
        re.compile(r"(?P<keep>\b(?:basic|bearer)[ \t]+)(?=[^\s\"'\\]*[0-9=])[\w+/=.~-]{8,}", re.IGNORECASE),
    ),
    # a setting: NAME=value, and a field of JSON: "name": "value"
    (SETTINGS, re.compile(rf"(?P<keep>{NAMES}[\w-]*=)[^\s\"'\\,;&]+", re.IGNORECASE)),
    (
        SETTINGS,
        re.compile(
            rf"(?P<keep>{NAMES}[\w-]*(?P<q>\\?[\"'])\s*:\s*(?P=q))(?:(?!(?P=q))(?:\\.|[^\\\n\"]))+", re.IGNORECASE
        ),
    ),
)


class Redactor:
    """Replaces every known secret in a text, however it is encoded, and all that looks like one."""

    def __init__(self, *known: str) -> None:
        self._known: list[str] = []
        self.hide(*known)

    def hide(self, *more: str) -> None:
        """Adds secrets; longer ones are replaced first, so that none leaves its tail behind."""
        for secret in more:
            for form in encodings(secret):
                if len(form) >= SHORTEST and form not in self._known:
                    self._known.append(form)
        self._known.sort(key=len, reverse=True)

    def hide_settings(self, settings: Mapping[str, str]) -> None:
        """Adds the values of settings whose names say that they are secret."""
        self.hide(*(value for name, value in settings.items() if re.search(NAMES, name, re.IGNORECASE)))

    def hide_urls(self, *urls: str | None) -> None:
        """Adds the passwords that stand in URLs."""
        for url in urls:
            password = urlsplit(url).password if url else None
            if password:
                self.hide(password, unquote(password))

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        lower = text.lower()
        for words, pattern in PATTERNS:
            if any(word in lower for word in words):
                text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
        return text


def encodings(secret: str) -> set[str]:
    """How a secret may stand in a text: as it is, in a URL, in JSON."""
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
