"""An API that is not ours: refused for some seconds it is dead, and the run ends; away for a moment it is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness_support import until
from pytest_httpserver import HTTPServer

from harness.deploy.attached import Attached
from harness.deploy.embedded import Embedded
from harness.deploy.ports import Ports
from harness.errors import Inconclusive, PartDied
from harness.history import Event, History
from harness.loop import Loop
from harness.probes.polled import PolledProbe
from harness.profile import Api, Profile, parse
from harness.redact import Redactor
from harness.scenario.client import ApiClient
from harness.session import refused_for
from harness.vitals import Refused

PART = "the API at http://127.0.0.1:{port}"


@pytest.fixture
def port(ports: Ports) -> int:
    return ports.free()


def refused(history: History, port: int, *, within: float) -> Refused:
    return Refused(history, PART.format(port=port), url=f"http://127.0.0.1:{port}/v1", within=within)


def asked(history: History, port: int, *, within: float) -> ApiClient:
    url = f"http://127.0.0.1:{port}"
    return ApiClient(
        history, url=url, profile=Profile(api=Api(timeout=0.2)), on_refused=refused(history, port, within=within)
    )


@pytest.fixture
def slow(port: int) -> Iterator[int]:
    """Takes connections, and never answers."""
    with socket.create_server(("127.0.0.1", port)):
        yield port


def test_an_api_that_stays_away_has_died(port: int) -> None:
    history = History()
    client = asked(history, port, within=0.5)
    with pytest.raises(PartDied, match=rf"^the API at http://127\.0\.0\.1:{port} died under the run: nobody has taken"):
        client.request("GET", "/", operation="get")
    assert "Connection refused" in history.events("part.died")[0].data["reason"]
    assert [event.kind for event in history.events()] == ["api.requested", "api.answered", "part.died"]
    client.close()


def test_many_that_were_refused_at_once_are_told_of_one_death(port: int) -> None:
    history = History()
    look = refused(history, port, within=0.5)
    with ThreadPoolExecutor(4) as pool:
        errors = [pool.submit(look).exception(10) for _ in range(4)]
    assert {type(error) for error in errors} == {PartDied}
    assert len(history.events("part.died")) == 1


def test_an_api_that_comes_back_was_only_away(port: int) -> None:
    history = History()
    client = asked(history, port, within=10)
    servers: list[socket.socket] = []

    def back(event: Event) -> None:
        """It comes back as soon as somebody was refused."""
        if event.kind == "api.answered":
            servers.append(socket.create_server(("127.0.0.1", port)))

    history.listen(back)
    with pytest.raises(Inconclusive, match="got no answer"):
        client.request("GET", "/", operation="get")
    servers[0].close()
    assert history.over is None
    client.close()


def test_an_api_that_is_slow_is_not_dead(slow: int) -> None:
    history = History()
    client = asked(history, slow, within=0)
    with pytest.raises(Inconclusive, match="Timeout"):
        client.request("GET", "/", operation="get")
    refused(history, slow, within=0)()
    assert history.over is None
    client.close()


def test_who_polls_the_api_finds_its_death_too(loop: Loop, port: int) -> None:
    history = History()
    profile = parse({"deploy": {"driver": "attached"}, "api": {"url": "http://x"}}, source="test", environ={})
    look = refused(history, port, within=0.3)
    probe = PolledProbe(history, profile, url=f"http://127.0.0.1:{port}", on_refused=look)
    loop.run(probe.start())
    history.append("api.answered", source="api", message_id="m1", data={"operation": "send"})
    assert until_over(history) == PART.format(port=port)
    loop.run(probe.stop())


def until_over(history: History) -> str:
    try:
        until(history, lambda: None)
    except PartDied:
        return str(history.events("part.died")[0].data["part"])
    raise AssertionError("it did not end")


def test_only_what_is_not_ours_is_judged_by_its_connections(tmp_path: Path, loop: Loop, httpserver: HTTPServer) -> None:
    """A deployment of ours knows itself who lives, and scenarios kill its API."""
    history = History()
    url = httpserver.url_for("").rstrip("/")
    attached = parse({"deploy": {"driver": "attached"}, "api": {"url": url}}, source="test", environ={})
    assert isinstance(refused_for(history, Attached(attached, history)), Refused)
    ours = parse({"processes": {"api": {"command": ["x"]}}}, source="test", environ={})
    driver = Embedded(ours, history, redactor=Redactor(), logs=tmp_path, stack_env={}, wire=None)
    refused_for(history, driver)()
    assert history.over is None
    loop.run(driver.stop())
