"""Reading settings from TOML or JSON with errors that name the place, what was expected and what was seen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mock_providers.errors import ConfigError
from mock_providers.glob import LONGEST

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_MISSING: Any = object()

LARGEST = sys.float_info.max
"""A whole number may be larger, and is none that can be reckoned with."""


class Checked:
    """A mapping read key by key; `done()` refuses the keys nobody asked for."""

    def __init__(self, mapping: object, *, where: str) -> None:
        if not isinstance(mapping, Mapping):
            raise ConfigError(f"{where}: expected a table of settings, saw {kind(mapping)}")
        self._rest: dict[str, Any] = dict(mapping)
        self._known: list[str] = []
        self.where = where

    def has(self, key: str) -> bool:
        return key in self._rest

    def any(self, key: str, default: Any = None) -> Any:
        self._known.append(key)
        return self._rest.pop(key, default)

    def text(self, key: str, default: str | None = _MISSING) -> str:
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a string", value)
        return value

    def optional_text(self, key: str) -> str | None:
        value = self.any(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, "a string", value)
        return value or None

    def glob(self, key: str, default: str = _MISSING) -> str:
        """A pattern that addresses are held against, so it has a length that it can't pass."""
        return self.within(key, self.text(key, default), LONGEST)

    def within(self, key: str, value: str, most: int) -> str:
        """The string, if it has at most so many characters."""
        if len(value) > most:
            raise ConfigError(f"{self.where}: {key} must be at most {most} characters, saw {len(value)}")
        return value

    def url(self, key: str) -> str | None:
        value = self.optional_text(key)
        if value is not None and not is_http_url(value):
            raise self.wrong(key, "an http:// or https:// URL", value)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def number(self, key: str, default: float | None = None, *, least: float = 0) -> float | None:
        value = self.any(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= LARGEST:
            raise self.wrong(key, f"a number of at least {least:g}", value)
        return float(value)

    def integer(self, key: str, default: int | None = None, *, least: int = 0) -> int | None:
        value = self.any(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(key, f"a whole number of at least {least}", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.any(key, [])
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of strings", value)
        return tuple(value)

    def done(self) -> None:
        if self._rest:
            unknown = ", ".join(repr(key) for key in sorted(map(str, self._rest)))
            raise ConfigError(f"{self.where}: unknown key {unknown}; expected one of {', '.join(sorted(self._known))}")

    def wrong(self, key: str, expected: str, value: object) -> ConfigError:
        return ConfigError(f"{self.where}: {key} must be {expected}, saw {kind(value)}")

    def _take(self, key: str, default: Any) -> Any:
        value = self.any(key, default)
        if value is _MISSING:
            raise ConfigError(f"{self.where}: {key} is missing")
        return value


Reader = Callable[["Checked", str], Any]


def read_settings(
    cls: type[T], readers: Mapping[str, Reader], value: object, *, where: str, base: T | None = None
) -> T:
    """A settings dataclass from TOML or JSON; what isn't given stays as in `base`, or its default."""
    given = Checked(value, where=where)
    values: dict[str, Any] = {}
    for setting in fields(cls):
        required = base is None and setting.default is MISSING and setting.default_factory is MISSING
        if given.has(setting.name) or required:
            values[setting.name] = readers[setting.name](given, setting.name)
        else:
            given.any(setting.name)
            if base is not None:
                values[setting.name] = getattr(base, setting.name)
    given.done()
    return cls(**values)


def kind(value: object) -> str:
    """A value as an error message shows it: short, and never a secret's full text."""
    if isinstance(value, str):
        return f"the string {value[:40]!r}" if value else "an empty string"
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)[:60]


def is_http_url(value: str) -> bool:
    """Whether it is one that can be called as it stands: white space and control characters stand in none."""
    if " " in value or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
