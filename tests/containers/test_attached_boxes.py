"""Containers of a stack that runs already: paused by their name or their compose service, and let go whatever comes."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.deploy import images
from harness.deploy.attached import Attached
from harness.errors import Unobservable
from harness.history import History
from harness.loop import Loop
from harness.profile import Images, parse

pytestmark = pytest.mark.xdist_group("containers")

Run = Callable[..., Any]
WAITS = ["python", "-c", "import signal; signal.pause()"]


@pytest.fixture
def run(client: Any) -> Iterator[Run]:
    """Runs a container that waits."""
    made: list[Any] = []
    image = images.chosen(client, Images())["stack"]

    def one(**labels: str) -> Any:
        name = f"attached-{uuid.uuid4().hex[:12]}"
        made.append(client.containers.run(image, WAITS, name=name, labels=labels, detach=True))
        made[-1].reload()
        return made[-1]

    yield one
    for box in made:
        box.remove(force=True)


@pytest.fixture
def loop() -> Iterator[Loop]:
    kept = Loop()
    yield kept
    kept.close()


def service(name: str, project: str) -> dict[str, str]:
    return {"com.docker.compose.service": name, "com.docker.compose.project": project}


def attached(**processes: dict[str, Any]) -> Attached:
    table = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:9"}, "processes": processes}
    return Attached(parse(table, source="p.toml", environ={}), History())


def state_of(box: Any) -> str:
    box.reload()
    return str(box.status)


def test_a_container_is_held_by_its_name_and_released(run: Run, loop: Loop) -> None:
    box = run()
    driver = attached(worker={"container": box.name})
    reached = loop.run(driver.hold("worker"))
    assert state_of(box) == "paused"
    assert reached.names == (f"worker-{box.short_id}",)
    assert box.attrs["State"]["Pid"] in reached.pids
    assert not reached.unsure
    loop.run(driver.hold("worker"))
    loop.run(driver.release("worker"))
    assert state_of(box) == "paused"
    loop.run(driver.release("worker"))
    assert state_of(box) == "running"
    loop.run(driver.hold("worker"))
    loop.run(driver.stop())
    assert state_of(box) == "running"


def test_all_containers_of_a_service_are_held_and_known_by_their_addresses(run: Run, loop: Loop) -> None:
    name = uuid.uuid4().hex
    two = [run(**service(name, "letters")) for _ in range(2)]
    driver = attached(mail={"role": "worker", "service": name})
    loop.run(driver.hold("worker"))
    assert {state_of(box) for box in two} == {"paused"}
    loop.run(driver.release("worker"))
    for box in two:
        box.reload()
        address = box.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        assert driver.name_of_host(address) == f"mail-{box.short_id}"
        assert driver.name_of_pid(box.attrs["State"]["Pid"]) == f"mail-{box.short_id}"
    assert driver.name_of_host("192.0.2.1") is None
    loop.run(driver.stop())


def test_a_service_of_two_projects_is_named_with_its_own(run: Run, loop: Loop) -> None:
    name = uuid.uuid4().hex
    one, other = run(**service(name, "letters")), run(**service(name, "parcels"))
    both = attached(worker={"service": name})
    with pytest.raises(Unobservable, match=rf'runs in the projects letters, parcels; .*service = "letters/{name}"'):
        loop.run(both.hold("worker"))
    driver = attached(worker={"service": f"parcels/{name}"})
    loop.run(driver.hold("worker"))
    assert (state_of(one), state_of(other)) == ("running", "paused")
    loop.run(driver.stop())


def test_what_somebody_else_has_paused_stays_so(run: Run, loop: Loop) -> None:
    box = run()
    box.pause()
    driver = attached(worker={"container": box.name})
    with pytest.raises(Unobservable, match="is paused already, by somebody else"):
        loop.run(driver.hold("worker"))
    loop.run(driver.stop())
    assert state_of(box) == "paused"
    box.unpause()


def test_a_container_that_is_not_there(client: Any, loop: Loop) -> None:
    with pytest.raises(Unobservable, match=r"container = 'nowhere': the engine has none of that name or id"):
        loop.run(attached(worker={"container": "nowhere"}).hold("worker"))
    with pytest.raises(Unobservable, match="no container of the worker runs"):
        loop.run(attached(worker={"service": "nowhere"}).hold("worker"))


HOLDS = """
import json, sys
from harness.deploy.attached import Attached
from harness.history import History
from harness.loop import Loop
from harness.profile import parse
table = {"deploy": {"driver": "attached"}, "api": {"url": "http://x"}, "processes": json.loads(sys.argv[1])}
driver, loop = Attached(parse(table, source="test", environ={}), History()), Loop()
loop.run(driver.hold("worker"))
print("held", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_harness_has_paused_goes_on(run: Run, client: Any) -> None:
    box = run()
    events = client.events(decode=True, filters={"container": box.id, "event": "unpause"})
    said = json.dumps({"worker": {"container": box.name}})
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, said], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as harness:
        assert harness.stdout
        assert harness.stdout.readline() == b"held\n"
        assert state_of(box) == "paused"
        harness.kill()
    assert next(events)["Action"] == "unpause"
    events.close()
    assert state_of(box) == "running"
