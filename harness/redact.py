"""Keeps secrets out of logs, histories and reports: those that are known, and what looks like one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from harness.secret_text import hide, is_secret

SHORTEST = 6
"""A shorter secret would blot out ordinary words."""
HIDDEN = "***"


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
        self.hide(*(value for name, value in settings.items() if is_secret(name)))

    def hide_urls(self, *urls: str | None) -> None:
        """Adds the passwords that stand in URLs."""
        for url in urls:
            password = urlsplit(url).password if url else None
            if password:
                self.hide(password, unquote(password))

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return hide(text, by=HIDDEN)


def encodings(secret: str) -> set[str]:
    """How a secret may stand in a text: as it is, in a URL, in JSON."""
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    }
