"""When the stack's API counts as ready, and what is said where it answers otherwise."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from harness.deploy.output import Output
from harness.deploy.processes import Process, Processes
from harness.deploy.ready import PATH_OF_API, answering
from harness.errors import DeployError

WAIT = "import signal; signal.pause()"


@pytest.fixture
def process() -> Iterator[Process]:
    processes = Processes()
    yield processes.spawn(sys.executable, "-c", WAIT, name="api-1", role="api", env={}, cwd=Path("/"))
    processes.close()


def await_api(process: Process, url: str, directory: Path) -> None:
    output = Output(directory, on_line=lambda *_: None, redact=str)
    asyncio.run(answering(process, url, name="the API", output=output, within=0.1, advice=PATH_OF_API))


@pytest.mark.parametrize("status", [200, 204])
def test_any_2xx_is_ready(process: Process, httpserver: HTTPServer, tmp_path: Path, status: int) -> None:
    httpserver.expect_request("/health").respond_with_data("", status=status)
    await_api(process, httpserver.url_for("/health"), tmp_path)
    assert [request.path for request, _ in httpserver.log] == ["/health"]


def test_an_answer_that_says_no_names_the_path_and_the_key(
    process: Process, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/ready").respond_with_data("nothing here", status=404)
    with pytest.raises(DeployError, match=r"GET /ready answered 404: nothing here; \[api\] ready names the path"):
        await_api(process, httpserver.url_for("/ready"), tmp_path)
