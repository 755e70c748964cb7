"""What a SendGrid account is configured with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple

from mock_providers.checked import Checked, Reader, read_settings
from mock_providers.errors import ConfigError
from mock_providers.lifecycle import Script, Step, parse_script
from mock_providers.sendgrid.rules.arguments import CUSTOM_ARGS_BYTES
from mock_providers.sendgrid.signature import SigningKey

EVENTS = frozenset(
    (
        "processed", "delivered", "deferred", "dropped", "bounce", "blocked", "open", "click", "spamreport",
        "unsubscribe", "group_unsubscribe", "group_resubscribe",
    )
)  # fmt: skip

LIFECYCLES: dict[str, Script] = {
    "manual": (),
    "processed": (Step("processed"),),
    "delivered": (Step("processed"), Step("delivered")),
    "open": (Step("processed"), Step("delivered"), Step("open")),
    "click": (Step("processed"), Step("delivered"), Step("open"), Step("click")),
    "deferred": (Step("processed"), Step("deferred"), Step("delivered")),
    "bounce": (Step("processed"), Step("bounce")),
    "blocked": (Step("processed"), Step("blocked")),
}


class Fate(NamedTuple):
    """Mail to a pattern takes this script."""

    to: str
    script: Script


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGridSettings:
    """One `[[sendgrid]]` table: the key, a name that is no secret, and how the account behaves."""

    api_key: str
    name: str = ""
    lifecycle: Script = LIFECYCLES["delivered"]
    event_webhook_url: str | None = None
    event_batch_s: float = 0.02
    """Seconds that events are collected for before a batch is posted (the vendor: 30)."""
    event_retries_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """Seconds before each new attempt of a batch that got no 2xx (the vendor: up to 24 hours)."""
    fates: tuple[Fate, ...] = ()
    scopes: tuple[str, ...] = ()
    """What the key may do; none means everything."""
    verified_senders: tuple[str, ...] = ()
    """Addresses and domains mail may come from; none means any."""
    ip_pools: tuple[str, ...] = ()
    """Names of IP pools that `ip_pool_name` may have; none means any."""
    rate_limit: int | None = None
    """Calls a minute before 429."""
    custom_args_bytes: int = CUSTOM_ARGS_BYTES
    require_accept: bool = False
    inbound_url: str | None = None
    private_key_pem: str | None = None
    seed: int | None = None
    clock_offset_s: float = 0.0

    @classmethod
    def read(cls, value: object, *, where: str, base: SendGridSettings | None = None) -> SendGridSettings:
        """Settings from TOML or JSON; what isn't given stays as in `base`."""
        settings = read_settings(cls, _READERS, value, where=where, base=base)
        return settings if settings.name else replace(settings, name=default_name(settings.api_key))


def default_name(api_key: str) -> str:
    """A stable name for an account that gives none; the key can't be had from it."""
    return "sendgrid-" + hashlib.sha256(api_key.encode()).hexdigest()[:10]


def _api_key(given: Checked, name: str) -> str:
    key = given.text(name)
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{given.where}: {name} must be printable ASCII without spaces")
    return key


def _name(given: Checked, name: str) -> str:
    value = given.text(name)
    if not value or len(value) > 100 or not value.isprintable() or "/" in value:
        raise ConfigError(f"{given.where}: {name} must be 1 to 100 printable characters without a slash")
    return value


def _private_key(given: Checked, name: str) -> str | None:
    value = given.optional_text(name)
    try:
        if value is not None:
            SigningKey(value)
    except ValueError as error:
        raise ConfigError(
            f"{given.where}: {name} can't be read: {error}; "
            "give a PEM private key on P-256 (openssl ecparam -genkey -name prime256v1 -noout)"
        ) from None
    return value


def _lifecycle(given: Checked, name: str) -> Script:
    where = f"{given.where}: {name}"
    return parse_script(given.any(name), named=LIFECYCLES, statuses=EVENTS, where=where)


def _fates(given: Checked, name: str) -> tuple[Fate, ...]:
    items = given.any(name)
    if not isinstance(items, list):
        raise given.wrong(name, "a list of tables", items)
    found = []
    for n, item in enumerate(items, 1):
        one = Checked(item, where=f"{given.where}: {name} {n}")
        found.append(Fate(one.glob("to"), _lifecycle(one, "lifecycle")))
        one.done()
    return tuple(found)


def _retries(given: Checked, name: str) -> tuple[float, ...]:
    value = given.any(name)
    if not isinstance(value, list) or not all(isinstance(one, int | float) and one >= 0 for one in value):
        raise given.wrong(name, "a list of seconds", value)
    return tuple(map(float, value))


_READERS: dict[str, Reader] = {
    "event_retries_s": _retries,
    "fates": _fates,
    "scopes": Checked.texts,
    "verified_senders": Checked.texts,
    "ip_pools": Checked.texts,
    "rate_limit": lambda given, name: given.integer(name, least=1),
    "custom_args_bytes": lambda given, name: given.integer(name) or 0,
    "require_accept": lambda given, name: given.flag(name, False),
    "api_key": _api_key,
    "name": _name,
    "lifecycle": _lifecycle,
    "event_webhook_url": Checked.url,
    "event_batch_s": lambda given, name: given.number(name),
    "inbound_url": Checked.url,
    "private_key_pem": _private_key,
    "seed": lambda given, name: given.integer(name),
    "clock_offset_s": lambda given, name: given.number(name, least=-1e12) or 0.0,
}
