"""Inbound Parse settings: which host's mail goes to which URL.

Members: the vendor's OpenAPI file; it asks for a URL and a host, and gives no words for its errors.
"""

from __future__ import annotations

import re
from typing import Any

from mock_providers.asgi import Answer
from mock_providers.checked import is_http_url
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.state.parse_settings import MOST_HOSTS, ParseSetting

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")


def _create(visit: Visit) -> Answer:
    body, settings = visit.body(), visit.account.parse_settings
    host = visit.text("hostname").lower()
    if _HOST.fullmatch(host) is None:
        raise SendGridError(400, Problem("hostname must be a valid domain", "hostname"))
    if host in settings:
        raise SendGridError(400, Problem(f"a parse setting for {host} already exists", "hostname"))
    if len(settings) >= MOST_HOSTS:
        raise SendGridError(400, Problem(f"no more than {MOST_HOSTS} parse settings are allowed", "hostname"))
    setting = ParseSetting(hostname=host, url=_url(body.get("url")))
    _set_flags(setting, body)
    settings[host] = setting
    return shown(setting.to_json(), 201)


def _list(visit: Visit) -> Answer:
    return shown({"result": [one.to_json() for one in visit.account.parse_settings.values()]})


def _get(visit: Visit) -> Answer:
    return shown(_setting(visit).to_json())


def _update(visit: Visit) -> Answer:
    setting, body = _setting(visit), visit.body()
    url = _url(body["url"]) if "url" in body else setting.url
    _set_flags(setting, body)
    setting.url = url
    return shown(setting.to_json())


def _delete(visit: Visit) -> Answer:
    del visit.account.parse_settings[_setting(visit).hostname]
    return Answer(204)


def _setting(visit: Visit) -> ParseSetting:
    setting = visit.account.parse_settings.get(visit.args[0].lower())
    if setting is None:
        raise not_found("parse setting")
    return setting


def _url(value: Any) -> str:
    if not isinstance(value, str) or not is_http_url(value):
        raise SendGridError(400, Problem("url must be a valid URL", "url"))
    return value


def _set_flags(setting: ParseSetting, body: dict[str, Any]) -> None:
    given = {name: body[name] for name in ("spam_check", "send_raw") if name in body}
    for name, value in given.items():
        if not isinstance(value, bool):
            raise SendGridError(400, Problem(f"{name} must be a boolean", name))
    for name, value in given.items():
        setattr(setting, name, value)


_ALL = "/v3/user/webhooks/parse/settings"
_ONE = f"{_ALL}/([^/]+)"
_SCOPE = "user.webhooks.parse.settings"

ROUTES = [
    Route("parse_settings.create", "POST", _ALL, _create, scope=f"{_SCOPE}.create"),
    Route("parse_settings.list", "GET", _ALL, _list, scope=f"{_SCOPE}.read"),
    Route("parse_settings.get", "GET", _ONE, _get, scope=f"{_SCOPE}.read"),
    Route("parse_settings.update", "PATCH", _ONE, _update, scope=f"{_SCOPE}.update"),
    Route("parse_settings.delete", "DELETE", _ONE, _delete, scope=f"{_SCOPE}.delete"),
]
