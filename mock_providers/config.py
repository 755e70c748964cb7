"""The configuration of a server: a TOML file, and what the command line says besides."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mock_providers.checked import Checked
from mock_providers.errors import ConfigError
from mock_providers.hosts import named
from mock_providers.journal.file import SEGMENT_BYTES
from mock_providers.journal.store import Retention
from mock_providers.sendgrid.state.settings import SendGridSettings
from mock_providers.twilio.state.settings import TwilioSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a server is started with."""

    twilio: tuple[TwilioSettings, ...] = ()
    sendgrid: tuple[SendGridSettings, ...] = ()
    token: str | None = None
    """What the control plane requires as a bearer token; None requires nothing (loopback only)."""
    open_accounts: bool = False
    """Whether credentials nobody has yet make an account at their first use."""
    hosts: frozenset[str] = frozenset()
    """Names besides loopback's by which control plane and page are reached without a token."""
    webhook_hosts: frozenset[str] = frozenset()
    """Hosts besides loopback, and besides those of the accounts' own URLs, to which webhooks are sent."""
    fsync: bool = False
    segment_bytes: int = SEGMENT_BYTES
    retention: Retention = field(default_factory=Retention)


def load_config(path: Path | None) -> Config:
    """Reads a TOML file; raises ConfigError naming the file, the key, what was expected and what was seen."""
    if path is None:
        return Config()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}; give a TOML file with --config") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text; give a TOML file with --config") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None
    return parse_config(document, where=str(path))


def parse_config(document: dict[str, Any], *, where: str) -> Config:
    given = Checked(document, where=where)
    server = Checked(given.any("server", {}), where=f"{where}: [server]")
    config = Config(
        twilio=tuple(
            TwilioSettings.read(table, where=f"{where}: [[twilio]] {n}")
            for n, table in enumerate(_tables(given, "twilio"), 1)
        ),
        sendgrid=tuple(
            SendGridSettings.read(table, where=f"{where}: [[sendgrid]] {n}")
            for n, table in enumerate(_tables(given, "sendgrid"), 1)
        ),
        token=server.optional_text("token"),
        open_accounts=server.flag("open_accounts", False),
        hosts=named(server.texts("hosts"), where=f"{where}: [server] hosts"),
        webhook_hosts=named(server.texts("webhook_hosts"), where=f"{where}: [server] webhook_hosts", any_host=True),
        fsync=server.flag("fsync", False),
        segment_bytes=server.integer("segment_bytes", SEGMENT_BYTES, least=1) or SEGMENT_BYTES,
        retention=_retention(server),
    )
    server.done()
    given.done()
    return config


def _retention(server: Checked) -> Retention:
    default = Retention()
    return Retention(
        entries=server.integer("retain_entries", default.entries, least=1),
        size=server.integer("retain_bytes", default.size, least=1),
        age_s=server.number("retain_age_s", default.age_s),
    )


def _tables(given: Checked, name: str) -> list[Any]:
    tables = given.any(name, [])
    if not isinstance(tables, list):
        raise given.wrong(name, f"an array of tables ([[{name}]])", tables)
    return tables
