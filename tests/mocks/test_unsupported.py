"""What the mocks don't have: answered in the vendor's words, counted, and told."""

from __future__ import annotations

import asyncio
import secrets

import httpx
import pytest
from tenants import SendGridTenant, TwilioTenant, entries, make_twilio, start_server

from mock_providers.client import AsyncMockProviders, MockProviders
from mock_providers.unsupported import MOST_SHAPES, Unsupported, shape


def lacks(http: httpx.Client, path: str) -> dict[str, object] | None:
    found = http.get("/_mock/unsupported").json()["unsupported"]
    return next((one for one in found if one["path"] == path), None)


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("POST", "/2010-04-01/Accounts/{account}/Calls.json", "/2010-04-01/Accounts/{sid}/Calls.json"),
        ("GET", "/2010-04-01/Accounts/{account}/Calls/CA{id}.json", "/2010-04-01/Accounts/{sid}/Calls/{sid}.json"),
        ("POST", "/2010-04-01/Accounts.json", "/2010-04-01/Accounts.json"),
        ("POST", "/2010-04-01/Accounts/{account}.json", "/2010-04-01/Accounts/{sid}.json"),
        (
            "POST",
            "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/TollFree.json",
            "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers/TollFree.json",
        ),
        ("GET", "/v1/Services/Usecases", "/v1/Services/Usecases"),
        ("GET", "/v1/Conversations/CH{id}/Messages", "/v1/Conversations/{sid}/Messages"),
        ("POST", "/v1/Services/MG{id}/ShortCodes", "/v1/Services/{sid}/ShortCodes"),
        ("GET", "/v2/Flows/FW{id}", "/v2/Flows/{sid}"),
        ("GET", "/v2/RegulatoryCompliance/+15552340001", "/v2/RegulatoryCompliance/{number}"),
    ],
)
def test_twilio(twilio: TwilioTenant, method: str, path: str, shown: str) -> None:
    asked = path.format(account=twilio.sid, id=secrets.token_hex(16))
    before = lacks(twilio.http, shown)
    response = twilio.http.request(method, asked, auth=(twilio.sid, twilio.token), data={"A": "b"})
    error = response.json()
    assert (response.status_code, error["code"], error["status"]) == (404, 20404, 404)
    assert f"{method} {asked} is not implemented by this mock" in error["message"]
    [called, answered] = twilio.entries()
    assert (called["endpoint"], answered["error"]) == ("unknown", 20404)
    lack = lacks(twilio.http, shown)
    assert lack is not None
    assert (lack["provider"], lack["method"]) == ("twilio", method)
    assert lack["count"] == (0 if before is None else before["count"]) + 1  # type: ignore[operator]  # reason: JSON
    assert twilio.sid not in str(lack)


@pytest.mark.parametrize(
    ("method", "path", "shown"),
    [
        ("GET", "/marketing/contacts", "/v3/marketing/contacts"),
        ("DELETE", "/ips/pools/12", "/v3/ips/pools/{number}"),
        ("GET", "/whitelabel/someone@example.com", "/v3/whitelabel/{id}"),
        ("GET", "/designs/1f7e2a3b-0000-4000-8000-0123456789ab", "/v3/designs/{id}"),
    ],
)
def test_sendgrid(sendgrid: SendGridTenant, method: str, path: str, shown: str) -> None:
    response = sendgrid.request(method, path)
    [error] = response.json()["errors"]
    assert (response.status_code, error["field"]) == (404, None)
    assert f"{method} /v3{path} is not implemented by this mock" in error["message"]
    lack = lacks(sendgrid.http, shown)
    assert lack is not None
    assert (lack["provider"], lack["method"]) == ("sendgrid", method)


def test_who_may_not_call_is_told_that_first_and_counted_all_the_same(http: httpx.Client) -> None:
    assert http.get("/v2/Nowhere").json()["code"] == 20003
    assert lacks(http, "/v2/Nowhere") is not None


def test_a_path_that_is_there_is_not_lacked(twilio: TwilioTenant) -> None:
    twilio.request("GET", f"/Messages/SM{'0' * 32}.json")
    twilio.request("PUT", "/Messages.json")
    found = str(twilio.http.get("/_mock/unsupported").json())
    assert "/Messages" not in found.replace("/v1/Conversations/{sid}/Messages", "")


def test_what_is_no_vendors_stays_as_it_is(http: httpx.Client) -> None:
    answer = http.get("/nowhere")
    assert (answer.status_code, "hint" in answer.json()) == (404, True)
    assert lacks(http, "/nowhere") is None


def test_the_clients_tell_it(http: httpx.Client) -> None:
    url = str(http.base_url)
    http.get("/v2/TheClientsTellIt")

    async def asked() -> list[dict[str, object]]:
        async with AsyncMockProviders(url) as mocks:
            return await mocks.unsupported()

    with MockProviders(url) as mocks:
        assert mocks.unsupported() == asyncio.run(asked())
        assert "/v2/TheClientsTellIt" in [one["path"] for one in mocks.unsupported()]


def test_a_reset_of_all_forgets_them() -> None:
    running = start_server()
    try:
        with httpx.Client(base_url=running.url) as http:
            tenant = make_twilio(http)
            http.get("/v2/Nowhere", auth=(tenant.sid, tenant.token))
            http.post("/_mock/reset", json={"account": tenant.sid})
            assert lacks(http, "/v2/Nowhere") is not None
            http.post("/_mock/reset", json={})
            assert lacks(http, "/v2/Nowhere") is None
            assert entries(http, type="called") == []
    finally:
        assert running.stop() == 0


def test_they_are_bounded() -> None:
    unsupported = Unsupported()
    for n in range(2 * MOST_SHAPES):
        unsupported.count("twilio", "GET", f"/v1/word{'a' * (n % 30)}x{n}")
    shown = unsupported.to_json()
    assert len(shown) == MOST_SHAPES + 1
    assert (shown[0]["path"], shown[0]["count"]) == ("(others)", MOST_SHAPES)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/" + "/".join("a" * 30), "/v2/" + "/".join("a" * 11) + "/…"),
        ("/v1/" + "x" * 100_000, "/v1/{id}"),
        ("/v1/\udcff\x1b[31m", "/v1/{id}"),
        ("/v1/SM" + "0" * 32 + ".json", "/v1/{sid}.json"),
        ("/v1/SM" + "0" * 32 + ".\x1b", "/v1/{sid}"),
        ("/v1//x/", "/v1//x/"),
        ("/v1/../..", "/v1/{id}/{id}"),
    ],
)
def test_shapes(path: str, expected: str) -> None:
    assert shape(path) == expected
