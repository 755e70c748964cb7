"""Who comes in, and in whose name: credentials, API keys, and the account in the path."""

from __future__ import annotations

import secrets

import httpx
import pytest
from tenants import TwilioTenant, entries, start_server


def basic(http: httpx.Client, path: str, header: str | None) -> tuple[int, int, str]:
    response = http.get(path, headers={} if header is None else {"Authorization": header})
    error = response.json()
    return response.status_code, error["code"], error["message"]


@pytest.mark.parametrize("header", [None, "Basic !!", "Basic", "Bearer abc", "Basic Og=="])
def test_no_credentials(http: httpx.Client, twilio: TwilioTenant, header: str | None) -> None:
    words = "Authentication Error - No credentials provided"
    assert basic(http, f"{twilio.path}/Messages.json", header) == (401, 20003, words)


@pytest.mark.parametrize("path", ["SK{}", "AC12", "me", "AC{}x", "ac{}", "AC{}%20"])
def test_a_path_without_an_account(twilio: TwilioTenant, path: str) -> None:
    named = path.format(secrets.token_hex(16))
    response = twilio.http.get(f"/2010-04-01/Accounts/{named}/Messages.json", auth=(twilio.sid, twilio.token))
    assert (response.status_code, response.json()["code"]) == (400, 90002)


def test_any_key_is_welcome_where_accounts_are_made_on_demand() -> None:
    account, key, token = f"AC{secrets.token_hex(16)}", f"SK{secrets.token_hex(16)}", secrets.token_hex(16)
    message = {"To": "+15552340001", "From": "+15552340002", "Body": "hello"}
    path = f"/2010-04-01/Accounts/{account}/Messages.json"
    running = start_server("--open")
    try:
        with httpx.Client(base_url=running.url) as http:
            assert http.post(path, data=message, auth=(key, "hush")).status_code == 201
            assert http.post(path, data=message, auth=(key, "wrong")).json()["code"] == 20003
            assert http.post(path, data=message, auth=(account, token)).status_code == 201
            assert http.post(path, data=message, auth=(account, "another")).json()["code"] == 20003
            second = f"SK{secrets.token_hex(16)}"
            assert http.post(path, data=message, auth=(second, "hush")).status_code == 201
            assert http.get("/v1/Services", auth=(second, "hush")).status_code == 200
            assert {entry["account"] for entry in entries(http)} == {account}
    finally:
        assert running.stop() == 0


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"MediaUrl": ""}, 21620),
        ({"MediaUrl": ["https://example.com/a", ""]}, 21620),
        ({"To": "whatsapp:+15552340001"}, 21910),
        ({"From": "whatsapp:+15552340002"}, 21910),
        ({"To": "rcs:+15552340001", "From": "whatsapp:+15552340002"}, 21910),
        ({"To": "whatsapp:+15552340001", "From": "ACME"}, 21910),
        ({"To": "whatsapp:+15552340001", "From": "whatsapp:ACME"}, 63007),
        ({"From": "pigeon:+15552340002"}, 63007),
        ({"To": "pigeon:+15552340002"}, 21211),
        ({"To": "15552340001"}, 21211),
        ({"To": "12345"}, 21265),
        ({"From": "not: a sender"}, 63007),
        ({"From": "Not: a sender"}, 21212),
    ],
)
def test_who_does_not_write_to_whom(twilio: TwilioTenant, params: dict[str, str], code: int) -> None:
    assert twilio.create(**params).json()["code"] == code


def test_a_channel_of_somebody_else(twilio: TwilioTenant) -> None:
    whatsapp = {"To": "whatsapp:+15552340001", "From": "whatsapp:+15552340002"}
    assert twilio.create(**whatsapp).status_code == 201
    twilio.change(strict_from=True)
    assert twilio.create(**whatsapp).json()["code"] == 63007
    twilio.change(numbers=["+15552340002"])
    assert twilio.create(**whatsapp).status_code == 201


def test_what_is_under_way_is_not_deleted(twilio: TwilioTenant) -> None:
    path = f"/Messages/{twilio.send()['sid']}.json"
    for status in ("queued", "sent", "delivered"):
        twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{path[10:44]}/status", json={"status": status})
        expected = (204, b"") if status == "delivered" else (409, b"20009")
        answer = twilio.request("DELETE", path)
        assert (answer.status_code, answer.content[9:14] if answer.content else b"") == expected
