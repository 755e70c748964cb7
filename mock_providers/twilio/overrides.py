"""Connection overrides: what a callback URL's fragment says of how it is called (`#rc=2&rp=5xx`).

Names, limits and defaults as Twilio's page on webhooks' connection overrides has them: `ct`, `rt`, `tt` in milliseconds
(connecting, reading, all attempts together), `rc` retries, `rp` what is retried; `sni` and `edge` change nothing here.
Without any override a callback is tried once: the vendor's one default retry of a connection that can't be opened would
make a receiver that is down look called twice.
"""

from __future__ import annotations

from mock_providers.posting import Limits
from mock_providers.webhooks import Retries

_BOUNDS_MS = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000)}
_POLICIES = frozenset(("4xx", "5xx", "ct", "rt"))
_KNOWN = frozenset(("ct", "rt", "tt", "rc", "rp", "sni", "edge"))
_NONE = Retries()


def split(url: str) -> tuple[str, str]:
    """A URL as it is called and signed, and its fragment, which is neither."""
    called, _, fragment = url.partition("#")
    return called, fragment


def limits_of(fragment: str) -> Limits | None:
    """The seconds that each part of a call may take; None where a fragment says none. What can't be isn't obeyed."""
    given = _read(fragment)
    if given.keys().isdisjoint(_KNOWN):
        return None
    default = Limits()
    return Limits(
        connect_s=_seconds(given, "ct", default.connect_s),
        read_s=_seconds(given, "rt", default.read_s),
        total_s=_seconds(given, "tt", default.total_s),
    )


def retries_of(fragment: str) -> Retries:
    """How often a failed call is tried again, and after which failures."""
    given = _read(fragment)
    if given.keys().isdisjoint(_KNOWN):
        return _NONE
    count = given.get("rc", "1")
    named = frozenset(given.get("rp", "ct").split(","))
    after = _POLICIES if "all" in named else named & _POLICIES
    return Retries(
        count=int(count) if count in {"0", "1", "2", "3", "4", "5"} else 1, after=after or frozenset(("ct",))
    )


def _read(fragment: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in fragment.split("&")[:20]] if fragment else []
    return {name: value for name, _, value in pairs}


def _seconds(given: dict[str, str], name: str, default: float) -> float:
    text = given.get(name, "")
    least, most = _BOUNDS_MS[name]
    if not (text.isascii() and text.isdigit() and len(text) < 6 and least <= int(text) <= most):
        return default
    return int(text) / 1000
