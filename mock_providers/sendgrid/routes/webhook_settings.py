"""The Event Webhooks' settings, their signing, and their test.

Members, limits and messages: the vendor's OpenAPI file. Where no id is given, the oldest webhook is meant.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mock_providers.asgi import Answer
from mock_providers.checked import is_http_url
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.events import make_event
from mock_providers.sendgrid.routes.visit import PlainError, Route, Visit, shown
from mock_providers.sendgrid.state.event_webhooks import MOST_WEBHOOKS, SWITCHES, EventWebhook
from mock_providers.sendgrid.state.settings import EVENTS

_OAUTH = ("oauth_client_id", "oauth_client_secret", "oauth_token_url")


def _create(visit: Visit) -> Answer:
    body, account = visit.body(), visit.account
    if sum(1 for _ in account.event_webhooks) >= MOST_WEBHOOKS:
        raise PlainError(400, "You have reached the maximum number of webhooks per your current billing plan.")
    _check(body)
    url = _url(visit, body.get("url"), of=None)
    webhook = account.add_webhook(url=url)
    # what isn't asked for isn't posted
    webhook.enabled = body.get("enabled", False)
    _change(visit, webhook, body)
    return shown(_dated(webhook), 201)


def _get(visit: Visit) -> Answer:
    webhook = _webhook(visit)
    return shown(_json(webhook) | _key(webhook))


def _all(visit: Visit) -> Answer:
    webhooks = [_dated(webhook) | _key(webhook) for webhook in visit.account.event_webhooks]
    return shown({"max_allowed": MOST_WEBHOOKS, "webhooks": webhooks})


def _update(visit: Visit) -> Answer:
    webhook, body = _webhook(visit), visit.body()
    _check(body)
    url = _url(visit, body["url"], of=webhook) if body.get("url") is not None else webhook.url
    if webhook is visit.account.event_webhooks.first:
        visit.account.change(replace(visit.account.settings, event_webhook_url=url))
    webhook.url = url
    _change(visit, webhook, body)
    return shown(_dated(webhook))


def _delete(visit: Visit) -> Answer:
    webhook, account = _webhook(visit), visit.account
    if webhook is account.event_webhooks.first:
        account.change(replace(account.settings, event_webhook_url=None))
        webhook.on, webhook.enabled, webhook.signed = set(SWITCHES), True, True
    else:
        account.event_webhooks.delete(webhook)
    return Answer(204)


def _get_signed(visit: Visit) -> Answer:
    webhook = _webhook(visit)
    return shown({"id": webhook.id, "public_key": webhook.key().public_key if webhook.signed else ""})


def _update_signed(visit: Visit) -> Answer:
    enabled = visit.body().get("enabled")
    if not isinstance(enabled, bool):
        raise SendGridError(400, Problem("enabled must be a boolean", "enabled"))
    _webhook(visit).signed = enabled
    return _get_signed(visit)


def _test(visit: Visit) -> Answer:
    body, webhooks = visit.body(), visit.account.event_webhooks
    webhook = webhooks.get(body["id"]) if isinstance(body.get("id"), str) else webhooks.oldest
    if webhook is None:
        raise PlainError(404, "Invalid id provided.")
    url = body.get("url") or webhook.url
    if not (isinstance(url, str) and is_http_url(url)):
        raise PlainError(400, f"'{url or ''}' is not a valid url")
    events = [make_event(visit.account, kind, mail=None, recipient=None) for kind in sorted(EVENTS)]
    visit.webhooks.post_soon(visit.account, events, url=url, signer=webhook.signer)
    return Answer(204)


def _webhook(visit: Visit) -> EventWebhook:
    webhooks = visit.account.event_webhooks
    webhook = webhooks.get(visit.args[0]) if visit.args else webhooks.oldest
    if webhook is None or (visit.args and webhook.url is None):
        raise PlainError(404, "Invalid id provided.")
    return webhook


def _url(visit: Visit, value: Any, *, of: EventWebhook | None) -> str:
    """A URL that a webhook may post to: valid, and no other webhook's."""
    if not isinstance(value, str) or not is_http_url(value):
        raise PlainError(400, f"'{value if isinstance(value, str) else ''}' is not a valid url")
    other = visit.account.event_webhooks.at(value)
    if other is not None and other is not of:
        words = f"Webhook at '{value}' already exists. Please provide a unique URL."
        raise PlainError(400, words, id=other.id, url=value)
    return value


def _check(body: dict[str, Any]) -> None:
    """Refuses a body before anything of it is done."""
    for name in (*SWITCHES, "enabled"):
        if name in body and not isinstance(body[name], bool):
            raise SendGridError(400, Problem(f"{name} must be a boolean", name))
    for name in ("friendly_name", *_OAUTH):
        if body.get(name) is not None and not isinstance(body[name], str):
            raise SendGridError(400, Problem(f"{name} must be a string", name))


def _change(visit: Visit, webhook: EventWebhook, body: dict[str, Any]) -> None:
    for name in SWITCHES:
        if name in body:
            (webhook.on.add if body[name] else webhook.on.discard)(name)
    webhook.enabled = body.get("enabled", webhook.enabled)
    if "friendly_name" in body:
        webhook.name = body["friendly_name"]
    # kept to be shown: no token is ever fetched with it, since a mock calls nobody but its receivers
    for name in ("oauth_client_id", "oauth_token_url"):
        if name in body:
            webhook.oauth[name] = body[name] or ""
    webhook.updated = visit.account.now()


def _json(webhook: EventWebhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "enabled": webhook.enabled and webhook.url is not None,
        "url": webhook.url or "",
        "friendly_name": webhook.name,
        "account_status_change": False,
        "oauth_client_id": webhook.oauth.get("oauth_client_id", ""),
        "oauth_token_url": webhook.oauth.get("oauth_token_url", ""),
        **{name: name in webhook.on for name in SWITCHES},
    }


def _dated(webhook: EventWebhook) -> dict[str, Any]:
    return _json(webhook) | {"created_date": _iso(webhook.created), "updated_date": _iso(webhook.updated)}


def _key(webhook: EventWebhook) -> dict[str, str]:
    return {"public_key": webhook.key().public_key} if webhook.signed else {}


def _iso(at: float | None) -> str | None:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


_BASE = "/v3/user/webhooks/event"
_ALL, _ONE = f"{_BASE}/settings", f"{_BASE}/settings(?:/([^/]+))?"
_SCOPE = "user.webhooks.event.settings"

ROUTES = [
    Route("webhook.settings.all", "GET", f"{_ALL}/all", _all, scope=f"{_SCOPE}.read"),
    Route("webhook.signed.get", "GET", f"{_ALL}/signed(?:/([^/]+))?", _get_signed, scope=f"{_SCOPE}.read"),
    Route("webhook.signed.update", "PATCH", f"{_ALL}/signed(?:/([^/]+))?", _update_signed, scope=f"{_SCOPE}.update"),
    Route("webhook.settings.create", "POST", _ALL, _create, scope=f"{_SCOPE}.create"),
    Route("webhook.settings.get", "GET", _ONE, _get, scope=f"{_SCOPE}.read"),
    Route("webhook.settings.update", "PATCH", _ONE, _update, scope=f"{_SCOPE}.update"),
    Route("webhook.settings.delete", "DELETE", f"{_ALL}/([^/]+)", _delete, scope=f"{_SCOPE}.delete"),
    Route("webhook.test", "POST", f"{_BASE}/test", _test, scope="user.webhooks.event.test.create"),
]
