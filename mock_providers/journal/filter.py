"""Which entries a query, a follower or a wait is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mock_providers.errors import ControlError
from mock_providers.glob import LONGEST, fits
from mock_providers.journal.lines import decode
from mock_providers.journal.search import failed, has_words, may_have
from mock_providers.journal.store import Key

DAMAGED = "damaged"
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)
"""What reading an entry raises that isn't what this version writes."""
_LONGEST = {"to": LONGEST, "type": 256, "search": 1000, "text": 16_000}
"""Characters of what is looked for: all of it may be held against every entry."""
PROVIDERS = ("twilio", "sendgrid")
TYPES = (
    *("called", "answered", "callback.sent", "callback.answered", "callback.dropped"),
    *("verification.sent", "verification.checked", "reset", DAMAGED),
)
"""What an entry may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All that is given must match: `text` is a substring, `to` a recipient or a glob, times are Unix seconds.

    `type` may be several, with commas between them. `search` (words, of any case) and `failed` are about the whole
    exchange: a call and its answer are found together, whichever of the two has what is looked for.
    """

    provider: str | None = None
    account: str | None = None
    to: str | None = None
    text: str | None = None
    type: str | None = None
    endpoint: str | None = None
    message: str | None = None
    call: int | None = None
    since: float | None = None
    until: float | None = None
    search: str | None = None
    failed: bool | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Filter:
        """Reads the query parameters that are filters; others are left to the caller."""
        for name, most in _LONGEST.items():
            if len(query.get(name, "")) > most:
                raise ControlError(f"{name} must be at most {most} characters", hint="look for a part of it")
        provider, kind = query.get("provider") or None, query.get("type") or None
        if provider is not None:
            _one_of("provider", [provider], PROVIDERS)
        if kind is not None:
            _one_of("type", kind.split(","), TYPES)
        to = query.get("to") or None
        if to is not None and to.startswith(" "):
            # a plus that was not percent-encoded arrives as a space
            to = "+" + to[1:]
        return cls(
            provider=provider,
            account=query.get("account") or None,
            to=to,
            text=query.get("text") or None,
            type=kind,
            endpoint=query.get("endpoint") or None,
            message=query.get("message") or None,
            call=_integer(query, "call"),
            since=_number(query, "since"),
            until=_number(query, "until"),
            search=query.get("search", "").strip() or None,
            failed=_flag(query, "failed"),
        )

    def keys(self, known: list[Key]) -> list[Key] | None:
        """The accounts whose index is enough to read, or None for all entries."""
        if self.account is None:
            return None
        return [key for key in known if key[1] == self.account and (self.provider is None or key[0] == self.provider)]

    @property
    def pairs(self) -> bool:
        """Whether an entry is judged together with its other half."""
        return self.search is not None or self.failed is not None

    def match(self, entry: bytes, other: bytes = b"") -> dict[str, Any] | None:
        """The decoded entry if it matches; `other` is the other half of its exchange, for filters that want `pairs`."""
        if self.type is not None and not any(f'"type":"{one}"'.encode() in entry[:120] for one in self.types):
            return None
        if self.text is not None and self.text.isalnum() and self.text.isascii() and self.text.encode() not in entry:
            return None
        if self.search is not None and not may_have(self.words, entry + other):
            return None
        decoded: dict[str, Any] = decode(entry)
        if not self.matches(decoded):
            return None
        if self.pairs and not self.matches_exchange([decoded, decode(other)] if other else [decoded]):
            return None
        return decoded

    def match_any(self, seq: int, entry: bytes, other: bytes = b"") -> dict[str, Any] | None:
        """`match`, which no entry can spoil: one that isn't what this version writes is told by its number.

        A filter by kind leaves it out, since nobody can say what it was.
        """
        asked = self.type is not None and DAMAGED in self.types
        try:
            if asked:
                replace(self, type=None).match(entry, other)
            return self.match(entry, other)
        except UNREADABLE:
            if self.type is not None and not asked:
                return None
            return {"seq": seq, "at": 0.0, "type": DAMAGED, "provider": None, "account": None, "call": seq}

    def matches(self, entry: Mapping[str, Any]) -> bool:
        return (
            (self.type is None or entry["type"] in self.types)
            and (self.provider is None or entry["provider"] == self.provider)
            and (self.account is None or entry["account"] == self.account)
            and (self.endpoint is None or entry.get("endpoint") == self.endpoint)
            and (self.message is None or entry.get("message") == self.message)
            and (self.call is None or entry.get("call") == self.call)
            and (self.since is None or entry["at"] >= self.since)
            and (self.until is None or entry["at"] <= self.until)
            and (self.text is None or self.text in (entry.get("text") or ""))
            and (self.to is None or recipient_matches(self.to, entry.get("to")))
        )

    def matches_exchange(self, exchange: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a call or webhook, with its answer where there is one, has the words, and failed if it should."""
        return (self.search is None or has_words(self.words, exchange)) and (self.failed is None or failed(exchange))

    @property
    def words(self) -> list[str]:
        return (self.search or "").lower().split()

    @property
    def types(self) -> list[str]:
        return (self.type or "").split(",")


def recipient_matches(pattern: str, to: object) -> bool:
    """Whether a recipient, or one of several, is the pattern or fits its glob."""
    recipients = to if isinstance(to, list) else [to]
    return any(isinstance(recipient, str) and fits(pattern, recipient) for recipient in recipients)


def _one_of(name: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Raises ControlError for what nothing has: no entry would ever be found, and a wait be in vain."""
    for one in given:
        if one not in known:
            raise ControlError(f"no entry has the {name} {one[:40]!r}", hint=f"expected {', '.join(known)}")


def _number(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ControlError(f"{name} must be a number, saw {text[:40]!r}", hint=f"give {name} in seconds") from None


def _integer(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ControlError(f"{name} must be a whole number, saw {text[:40]!r}", hint=f"give {name} as digits")
    return int(text)


def _flag(query: Mapping[str, str], name: str) -> bool | None:
    """True, or None for a filter that isn't set."""
    text = query.get(name) or "false"
    if text not in {"true", "false"}:
        raise ControlError(f"{name} must be true or false, saw {text[:40]!r}", hint=f"leave {name} out to see all")
    return True if text == "true" else None
