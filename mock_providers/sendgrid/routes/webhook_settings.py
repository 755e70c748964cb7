"""The Event Webhook's settings, its signing, and its test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mock_providers.asgi import Answer
from mock_providers.checked import is_http_url
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.events import make_event
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.state.settings import EVENTS

SWITCHES = (
    "processed", "delivered", "deferred", "dropped", "bounce", "open", "click", "spam_report", "unsubscribe",
    "group_unsubscribe", "group_resubscribe",
)  # fmt: skip


def _get(visit: Visit) -> Answer:
    _check_id(visit)
    return shown(_json(visit))


def _all(visit: Visit) -> Answer:
    return shown({"max_allowed": 5, "webhooks": [_json(visit)]})


def _update(visit: Visit) -> Answer:
    _check_id(visit)
    body, account = visit.body(), visit.account
    url = body.get("url", account.settings.event_webhook_url)
    if url is not None and not (isinstance(url, str) and is_http_url(url)):
        raise SendGridError(400, Problem("url must be a valid URL", "url"))
    for name in (*SWITCHES, "enabled"):
        if name in body:
            if not isinstance(body[name], bool):
                raise SendGridError(400, Problem(f"{name} must be a boolean", name))
            (account.switched_off.discard if body[name] else account.switched_off.add)(name)
    account.change(replace(account.settings, event_webhook_url=url))
    return shown(_json(visit))


def _get_signed(visit: Visit) -> Answer:
    _check_id(visit)
    account = visit.account
    key = account.signing_key.public_key if "signed" not in account.switched_off else ""
    return shown({"id": account.webhook_id, "public_key": key})


def _update_signed(visit: Visit) -> Answer:
    _check_id(visit)
    enabled = visit.body().get("enabled")
    if not isinstance(enabled, bool):
        raise SendGridError(400, Problem("enabled must be a boolean", "enabled"))
    (visit.account.switched_off.discard if enabled else visit.account.switched_off.add)("signed")
    return _get_signed(visit)


def _test(visit: Visit) -> Answer:
    account, url = visit.account, visit.body().get("url") or visit.account.settings.event_webhook_url
    if not (isinstance(url, str) and is_http_url(url)):
        raise SendGridError(400, Problem("url must be a valid URL", "url"))
    events = [make_event(account, kind, mail=None, recipient=None) for kind in sorted(EVENTS)]
    visit.webhooks.post_soon(account, events, url=url)
    return Answer(204)


def _check_id(visit: Visit) -> None:
    if visit.args and visit.args[0] != visit.account.webhook_id:
        raise not_found("webhook")


def _json(visit: Visit) -> dict[str, Any]:
    account = visit.account
    off = account.switched_off
    return {
        "id": account.webhook_id,
        "enabled": account.settings.event_webhook_url is not None and "enabled" not in off,
        "url": account.settings.event_webhook_url or "",
        "friendly_name": account.name,
        "account_status_change": False,
        "oauth_client_id": "",
        "oauth_token_url": "",
        **{name: name not in off for name in SWITCHES},
    }


_BASE = "/v3/user/webhooks/event"
_READ, _WRITE = "user.webhooks.event.settings.read", "user.webhooks.event.settings.update"

ROUTES = [
    Route("webhook.settings.all", "GET", f"{_BASE}/settings/all", _all, scope=_READ),
    Route("webhook.signed.get", "GET", f"{_BASE}/settings/signed(?:/([^/]+))?", _get_signed, scope=_READ),
    Route("webhook.signed.update", "PATCH", f"{_BASE}/settings/signed(?:/([^/]+))?", _update_signed, scope=_WRITE),
    Route("webhook.settings.get", "GET", f"{_BASE}/settings(?:/([^/]+))?", _get, scope=_READ),
    Route("webhook.settings.update", "PATCH", f"{_BASE}/settings(?:/([^/]+))?", _update, scope=_WRITE),
    Route("webhook.test", "POST", f"{_BASE}/test", _test, scope="user.webhooks.event.test.create"),
]
