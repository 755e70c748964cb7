"""The Python clients, in a process and over sockets, through restarts too."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from tenants import ServerProcess, start_server

from mock_providers.client import AsyncMockProviders, MockProviders
from mock_providers.client.protocol import UnhitFaultWarning
from mock_providers.errors import NotSeenError, RefusedError
from mock_providers.in_process import in_process

FORM = {"To": "+15552340001", "From": "+15552340002", "Body": "hello"}


async def send(http: httpx.AsyncClient, account: dict[str, Any], body: str) -> httpx.Response:
    sid = account["account_sid"]
    path = f"/2010-04-01/Accounts/{sid}/Messages.json"
    return await http.post(path, data=FORM | {"Body": body}, auth=(sid, account["auth_token"]))


def test_waiting_sees_what_was_and_what_comes(server: ServerProcess) -> None:
    async def run() -> None:
        async with AsyncMockProviders(server.url) as mocks:
            account = await mocks.twilio()
            own = {"account": account["account_sid"], "type": "called"}
            await send(mocks.http, account, "first")
            [first] = await mocks.wait(**own)
            waiting = asyncio.create_task(mocks.wait(count=2, after=first["seq"], **own))
            await send(mocks.http, account, "second")
            await send(mocks.http, account, "third")
            assert [entry["text"] for entry in await waiting] == ["second", "third"]

    asyncio.run(run())


def test_a_wait_in_vain_names_the_nearest_miss(server: ServerProcess) -> None:
    with MockProviders(server.url) as mocks:
        account = mocks.twilio()
        path = f"/2010-04-01/Accounts/{account.name}/Messages.json"
        mocks.http.post(path, data=FORM, auth=(account.account_sid, account.auth_token))
        with pytest.raises(NotSeenError) as missed:
            account.wait(text="goodbye", to="+15552340001", within=0.05)
        assert "saw 0 of 1 within 0.05 s" in str(missed.value)
        assert "text: wanted 'goodbye', saw 'hello'" in str(missed.value)
        assert list(missed.value.result["nearest"][0]["difference"]) == ["text"]


def test_faults_gates_and_refusals(server: ServerProcess) -> None:
    with MockProviders(server.url) as mocks:
        account = mocks.sendgrid()
        with account.fault(status=503) as fault:
            answer = mocks.http.get("/v3/scopes", headers={"Authorization": f"Bearer {account.api_key}"})
            assert answer.status_code == 503
        assert fault["hits"] == 1
        with pytest.warns(UnhitFaultWarning, match="no call met"), account.fault(status=503):
            pass
        with pytest.raises(RefusedError, match="does nothing"):
            mocks.request("POST", "/faults", json={})


def test_in_process_without_a_socket() -> None:
    async def run() -> None:
        async with in_process() as mocks:
            account = await mocks.twilio()
            async with httpx.AsyncClient(transport=mocks.transport, base_url="https://api.twilio.com") as http:
                assert (await send(http, account, "x")).status_code == 201
            async with respx.mock(assert_all_called=False) as router:
                mocks.route(router)
                async with httpx.AsyncClient(base_url="https://api.twilio.com") as http:
                    assert (await send(http, account, "y")).status_code == 201
                    with pytest.raises(ConnectionResetError):
                        async with mocks.fault(match={"account": account["account_sid"]}, reset=True):
                            await send(http, account, "z")
            assert [entry["text"] for entry in await mocks.calls(type="called")] == ["x", "y", "z"]

    asyncio.run(run())


def test_200_clients_each_get_their_own_through_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"

    async def run() -> None:
        server = start_server(journal=journal)
        port = int(server.url.rpartition(":")[2])
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with (
            AsyncMockProviders(server.url) as mocks,
            httpx.AsyncClient(base_url=server.url, limits=limits, timeout=60) as http,
        ):
            mocks.http = http
            accounts = [await mocks.twilio(lifecycle="manual") for _ in range(200)]
            await asyncio.gather(*(send(http, account, f"before {n}") for n, account in enumerate(accounts)))
            waits = [
                asyncio.create_task(mocks.wait(count=2, within=40, type="called", account=account["account_sid"]))
                for account in accounts
            ]
            await mocks.wait(count=200, type="called")
            await asyncio.to_thread(server.kill)
            again = await asyncio.to_thread(start_server, journal=journal, port=port)
            assert again.url == server.url
            await asyncio.gather(*(send(http, account, f"after {n}") for n, account in enumerate(accounts)))
            for n, wait in enumerate(waits):
                assert [entry["text"] for entry in await wait] == [f"before {n}", f"after {n}"]
            await asyncio.to_thread(again.stop)

    asyncio.run(run())
