"""Who calls: credentials, the account they belong to, and whether the path names it."""

from __future__ import annotations

import re
import secrets
from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from mock_providers.call import TOO_MANY_ACCOUNTS
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.settings import TwilioSettings, is_account_sid

_DETAIL = "Your AccountSid or AuthToken was incorrect."
_ACCOUNT_IN_PATH = re.compile(r"/2010-04-01/Accounts/([^/.]+)")
MOST_KEYS = 100
"""API keys up to which one more is taken for an account that was made on demand."""
_API_KEY = re.compile(r"SK[0-9a-fA-F]{32}")


class Credentials(NamedTuple):
    """Who a request says it comes from: an account's SID and token, or an API key's SID and secret."""

    user: str
    secret: str


class FrontDoor:
    """Knows the accounts by their SIDs and API keys; each says who may come in its name."""

    def __init__(
        self,
        accounts: dict[str, TwilioAccount],
        *,
        welcome: Callable[[TwilioSettings], TwilioAccount | None] | None = None,
    ) -> None:
        """`welcome` makes an account of credentials that nobody has yet, unless there are too many; else no account."""
        self._accounts = accounts
        self._welcome = welcome
        self._by_key: dict[str, TwilioAccount] = {}
        self._made: set[str] = set()
        self._without_token: set[str] = set()

    def account_of(self, given: Credentials, in_path: str) -> TwilioAccount | None:
        """The account that credentials belong to, right or wrong; None if there is no such user."""
        account = self._accounts.get(given.user)
        if account is not None:
            if given.user in self._without_token and given.secret:
                self._without_token.discard(given.user)
                account.change(replace(account.settings, auth_token=given.secret))
            return account
        if given.user.startswith("SK"):
            return self._account_of_key(given, in_path)
        if given.secret and is_account_sid(given.user):
            return self._make(TwilioSettings(account_sid=given.user, auth_token=given.secret))
        return None

    def _make(self, settings: TwilioSettings) -> TwilioAccount | None:
        account = self._welcome(settings) if self._welcome is not None else None
        if account is not None:
            self._made.add(account.name)
        return account

    def name(self, account: TwilioAccount | None, in_path: str) -> str | None:
        """Under whose name a call is recorded: the caller's account, else the one that the path names."""
        if account is not None:
            return account.name
        return in_path if in_path in self._accounts else None

    def admit(self, account: TwilioAccount | None, given: Credentials, in_path: str) -> TwilioAccount:
        """The account, if the credentials are its own and the path names no other; raises TwilioError."""
        if not given.user:
            raise TwilioError(20003, message="Authentication Error - No credentials provided", detail=_DETAIL)
        if account is None and self._welcome is not None and self._may_open(given, in_path):
            raise TwilioError(20003, message=f"{TOO_MANY_ACCOUNTS.format(len(self._accounts))} [[twilio]]")
        if account is None:
            raise TwilioError(20003, message="Authentication Error - invalid username", detail=_DETAIL)
        settings = account.settings
        if not _belongs(given, settings):
            raise TwilioError(20003, detail=_DETAIL)
        if settings.status != "active":
            raise TwilioError(20005, message=f"Account not active: it is {settings.status}")
        if in_path and in_path != account.name:
            if not is_account_sid(in_path):
                raise TwilioError(90002, in_path)
            raise TwilioError(20404, f"/2010-04-01/Accounts/{in_path}")
        return account

    def _account_of_key(self, given: Credentials, in_path: str) -> TwilioAccount | None:
        known = self._by_key.get(given.user)
        if known is not None and _has_key(known, given.user) and self._accounts.get(known.name) is known:
            return known
        for account in self._accounts.values():
            if _has_key(account, given.user):
                self._by_key[given.user] = account
                return account
        return self._made_for_key(given, in_path)

    def _made_for_key(self, given: Credentials, in_path: str) -> TwilioAccount | None:
        """Where any credentials are welcome, a key that nobody has is one of the account that its path names.

        The account is made if nobody has it; its token is the first that somebody shows.
        """
        if self._welcome is None or not given.secret or _API_KEY.fullmatch(given.user) is None:
            return None
        key = (given.user, given.secret)
        account = self._accounts.get(in_path)
        if account is not None:
            if in_path not in self._made or len(account.settings.api_keys) >= MOST_KEYS:
                return None
            account.change(replace(account.settings, api_keys=(*account.settings.api_keys, key)))
            return account
        if not is_account_sid(in_path):
            return None
        made = self._make(TwilioSettings(account_sid=in_path, auth_token=secrets.token_hex(16), api_keys=(key,)))
        if made is not None:
            self._without_token.add(in_path)
        return made

    def _may_open(self, given: Credentials, in_path: str) -> bool:
        """Whether an account would be made of credentials if there were not so many already."""
        if not given.secret or in_path in self._accounts:
            return False
        by_key = _API_KEY.fullmatch(given.user) is not None and is_account_sid(in_path)
        return by_key or is_account_sid(given.user)


def account_in_path(path: str) -> str:
    """What stands in the place of the account's SID; empty where a path has no such place."""
    return _account_in_path(path)


@lru_cache(maxsize=1024)
def _account_in_path(path: str) -> str:
    found = _ACCOUNT_IN_PATH.match(path)
    return found[1] if found else ""


@lru_cache(maxsize=1024)
def credentials(header: bytes) -> Credentials:
    """What an Authorization header says; empty strings for none, and for what isn't basic authentication."""
    if header[:6].lower() != b"basic ":
        return Credentials("", "")
    try:
        user, _, secret = b64decode(header[6:].strip(), validate=True).decode().partition(":")
    except (BinasciiError, UnicodeDecodeError):
        return Credentials("", "")
    return Credentials(user, secret)


def _belongs(given: Credentials, settings: TwilioSettings) -> bool:
    if given.user == settings.account_sid:
        return given.secret == settings.auth_token
    return tuple(given) in settings.api_keys


def _has_key(account: TwilioAccount, key: str) -> bool:
    return any(sid == key for sid, _ in account.settings.api_keys)
