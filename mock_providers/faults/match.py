"""Which calls a fault or a gate is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mock_providers.checked import Checked, kind
from mock_providers.errors import ConfigError
from mock_providers.glob import LONGEST, fits
from mock_providers.journal.filter import PROVIDERS, recipient_matches

_LONGEST = {"endpoint": LONGEST, "to": LONGEST, "text": 16_000}
"""Characters of what every call may be held against."""
MOST_ACCOUNTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """All that is given must match; `accounts` are alternatives, `endpoint` and `to` may be globs, `text` is a part."""

    provider: str | None = None
    account: str | None = None
    accounts: tuple[str, ...] = ()
    endpoint: str | None = None
    to: str | None = None
    text: str | None = None

    @classmethod
    def from_json(cls, value: object) -> Match:
        given = Checked(value, where="match")
        texts = {name: given.optional_text(name) for name in ("provider", "account", "endpoint", "to", "text")}
        for name, most in _LONGEST.items():
            given.within(name, texts[name] or "", most)
        if texts["provider"] not in {None, *PROVIDERS}:
            raise ConfigError(f"match: provider must be one of {', '.join(PROVIDERS)}, saw {kind(texts['provider'])}")
        match = cls(**texts, accounts=given.texts("accounts"))
        if len(match.accounts) > MOST_ACCOUNTS:
            raise ConfigError(f"match: accounts must be at most {MOST_ACCOUNTS}, saw {len(match.accounts)}")
        given.done()
        return match

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value}

    def only_of(self, account: str) -> bool:
        """Whether it is for nobody but one account."""
        return self.account == account or self.accounts == (account,)

    def matches(self, *, provider: str, account: str | None, endpoint: str, to: list[str], text: str | None) -> bool:
        return (
            (self.provider is None or self.provider == provider)
            and (self.account is None or self.account == account)
            and (not self.accounts or account in self.accounts)
            and (self.endpoint is None or fits(self.endpoint, endpoint))
            and (self.to is None or recipient_matches(self.to, to))
            and (self.text is None or self.text in (text or ""))
        )
