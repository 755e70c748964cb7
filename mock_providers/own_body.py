"""A webhook's body in the receiver's own names, instead of the vendor's: JSON, or a form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError

TYPES = {
    "json": "application/json;charset=utf-8",
    "form": "application/x-www-form-urlencoded; charset=UTF-8",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBody:
    """What a delivery carries where it isn't the vendor's: `content` written as `format`."""

    content: Any
    format: Literal["json", "form"]

    @classmethod
    def read(cls, value: object) -> OwnBody | None:
        """What a request's `as` says; None where it has none. Raises ConfigError."""
        if value is None:
            return None
        given = Checked(value, where="as")
        written, content = given.text("format", "json"), given.any("body")
        given.done()
        if written not in TYPES:
            raise given.wrong("format", "json or form", written)
        if content is None:
            raise ConfigError("as: body is missing")
        if written == "form" and not _is_form(content):
            raise given.wrong("body", "an object of names with strings, or lists of them", content)
        return cls(content=content, format="form" if written == "form" else "json")

    @property
    def type(self) -> str:
        """Its Content-Type."""
        return TYPES[self.format]

    @property
    def form(self) -> dict[str, str | list[str]] | None:
        """Its fields as they are signed; None where it is no form."""
        return self.content if self.format == "form" else None

    def written(self) -> bytes:
        if self.format == "form":
            return urlencode(self.content, doseq=True).encode()
        return json.dumps(self.content, separators=(",", ":")).encode()


def _is_form(content: object) -> bool:
    return isinstance(content, Mapping) and all(
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        for value in content.values()
    )
