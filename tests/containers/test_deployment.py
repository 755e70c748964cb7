"""A deployment in containers: what runs, what can be done to it, and what the history is told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from harness import accepted, acknowledged, provider_called, queued, sms, status
from harness.deploy import engine
from harness.errors import DeadlineExpired, Unobservable
from harness.history import Event
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = pytest.mark.xdist_group("containers")

Boxes = dict[str, dict[str, Any]]


def sent(stack: Stack) -> None:
    stack.send(sms(body="hello")).expect(provider_called(times=1), status("sent"), acknowledged())


def last(stack: Stack, kind: str) -> Event:
    return [event for event in stack.history.events() if event.kind == kind][-1]


def test_every_part_is_a_container_with_our_labels(boxes: Boxes) -> None:
    assert set(boxes) == {"postgres", "redis", "mocks", "wire", "api-1", "worker-1"}
    for box in boxes.values():
        assert box["Config"]["Labels"][engine.OWNER] == engine.owner()


def test_ports_are_published_on_loopback_only(boxes: Boxes) -> None:
    bindings = [
        binding["HostIp"]
        for box in boxes.values()
        for bound in (box["NetworkSettings"]["Ports"] or {}).values()
        for binding in bound or []
    ]
    assert bindings
    assert set(bindings) == {"127.0.0.1"}


def test_the_stacks_own_containers_are_not_root(boxes: Boxes) -> None:
    assert {boxes[name]["Config"]["User"] for name in ("api-1", "worker-1", "mocks", "wire")} == {"10001:10001"}


def test_no_secret_is_on_a_command_line(boxes: Boxes) -> None:
    secrets = {
        value
        for line in boxes["api-1"]["Config"]["Env"]
        for name, value in [line.split("=", 1)]
        if name in ("POSTGRES_PASSWORD", "TWILIO_AUTH_TOKEN", "SENDGRID_API_KEY", "INBOUND_PARSE_TOKEN")
    }
    assert len(secrets) == 4
    words = json.dumps([(box["Path"], box["Args"]) for box in boxes.values()])
    assert not [secret for secret in secrets if secret in words]


def test_a_message_is_sent_and_the_wire_names_who_did_what(contained: Stack) -> None:
    flow = contained.send(sms(body="hello"))
    flow.expect(provider_called(times=1), status("sent"), acknowledged())
    contained.settle()
    who = {event.kind: event.data["process"] for event in flow.now.events if event.kind.startswith("queue.")}
    assert who["queue.appended"] == "api-1"
    assert who["queue.acked"] == "worker-1"


def test_what_a_worker_prints_is_an_event(contained: Stack) -> None:
    flow = contained.send(sms(body="hello"))
    flow.expect(status("sent"))
    found = contained.history.wait_for(
        lambda event: event.kind == "worker.log" and event.message_id == flow.now.id, within=10
    )
    assert found is not None
    assert found.data["process"] == "worker-1"


def test_a_held_worker_is_paused_and_goes_on(contained: Stack, client: Any) -> None:
    with contained.worker.held():
        worker = contained.driver.members("worker")[0]
        assert worker.held
        flow = contained.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        flow.expect_none(provider_called())
    flow.expect(provider_called(times=1), status("sent"))


def test_a_member_is_the_process_itself_and_not_its_init(contained: Stack, boxes: Boxes) -> None:
    for role in ("api", "worker"):
        (member,) = contained.driver.members(role)
        assert member.pid is not None
        assert member.pid != boxes[member.name]["State"]["Pid"]
        assert f"messaging_stack\0{role}" in Path(f"/proc/{member.pid}/cmdline").read_text(encoding="utf-8")


def test_a_held_worker_can_be_killed(contained: Stack) -> None:
    contained.quiesce()
    contained.loop.run(contained.driver.hold("worker"))
    contained.worker.kill()
    assert contained.worker.names == []
    contained.worker.start()
    assert contained.worker.names == ["worker-1"]
    sent(contained)


def test_a_worker_off_the_network_gets_nothing_until_it_is_back(contained: Stack) -> None:
    contained.quiesce()
    driver: Any = contained.driver
    contained.loop.run(driver.disconnect("worker"))
    try:
        flow = contained.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        with pytest.raises(DeadlineExpired):
            flow.expect(provider_called(), within=1.0)
    finally:
        contained.loop.run(driver.reconnect("worker"))
    flow.expect(provider_called(times=1), status("sent"), acknowledged(), within=40)


def test_a_role_that_does_not_run_has_no_network(contained: Stack) -> None:
    driver: Any = contained.driver
    contained.quiesce()
    contained.worker.kill()
    try:
        with pytest.raises(Unobservable, match="no container of the worker runs"):
            contained.loop.run(driver.disconnect("worker"))
    finally:
        contained.worker.start()


def test_callbacks_find_an_api_that_was_restarted(contained: Stack) -> None:
    flow = contained.send(message("sms"))
    contained.finished(flow)
    contained.providers.report("sms", contained.provider_id(flow), "sent")
    contained.api.restart()
    contained.providers.report("sms", contained.provider_id(flow), "delivered")
    flow.expect(status("delivered"))


def test_a_worker_that_dies_by_itself_is_told_as_such(contained: Stack, client: Any, boxes: Boxes) -> None:
    contained.quiesce()
    client.containers.get(boxes["worker-1"]["Id"]).kill()
    began = time.monotonic()
    found = contained.history.wait_until(
        lambda: ((event := last(contained, "process.exited")).data["expected"] is False and event) or None,
        deadline=began + 10,
    )
    contained.worker.start()
    assert found is not None
    assert (found.data["process"], found.data["code"]) == ("worker-1", 137)


def test_a_second_worker_has_a_name_of_its_own(contained: Stack) -> None:
    contained.quiesce()
    contained.worker.start(count=1)
    assert contained.worker.names == ["worker-1", "worker-2"]
    contained.worker.terminate()
    codes = [event.data["code"] for event in contained.history.events() if event.kind == "process.exited"][-2:]
    contained.worker.start()
    assert set(codes) <= {0, 143}  # neither had to be killed, however early the signal came
    sent(contained)
