"""What a Twilio account is configured with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_providers.checked import Checked, Reader, read_settings
from mock_providers.errors import ConfigError
from mock_providers.lifecycle import Script, Step, parse_script
from mock_providers.twilio.numbers import is_phone_number
from mock_providers.twilio.state.content import read_contents
from mock_providers.twilio.state.lookups import Known
from mock_providers.twilio.state.recipients import Fate, Refusal

STATUSES = frozenset(
    (
        "queued", "accepted", "scheduled", "sending", "sent", "delivered", "undelivered", "failed",
        "canceled", "read", "receiving", "received",
    )
)  # fmt: skip

LIFECYCLES: dict[str, Script] = {
    "manual": (),
    "sent": (Step("sent"),),
    "delivered": (Step("sent"), Step("delivered")),
    "read": (Step("sent"), Step("delivered"), Step("read")),
    "undelivered": (Step("sent"), Step("undelivered", error_code=30003)),
    "failed": (Step("failed", error_code=30008),),
}

_SID = re.compile(r"AC[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings:
    """One `[[twilio]]` table: the credentials, and how the account behaves."""

    account_sid: str
    auth_token: str
    lifecycle: Script = LIFECYCLES["delivered"]
    inbound_url: str | None = None
    status_callback_url: str | None = None
    numbers: tuple[str, ...] = ()
    strict_from: bool = False
    status: str = "active"
    """`active`, or `suspended` and `closed`, which refuse every call with 20005."""
    test: bool = False
    """Test credentials: the magic numbers of +1500555 decide, and nothing is delivered."""
    api_keys: tuple[tuple[str, str], ...] = ()
    """API keys (SK…) with their secrets, which authenticate like the account's own token."""
    shared_key: tuple[str, str] | None = None
    """The id and secret of a shared key: webhooks are then signed with HMAC-SHA256."""
    messaging_services: tuple[str, ...] = ()
    """SIDs of Messaging Services that exist from the start, each with all the account's numbers."""
    any_service: bool = False
    """A Messaging Service that doesn't exist is made when a message first names it, instead of 21701."""
    contents: tuple[Mapping[str, Any], ...] = ()
    """Content templates that exist from the start."""
    any_content: bool = False
    """A template that doesn't exist is made when a message first names it, instead of 21655."""
    content_approval: str = "approved"
    """What becomes of a template that is handed in to WhatsApp: approved, rejected, or (pending) what one is told."""
    whatsapp_window: bool = True
    """Whether free text to someone who hasn't written for a day fails with 63016."""
    unavailable_services: tuple[str, ...] = ()
    unowned_code: int = 21606
    """What a number that the account doesn't own is refused with: 21606, or the newer 21659."""
    refusals: tuple[Refusal, ...] = ()
    fates: tuple[Fate, ...] = ()
    lookups: tuple[Known, ...] = ()
    """What Lookup says of some numbers, instead of what their range does."""
    max_per_second: float | None = None
    """Sends a second before 429 20429."""
    seed: int | None = None
    clock_offset_s: float = 0.0

    @classmethod
    def read(cls, value: object, *, where: str, base: TwilioSettings | None = None) -> TwilioSettings:
        """Settings from TOML or JSON; what isn't given stays as in `base`."""
        return read_settings(cls, _READERS, value, where=where, base=base)


def is_account_sid(text: str) -> bool:
    return _SID.fullmatch(text) is not None


def _account_sid(given: Checked, name: str) -> str:
    sid = given.text(name)
    if not _SID.fullmatch(sid):
        raise ConfigError(f"{given.where}: {name} must be AC and 32 hexadecimal digits, saw {sid[:40]!r}")
    return sid


def _auth_token(given: Checked, name: str) -> str:
    token = given.text(name)
    if not token:
        raise ConfigError(f"{given.where}: {name} is empty")
    return token


def _lifecycle(given: Checked, name: str) -> Script:
    where = f"{given.where}: {name}"
    return parse_script(given.any(name), named=LIFECYCLES, statuses=STATUSES, where=where)


def _one_of(*values: Any) -> Reader:
    def read(given: Checked, name: str) -> Any:
        value = given.any(name)
        if isinstance(value, bool | list | dict) or value not in values:
            raise given.wrong(name, f"one of {', '.join(map(str, values))}", value)
        return value

    return read


def _keys(given: Checked, name: str) -> tuple[tuple[str, str], ...]:
    value = given.any(name)
    if not isinstance(value, dict) or not all(
        isinstance(sid, str) and sid.startswith("SK") and isinstance(secret, str) for sid, secret in value.items()
    ):
        raise ConfigError(f"{given.where}: {name} must be a table of SK… = secret")
    return tuple(value.items())


def _shared_key(given: Checked, name: str) -> tuple[str, str] | None:
    match given.any(name):
        case None:
            return None
        case {"id": str() as key, "secret": str() as secret, **rest} if key and secret and not rest:
            return key, secret
    raise ConfigError(f"{given.where}: {name} must be a table with id and secret")


def _numbers(given: Checked, name: str) -> tuple[str, ...]:
    numbers = given.texts(name)
    for number in numbers:
        if not is_phone_number(number):
            raise given.wrong(name, "a list of E.164 numbers", number)
    return numbers


_READERS: dict[str, Reader] = {
    "status": _one_of("active", "suspended", "closed"),
    "test": lambda given, name: given.flag(name, False),
    "api_keys": _keys,
    "shared_key": _shared_key,
    "messaging_services": Checked.texts,
    "any_service": lambda given, name: given.flag(name, False),
    "contents": read_contents,
    "any_content": lambda given, name: given.flag(name, False),
    "content_approval": _one_of("approved", "pending", "rejected"),
    "whatsapp_window": lambda given, name: given.flag(name, True),
    "unavailable_services": Checked.texts,
    "unowned_code": _one_of(21606, 21659),
    "refusals": Refusal.read_all,
    "fates": Fate.read_all,
    "lookups": Known.read_all,
    "max_per_second": lambda given, name: given.number(name),
    "account_sid": _account_sid,
    "auth_token": _auth_token,
    "lifecycle": _lifecycle,
    "inbound_url": Checked.url,
    "status_callback_url": Checked.url,
    "numbers": _numbers,
    "strict_from": lambda given, name: given.flag(name, False),
    "seed": lambda given, name: given.integer(name),
    "clock_offset_s": lambda given, name: given.number(name, least=-1e12) or 0.0,
}
