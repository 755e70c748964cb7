"""A scripted API and clients of it, whose profile has the tables that a test gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from scripted_api import Api

from harness.history import History
from harness.profile import Profile, parse
from harness.scenario.client import ApiClient


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture
def api(server: HTTPServer) -> Api:
    server.clear()
    return Api(server)


@pytest.fixture
def client_of(api: Api) -> Iterator[Callable[..., tuple[ApiClient, History]]]:
    """A client of an API whose profile has these tables."""
    made: list[ApiClient] = []

    def make(**tables: Any) -> tuple[ApiClient, History]:
        table = {"deploy": {"driver": "attached"}, **tables, "api": {"url": api.url, **tables.get("api", {})}}
        profile: Profile = parse(table, source="test.toml", environ={})
        history = History()
        made.append(ApiClient(history, url=api.url, profile=profile))
        return made[-1], history

    yield make
    for client in made:
        client.close()
