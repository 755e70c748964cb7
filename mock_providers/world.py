"""Everything one server holds: accounts, journal, faults, gates, and the way out to the stack."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from mock_providers.bodies import Bodies
from mock_providers.config import Config
from mock_providers.errors import ConfigError
from mock_providers.exchange import Exchange
from mock_providers.faults import Fault, Faults, Gates
from mock_providers.journal import Journal
from mock_providers.memory import Memory
from mock_providers.sendgrid.api import SendGridApi
from mock_providers.sendgrid.events import SendGridWebhooks
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.api_keys import MadeKeys
from mock_providers.sendgrid.state.settings import SendGridSettings
from mock_providers.targets import Targets, hosts_of
from mock_providers.twilio.api import TwilioApi
from mock_providers.twilio.callbacks import TwilioWebhooks
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.settings import TwilioSettings
from mock_providers.unsupported import Unsupported
from mock_providers.webhooks import Webhooks

MOST_ON_DEMAND = 1000
"""Accounts of a vendor from which on none is made of credentials that nobody has."""


def _named_by(config: Config) -> frozenset[str]:
    """The hosts to which the configuration itself has webhooks sent."""
    twilio = [url for one in config.twilio for url in (one.inbound_url, one.status_callback_url)]
    return hosts_of([*twilio, *(url for one in config.sendgrid for url in (one.event_webhook_url, one.inbound_url))])


class World:
    """The state of a server; the apps are views on it."""

    def __init__(self, config: Config, *, journal: Path | None = None) -> None:
        self.config = config
        self.closing = False
        # before the journal: where these are refused, nothing was made or mended
        self.memory = Memory(journal)
        self.bodies = Bodies(journal, fsync=config.fsync)
        self.journal = Journal(
            journal, fsync=config.fsync, retention=config.retention, segment_bytes=config.segment_bytes
        )
        self.faults = Faults()
        self.gates = Gates()
        self.webhooks = Webhooks(self.journal, self.faults, Targets(config.webhook_hosts | _named_by(config)))
        self.twilio: dict[str, TwilioAccount] = {}
        self.sendgrid: dict[str, SendGridAccount] = {}
        self._sendgrid_by_key: dict[str, SendGridAccount] = {}
        self._made_keys: MadeKeys = {}
        self.twilio_webhooks = TwilioWebhooks(self.webhooks)
        self.sendgrid_webhooks = SendGridWebhooks(self.webhooks)
        self.unsupported = Unsupported()
        self.twilio_api = TwilioApi(
            self.twilio,
            self.twilio_webhooks,
            unsupported=self.unsupported,
            welcome=self._welcome_twilio if config.open_accounts else None,
        )
        self.sendgrid_api = SendGridApi(
            self._sendgrid_by_key,
            self.sendgrid_webhooks,
            unsupported=self.unsupported,
            made_keys=self._made_keys,
            welcome=self._welcome_sendgrid if config.open_accounts else None,
        )
        self.bodies.find(self.journal.seq)
        self.journal.condition.bodies_are_cut(self.bodies.cut)
        self.journal.when_dropped.append(self.bodies.forget)
        self.exchange = Exchange(journal=self.journal, bodies=self.bodies, faults=self.faults, gates=self.gates)
        for twilio in config.twilio:
            self.add_twilio(twilio)
        for sendgrid in config.sendgrid:
            self.add_sendgrid(sendgrid)
        for provider, name, settings in self.memory:
            self._recall(provider, name, settings)

    def add_twilio(self, settings: TwilioSettings) -> TwilioAccount:
        if settings.account_sid in self.twilio:
            raise ConfigError(f"twilio account {settings.account_sid} exists already; PATCH changes it")
        account = self.twilio[settings.account_sid] = TwilioAccount(
            settings, owned_elsewhere=partial(self._owned_elsewhere, settings.account_sid)
        )
        return account

    def _welcome_twilio(self, settings: TwilioSettings) -> TwilioAccount | None:
        """An account made on demand; None where there are too many already."""
        return None if len(self.twilio) >= MOST_ON_DEMAND else self.add_twilio(settings)

    def _welcome_sendgrid(self, settings: SendGridSettings) -> SendGridAccount | None:
        return None if len(self.sendgrid) >= MOST_ON_DEMAND else self.add_sendgrid(settings)

    def _recall(self, provider: str, name: str, settings: dict[str, Any]) -> None:
        """Makes an account of an earlier server again, or changes the configured one as it was changed."""
        where = f"{provider} account {name} of the last run"
        if provider == "twilio":
            known = self.twilio.get(name)
            twilio = TwilioSettings.read(settings, where=where, base=known.settings if known else None)
            if known is None:
                self.add_twilio(twilio)
            else:
                known.change(twilio)
            return
        mails = self.sendgrid.get(name)
        sendgrid = SendGridSettings.read(settings, where=where, base=mails.settings if mails else None)
        if mails is None:
            self.add_sendgrid(sendgrid)
        else:
            mails.change(sendgrid)

    def _owned_elsewhere(self, but: str, number: str) -> bool:
        return any(one.owned(number) for sid, one in self.twilio.items() if sid != but)

    def add_sendgrid(self, settings: SendGridSettings) -> SendGridAccount:
        if settings.name in self.sendgrid:
            raise ConfigError(f"sendgrid account {settings.name!r} exists already; PATCH changes it")
        if settings.api_key in self._sendgrid_by_key:
            raise ConfigError(f"sendgrid account {settings.name!r}: its api_key is that of another account")
        account = self.sendgrid[settings.name] = SendGridAccount(settings, made_keys=self._made_keys)
        self._sendgrid_by_key[settings.api_key] = account
        return account

    def reset(self, provider: str | None = None, account: str | None = None) -> list[Fault]:
        """Forgets messages, calls, faults and gates of one account, or of all; accounts stay. Gives the faults."""
        self.webhooks.stop(provider, account)
        if account is None:
            self.unsupported.clear()
        faults = self.faults.clear(account)
        self.gates.open_all(account)
        for tenant in [*self.twilio.values(), *self.sendgrid.values()]:
            if account is None or (tenant.provider, tenant.name) == (provider, account):
                tenant.reset()
        self.journal.forget(provider, account)
        return faults

    def close_soon(self) -> None:
        """Lets everything that waits (followers, gates, barriers) go, so that the server can end."""
        self.closing = True
        self.gates.open_all()
        self.webhooks.barriers.close()
        self.journal.wake_all()

    async def close(self) -> None:
        await self.webhooks.close()
        self.journal.close()
