"""Whose the calls are that the mocks were asked for: by account, and where the profile names the wrong one by text."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from test_providers_probe import ACCOUNT, NEIGHBOUR, STRANGER, Server, of_kind, tokens

from harness.deploy.ports import Ports
from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes.probe import new_token
from harness.probes.providers import ProvidersProbe


def test_a_neighbours_traffic_is_not_this_stacks(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url, accounts=frozenset((ACCOUNT,)))
    loop.run(probe.start())
    for account in (ACCOUNT, NEIGHBOUR):
        server.send(f"from {account}", account=account)
    inbound = {"from": "+12025550123", "to": "+12065550100", "url": "http://127.0.0.1:1/"}
    for account in (ACCOUNT, NEIGHBOUR):
        httpx.post(f"{server.url}/_mock/twilio/{account}/inbound", json=inbound, trust_env=False)
    loop.run(probe.settle())
    assert tokens(history) == [f"from {ACCOUNT}"]
    kinds = ("provider.called", "provider.answered", "callback.sent", "callback.answered")
    assert {event.data["account"] for event in history.events(*kinds)} == {ACCOUNT}
    assert [len(history.events(kind)) for kind in kinds] == [1, 1, 1, 1]
    assert of_kind(history, "probe.gap") == []
    loop.run(probe.stop())
    server.stop()


def test_a_neighbours_reset_is_no_gap_and_is_not_waited_for(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server, history = Server(tmp_path, ports.free()), History()
    probe = ProvidersProbe(history, url=server.url, accounts=frozenset((ACCOUNT,)))
    loop.run(probe.start())
    server.send("before")
    for account in (NEIGHBOUR, NEIGHBOUR):
        server.send("a neighbour's", account=account)
        loop.run(probe.settle())
        httpx.post(f"{server.url}/_mock/reset", json={"account": account}, trust_env=False)
        loop.run(probe.settle())
    server.send("after")
    loop.run(probe.settle())
    assert tokens(history) == ["before", "after"]
    assert of_kind(history, "probe.gap") == []
    loop.run(probe.stop())
    server.stop()


def test_a_call_of_no_account_is_ours_if_it_is_about_our_message_and_else_a_gap(
    tmp_path: Path, loop: Loop, ports: Ports
) -> None:
    server, history, token = Server(tmp_path, ports.free()), History(), new_token()
    history.append("api.requested", source="api", keys=[f"token:{token}"])
    probe = ProvidersProbe(history, url=server.url, accounts=frozenset((ACCOUNT,)))
    loop.run(probe.start())
    server.send(f"ours {token}", account=STRANGER)
    loop.run(probe.settle())
    [called, answered] = history.flow(f"token:{token}")[1:]
    assert (called.kind, answered.kind, answered.data["status"]) == ("provider.called", "provider.answered", 401)
    assert of_kind(history, "probe.gap") == []
    for text in ("whose?", f"another harness's {new_token()}"):
        server.send(text, account=STRANGER)
    loop.run(probe.settle())
    [told] = of_kind(history, "probe.gap")
    assert "`account` is null" in told["reason"]
    assert (told["kinds"], told["lasting"]) == (["provider.called", "provider.answered"], True)
    assert "[providers] accounts" in told["remedy"]
    assert len(tokens(history)) == 1
    loop.run(probe.stop())
    server.stop()


def test_a_message_of_ours_in_anothers_account_is_a_gap_that_names_the_account(
    tmp_path: Path, loop: Loop, ports: Ports
) -> None:
    server, history, token = Server(tmp_path, ports.free()), History(), new_token()
    history.append("api.requested", source="api", keys=[f"token:{token}"])
    probe = ProvidersProbe(history, url=server.url, accounts=frozenset((ACCOUNT,)))
    loop.run(probe.start())
    for text in (f"another harness's {new_token()}", "nobody's", f"ours {token}", f"ours again {token}"):
        server.send(text, account=NEIGHBOUR)
    loop.run(probe.settle())
    [told] = of_kind(history, "probe.gap")
    assert f"in the twilio account {NEIGHBOUR!r}, which [providers] doesn't name" in told["reason"]
    assert (told["kinds"], told["lasting"]) == (["provider.called", "provider.answered"], True)
    assert told["remedy"] == f'[providers] accounts = {{ twilio = "{NEIGHBOUR}" }}'
    assert tokens(history) == []
    loop.run(probe.stop())
    server.stop()


def test_an_account_that_the_mocks_do_not_have_ends_the_start(tmp_path: Path, loop: Loop, ports: Ports) -> None:
    server = Server(tmp_path, ports.free())
    probe = ProvidersProbe(History(), url=server.url, accounts=frozenset((ACCOUNT, "mail")))
    with pytest.raises(DeployError, match=rf"no account mail; they have {ACCOUNT}, {NEIGHBOUR}: mend"):
        loop.run(probe.start())
    loop.run(probe.stop())
    server.stop()
