"""The image by itself: its health check, its commands, and that the build needs nothing but what is locked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from harness.deploy import engine

pytestmark = pytest.mark.xdist_group("containers")

STACK = "messaging-harness/stack:local"
QUICK = {
    "test": ["CMD", "python", "/opt/messaging/health.py"],
    "interval": 200_000_000,
    "timeout": 5_000_000_000,
    "start_period": 1_000_000,
    "retries": 3,
}
OURS = engine.labels("image-test")


@contextmanager
def running(client: Any, *command: str) -> Iterator[Any]:
    """A container of the image, without network, with its own health check asked more often."""
    container = client.containers.run(
        STACK, list(command), detach=True, network_mode="none", labels=OURS, healthcheck=QUICK
    )
    try:
        yield container
    finally:
        container.remove(force=True)


def health(client: Any, container: Any) -> str:
    """The engine's first word on a container's health."""
    stream = client.events(
        decode=True, since=int(time.time()) - 5, until=int(time.time()) + 30, filters={"container": container.id}
    )
    for event in stream:
        if event["Action"].startswith("health_status: "):
            return str(event["Action"]).removeprefix("health_status: ")
        if event["Action"] == "die":
            break
    raise AssertionError(f"no word of its health; it said: {container.logs().decode()}")


def test_mocks_that_serve_are_healthy(client: Any) -> None:
    with running(client, "mock-providers", "serve", "--port", "4010") as container:
        assert health(client, container) == "healthy"


def test_a_worker_that_can_not_reach_its_queue_is_unhealthy(client: Any) -> None:
    # the settings name a Redis that isn't there; the process lives on, since it waits for it
    with running(client, "python", "-c", "import threading; threading.Event().wait()", "worker") as container:
        assert health(client, container) == "unhealthy"


def test_the_image_says_how_its_health_is_asked_and_who_it_is(client: Any) -> None:
    config = client.images.get(STACK).attrs["Config"]
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "/opt/messaging/health.py"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["messaging-stack", "api"]


@pytest.mark.parametrize("command", [("messaging-stack", "--help"), ("mock-providers", "--help")])
def test_each_command_is_there(client: Any, command: tuple[str, ...]) -> None:
    said = client.containers.run(STACK, list(command), remove=True, network_mode="none", labels=OURS)
    assert b"usage:" in said.lower()
