"""A stack by its own compose file: what is ours in it, what can be done to it, and that nothing is left."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import container_support
import psutil
import pytest

from harness import accepted, acknowledged, provider_called, queued, sms, status
from harness.deploy import engine, images, project
from harness.deploy.compose import Composed
from harness.errors import DeployError
from harness.profile import Images, load
from harness.scenario.stack import Stack
from harness.session import Options, deployed

pytestmark = pytest.mark.xdist_group("containers")

HERE = Path(__file__).parent / "composed"


@pytest.fixture(scope="module")
def program(client: Any) -> Iterator[None]:
    """Compose, and the images that the file names; skipped where there is none, unless it must be there."""
    try:
        project.binary()
    except DeployError as error:
        if os.environ.get(container_support.REQUIRED):
            pytest.fail(f"{container_support.REQUIRED} is set, and {error}")
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        for part, name in images.chosen(client, Images()).items():
            patch.setenv(f"{part.upper()}_IMAGE", name)
        yield


@pytest.fixture(scope="module")
def composed(program: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with deployed(load(HERE / "letters.toml"), Options(build=tmp_path_factory.mktemp("build"))) as stack:
        yield stack


def driver(stack: Stack) -> Composed:
    assert isinstance(stack.driver, Composed)
    return stack.driver


def boxes(client: Any, run: str) -> dict[str, Any]:
    found = client.containers.list(all=True, filters={"label": f"{engine.RUN}={run}"})
    return {box.labels.get("com.docker.compose.service") or box.name.split("-", 3)[-1]: box for box in found}


def test_it_is_the_users_file_with_ours_beside_it(composed: Stack, client: Any) -> None:
    mine = boxes(client, driver(composed).run)
    assert set(mine) == {"db", "cache", "schema", "front", "sender", "harness-mocks", "harness-wire"}
    assert {box.labels[engine.OWNER] for box in mine.values()} == {engine.owner()}
    bindings = [
        binding["HostIp"]
        for box in mine.values()
        for bound in (box.attrs["NetworkSettings"]["Ports"] or {}).values()
        for binding in bound or []
    ]
    assert set(bindings) == {"127.0.0.1"}
    assert mine["front"].name != "letters-front"


def test_a_message_is_sent_and_the_wire_names_who_did_what(composed: Stack) -> None:
    flow = composed.send(sms(body="hello"))
    flow.expect(provider_called(times=1), status("sent"), acknowledged())
    composed.settle()
    who = {event.kind: event.data["process"] for event in flow.now.events if event.kind.startswith("queue.")}
    assert who["queue.appended"] == "api-1"
    assert who["queue.acked"] == "worker-1"


def test_a_held_service_is_paused_and_goes_on(composed: Stack) -> None:
    with composed.worker.held():
        flow = composed.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        flow.expect_none(provider_called())
    flow.expect(provider_called(times=1), status("sent"))


def test_a_killed_one_comes_again_and_may_get_company(composed: Stack) -> None:
    composed.worker.kill()
    assert composed.worker.names == []
    composed.worker.start()
    composed.worker.start(count=1)
    assert composed.worker.names == ["worker-1", "worker-2"]
    composed.send(sms(body="hello")).expect(provider_called(times=1), status("sent"))
    composed.worker.restart()
    assert composed.worker.names == ["worker-1", "worker-2"]


def test_nothing_is_left(program: None, client: Any, tmp_path: Path) -> None:
    with deployed(load(HERE / "letters.toml"), Options(build=tmp_path)) as stack:
        run = driver(stack).run
        assert boxes(client, run)
    mine = {"label": f"{engine.RUN}={run}"}
    assert not client.containers.list(all=True, filters=mine)
    assert not client.networks.list(filters=mine)
    assert not client.volumes.list(filters=mine)


def refused(tmp_path: Path, profile: str, compose: str | None = None) -> str:
    (tmp_path / "p.toml").write_text(f'version = 2\n[deploy]\ndriver = "compose"\n{profile}', encoding="utf-8")
    if compose is not None:
        (tmp_path / "compose.yaml").write_text(compose, encoding="utf-8")
    with (
        pytest.raises(DeployError) as error,
        deployed(load(tmp_path / "p.toml"), Options(build=tmp_path / "build")),
    ):
        pass
    return str(error.value)


ONE = "services:\n  app:\n    image: messaging-harness/none:here\n"


def test_what_does_not_fit_is_one_line(program: None, tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").touch()
    said = refused(tmp_path, "[processes.api]\n")
    assert "compose = 'compose.yaml': there is no file" in said
    assert said.endswith("compose.yaml; there is docker-compose.yml")
    said = refused(tmp_path, "[processes.api]\n", ONE)
    assert said.startswith("[processes.api] service = 'api': ")
    assert said.endswith("has no such service; it has app")
    said = refused(tmp_path, '[processes.api]\nservice = "app"\n[api]\nurl = "http://web:80"\n')
    assert said.startswith("[api] url = http://web… names no service of the compose file; it has app")
    said = refused(tmp_path, '[processes.api]\nservice = "app"\n', "services: [")
    assert "config` ended with 1: " in said or "config --format json` ended with" in said


def left(client: Any, pid: int) -> list[str]:
    """What a process has made on the engine, its volumes too."""
    volumes = client.api.volumes(filters={"label": engine.OWNER})["Volumes"] or []
    kept = [one["Name"] for one in volumes if one["Labels"][engine.OWNER].split(":")[2] == str(pid)]
    return [*container_support.owned_by(client, pid), *kept]


@pytest.mark.unmeasured
@pytest.mark.parametrize("things", [1, 5, 8])
def test_the_janitor_removes_what_a_killed_run_left(program: None, client: Any, tmp_path: Path, things: int) -> None:
    words = container_support.command("verify", "--profile", HERE / "letters.toml", "--build", tmp_path / "build")
    with (tmp_path / "out").open("wb") as out:
        harness = subprocess.Popen(words, cwd=container_support.ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        while len(left(client, harness.pid)) < things:
            with contextlib.suppress(subprocess.TimeoutExpired):
                harness.wait(0.05)
                pytest.fail((tmp_path / "out").read_text())
    finally:
        family = psutil.Process(harness.pid).children(recursive=True)
        harness.kill()
        harness.wait(10)
    assert psutil.wait_procs(family, timeout=30)[1] == []
    assert left(client, harness.pid) == []
