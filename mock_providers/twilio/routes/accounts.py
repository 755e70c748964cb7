"""The Accounts resource: fetching one's own."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer
from mock_providers.twilio.errors import JSON
from mock_providers.twilio.routes.paging import short_list
from mock_providers.twilio.routes.visit import API, Route, Visit
from mock_providers.twilio.state.message import API_VERSION, encode, rfc2822


def _fetch(visit: Visit) -> Answer:
    return Answer(200, encode(_json(visit)).encode(), [JSON])


def _list(visit: Visit) -> Answer:
    page = short_list(visit.form, [_json(visit)], key="accounts", path=f"/{API_VERSION}/Accounts.json")
    return Answer(200, encode(page).encode(), [JSON])


def _json(visit: Visit) -> dict[str, Any]:
    account = visit.account
    uri = f"/{API_VERSION}/Accounts/{account.name}"
    return {
        # the vendor shows the token here; a mock that is asked by tests has no reason to
        "auth_token": "",
        "date_created": rfc2822(account.created),
        "date_updated": rfc2822(account.created),
        "friendly_name": "mock account",
        "owner_account_sid": account.name,
        "sid": account.name,
        "status": account.settings.status,
        "subresource_uris": {
            "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
            "messages": f"{uri}/Messages.json",
        },
        "type": "Full",
        "uri": f"{uri}.json",
    }


ROUTES = [
    Route("accounts.fetch", "GET", rf"{API}\.json", _fetch),
    Route("accounts.list", "GET", r"/2010-04-01/Accounts\.json()", _list),
]
