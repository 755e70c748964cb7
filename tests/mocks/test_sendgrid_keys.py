"""Keys made over the API, where a server takes any key, and after a reset; the scopes that routes ask for."""

from __future__ import annotations

import httpx
from tenants import SendGridTenant, mail, start_server

from mock_providers.sendgrid.api import ROUTES
from mock_providers.sendgrid.state.scopes import KNOWN, granted


def test_an_open_server_makes_no_account_of_a_deleted_key() -> None:
    server = start_server("--open")
    try:
        with httpx.Client(base_url=server.url) as http:
            own = SendGridTenant(http, "", "SG.any.key")
            made = own.request("POST", "/api_keys", json={"name": "x"}).json()
            key = SendGridTenant(http, "", made["api_key"])
            key.send()
            assert own.request("DELETE", f"/api_keys/{made['api_key_id']}").status_code == 204
            assert key.create().status_code == 401
            accounts = http.get("/_mock/accounts").json()["accounts"]
            assert len(accounts) == 1
    finally:
        server.stop()


def test_a_reset_takes_the_keys_that_were_made(sendgrid: SendGridTenant) -> None:
    made = sendgrid.request("POST", "/api_keys", json={"name": "x", "scopes": ["mail.send"]}).json()
    key = SendGridTenant(sendgrid.http, sendgrid.name, made["api_key"])
    key.send()
    wanted = {"provider": "sendgrid", "account": sendgrid.name}
    assert sendgrid.http.post("/_mock/reset", json=wanted).status_code == 200
    assert key.create().status_code == 401
    assert sendgrid.request("POST", "/mail/send", json=mail()).status_code == 202


def test_a_key_can_be_given_every_scope_that_a_route_asks_for() -> None:
    assert {route.scope for route in ROUTES} - KNOWN == {""}


def test_a_scope_covers_what_lies_below_it_with_the_same_verb() -> None:
    assert granted(("asm.groups.read",), "asm.groups.suppressions.read")
    assert not granted(("asm.groups.read",), "asm.groups.suppressions.create")
    assert not granted(("asm.groups.suppressions.read",), "asm.groups.read")
    assert not granted(("mail.send",), "mail.batch.create")
