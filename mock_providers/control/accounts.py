"""Who exists: accounts, their settings, and forgetting what they did."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mock_providers import redact
from mock_providers.control.answers import answer, body_of
from mock_providers.control.disturb import removed
from mock_providers.errors import ControlError
from mock_providers.lifecycle import Step
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.settings import Fate as MailFate
from mock_providers.sendgrid.state.settings import SendGridSettings
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.lookups import Known
from mock_providers.twilio.state.recipients import Fate, Refusal
from mock_providers.twilio.state.settings import TwilioSettings
from mock_providers.world import World

_SECRET = frozenset(("auth_token", "api_key", "private_key_pem", "api_keys", "shared_key"))


def show(account: TwilioAccount | SendGridAccount) -> dict[str, Any]:
    """An account's settings without its secrets."""
    shown: dict[str, Any] = {"provider": account.provider, "account": account.name}
    for setting in fields(account.settings):
        if setting.name not in _SECRET:
            shown[setting.name] = _plain(getattr(account.settings, setting.name))
    if isinstance(account, SendGridAccount):
        shown["webhook_public_key"] = account.signing_key.public_key
    return shown


async def list_accounts(world: World, _: Request) -> Response:
    return answer({"accounts": [show(account) for account in _all(world)]})


async def get_account(world: World, request: Request) -> Response:
    return answer(show(find_account(world, request.path_params["provider"], request.path_params["account"])))


async def add_account(world: World, request: Request) -> Response:
    settings = await body_of(request)
    provider = settings.pop("provider", None)
    account: TwilioAccount | SendGridAccount
    if provider == "twilio":
        account = world.add_twilio(TwilioSettings.read(settings, where="account"))
    elif provider == "sendgrid":
        account = world.add_sendgrid(SendGridSettings.read(settings, where="account"))
    else:
        raise ControlError("provider must be twilio or sendgrid", hint='send {"provider": "twilio", ...}')
    _remember(world, account, settings)
    return answer(show(account), 201)


async def change_account(world: World, request: Request) -> Response:
    account = find_account(world, request.path_params["provider"], request.path_params["account"])
    changes = await body_of(request)
    fixed = sorted({"account_sid", "api_key", "name"} & set(changes))
    if fixed:
        raise ControlError(f"{fixed[0]} can't be changed", hint="make another account")
    if isinstance(account, TwilioAccount):
        account.change(TwilioSettings.read(changes, where="account", base=account.settings))
    else:
        account.change(SendGridSettings.read(changes, where="account", base=account.settings))
    _remember(world, account, changes)
    return answer(show(account))


def _remember(world: World, account: TwilioAccount | SendGridAccount, settings: dict[str, Any]) -> None:
    """Keeps what was set over the control plane, so that a restarted server has the account again."""
    if isinstance(account, SendGridAccount):
        settings = {"private_key_pem": account.signing_key.pem, **settings}
    world.memory.keep(account.provider, account.name, settings)


async def reset(world: World, request: Request) -> Response:
    wanted = await body_of(request)
    name, provider = wanted.get("account"), wanted.get("provider")
    if name is None:
        return answer({"reset": "all", **removed(world.reset()), "seq": world.journal.seq})
    for account in _all(world):
        if account.name == name and provider in {None, account.provider}:
            gone = removed(world.reset(account.provider, account.name))
            return answer({"reset": name, **gone, "seq": world.journal.seq})
    raise ControlError("there is no such account", hint="GET /_mock/accounts lists them", status=404)


def find_account(world: World, provider: str, name: str) -> TwilioAccount | SendGridAccount:
    account: TwilioAccount | SendGridAccount | None = None
    if provider == "twilio":
        account = world.twilio.get(name)
    elif provider == "sendgrid":
        account = world.sendgrid.get(name)
    if account is None:
        raise ControlError(f"there is no {provider} account {name}", hint="GET /_mock/accounts lists them", status=404)
    return account


def _all(world: World) -> list[TwilioAccount | SendGridAccount]:
    return [*world.twilio.values(), *world.sendgrid.values()]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return redact.url(value)
    if isinstance(value, Step):
        return [value.status, list(value.after), value.error_code]
    if isinstance(value, Refusal):
        return {"to": value.to, "from": value.from_, "code": value.code}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Known):
        return asdict(value)
    if isinstance(value, MailFate):
        return {"to": value.to, "lifecycle": _plain(value.script)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Fate):
        return {"to": value.to, "status": value.status, "error_code": value.error_code}
    return value
