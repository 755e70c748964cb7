"""The status that is sampled through the API, and what is said where the API names none."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness_support import arrives
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.deploy.ports import Ports
from harness.history import History
from harness.history.facts import Facts
from harness.loop import Loop
from harness.probes import polled
from harness.probes.polled import PolledProbe
from harness.profile import Profile

Answer = str | int | dict[str, Any] | list[Any] | Response


class Api:
    """An API of which only the status of one message is asked."""

    def __init__(self, server: HTTPServer, *, message_id: str = "m1") -> None:
        self.url = server.url_for("")
        self.answers: list[Answer] = []
        server.expect_request(f"/api/v1/messages/{message_id}").respond_with_handler(self._answer)

    def _answer(self, _: Request) -> Response:
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, Response):
            return said
        if isinstance(said, int):
            return Response(status=said)
        if isinstance(said, dict | list):
            return Response(json.dumps(said))
        return Response(said if said.startswith("<") else json.dumps({"status": said}))


@pytest.fixture
def api(server: HTTPServer) -> Api:
    return Api(server)


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def watch(loop: Loop) -> Iterator[Callable[[str], History]]:
    """A probe of an API at a URL, stopped in the end."""
    probes: list[PolledProbe] = []

    def start(url: str) -> History:
        history = History()
        probes.append(PolledProbe(history, Profile(), url=url))
        loop.run(probes[-1].start())
        return history

    yield start
    for probe in probes:
        loop.run(probe.stop())


def sent(history: History, message_id: str = "m1", **more: Any) -> None:
    history.append("api.answered", source="api", message_id=message_id, data={"operation": "send"}, **more)


def samples(history: History) -> list[tuple[str, Any, Any]]:
    events = history.events("database.inserted", "database.status")
    assert all(event.data["sampled"] for event in events)
    return [(event.kind, event.data["old"], event.data["new"]) for event in events]


def test_what_is_delivered_and_what_is_not_is_said_at_the_start(api: Api, watch: Callable[[str], History]) -> None:
    started, unseen, sampled = watch(api.url).events()
    assert (started.kind, started.data["kinds"]) == ("probe.started", ["database.status"])
    assert (unseen.data["kinds"], unseen.data["lasting"]) == (["database.inserted"], True)
    assert unseen.data["remedy"] == "[database] url, and a user that may create a trigger"
    assert (sampled.data["kinds"], sampled.data["sampled"]) == (["database.status"], True), "no absence is proved"


def test_a_status_is_sampled_until_it_is_terminal(api: Api, watch: Callable[[str], History]) -> None:
    history = watch(api.url)
    api.answers = [404, "<html>", "pending", "pending", "sending", "sent"]
    sent(history)
    arrives(history, lambda event: event.data.get("new") == "sent")
    assert samples(history) == [
        ("database.inserted", None, "pending"),
        ("database.status", "pending", "sending"),
        ("database.status", "sending", "sent"),
    ]


def busy(seconds: float) -> Response:
    return Response(status=429, headers={"Retry-After": str(seconds)})


def test_an_api_that_asks_to_be_left_alone_is_and_what_it_says_then_counts(
    api: Api, watch: Callable[[str], History], loop: Loop
) -> None:
    history = watch(api.url)
    api.answers = [busy(0.3), "sent"]
    sent(history)
    asked = time.monotonic()
    arrives(history, lambda event: event.data.get("new") == "sent")
    assert time.monotonic() - asked >= 0.3
    assert [event.data["reason"] for event in history.events("probe.gap")[2:]] == []


def test_what_was_not_asked_for_so_long_was_not_read_to_its_end(
    api: Api, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polled, "SETTLES", 0.2)
    history = History()
    probe = PolledProbe(history, Profile(), url=api.url)
    loop.run(probe.start())
    api.answers = [busy(60)]
    sent(history)
    loop.run(probe.settle())
    assert "didn't name the status of 1 messages within" in history.events("probe.gap")[-1].data["reason"]
    loop.run(probe.stop())


def test_a_report_is_a_reason_to_look_again(api: Api, watch: Callable[[str], History]) -> None:
    history = watch(api.url)
    api.answers = ["sent"]
    sent(history, keys=["token:t"])
    arrives(history, lambda event: event.data.get("new") == "sent")
    history.append("provider.answered", source="providers", keys=["token:t", "provider:SM1"])
    api.answers = ["delivered"]
    history.append("callback.answered", source="providers", keys=["provider:SM1"])
    arrives(history, lambda event: event.data.get("new") == "delivered")


@pytest.mark.parametrize(
    ("answer", "reason", "remedy"),
    [
        (
            401,
            "the API answers 401 to GET /api/v1/messages/{id}",
            "[api] headers, by which the API lets the harness in",
        ),
        (404, "the API answers 404 to GET /api/v1/messages/{id}", "[look] path"),
        (
            Response("no\nway", status=500),
            "the API answers 500 to GET /api/v1/messages/{id}: no way",
            "[look] path",
        ),
        (
            Response(status=307, headers={"location": "http://127.0.0.2:1/elsewhere"}),
            "the API can't be asked for a status: redirected to another server, http://127.0.0.2:1/elsewhere, "
            "which isn't asked",
            "[api] url",
        ),
        (
            {"data": {"status": "sent"}, "ok": True},
            "the API's answer to GET /api/v1/messages/{id} names no status at /status; it has data, ok",
            "[look] status: where in the answer the status stands",
        ),
        (
            ["sent"],
            "the API's answer to GET /api/v1/messages/{id} names no status at /status; it is no JSON object",
            "[look] status: where in the answer the status stands",
        ),
        (
            "<p>",
            "the API's answer to GET /api/v1/messages/{id} names no status at /status; it is no JSON object",
            "[look] status: where in the answer the status stands",
        ),
        (
            {"status": None},
            "the API's answer to GET /api/v1/messages/{id} names no status at /status; it has status",
            "[look] status: where in the answer the status stands",
        ),
        (
            "verschickt",
            "the API names a status 'verschickt' that the profile doesn't know",
            "[statuses], with every spelling of each step",
        ),
    ],
)
def test_an_answer_that_tells_nothing_is_told_once(
    api: Api, watch: Callable[[str], History], answer: Answer, reason: str, remedy: str
) -> None:
    history = watch(api.url)
    api.answers = [answer, answer, answer, "sending", answer, "sent"]
    sent(history)
    arrives(history, lambda event: event.data.get("new") == "sent")
    gaps = [event.data for event in history.events("probe.gap") if not event.data.get("lasting")]
    assert [(said["reason"], said["remedy"], said["kinds"]) for said in gaps] == [(reason, remedy, ["database.status"])]


def test_a_message_whose_status_can_not_be_read_is_not_asked_for_for_ever(
    api: Api, watch: Callable[[str], History]
) -> None:
    history = watch(api.url)
    api.answers = [{"data": {"status": "sent"}}] * polled.UNREADABLE + ["sent"]
    sent(history, keys=["token:t"])
    gap = arrives(history, lambda event: "asked for no more" in event.data.get("reason", ""))
    assert (gap.data["kinds"], gap.data["lasting"]) == (["database.status"], True)
    assert samples(history) == []
    history.append("callback.answered", source="providers", keys=["token:t"])  # a report is a reason to look again
    arrives(history, lambda event: event.data.get("new") == "sent")


def test_an_accepted_send_without_an_id_can_not_be_followed(api: Api, watch: Callable[[str], History]) -> None:
    history = watch(api.url)
    unseen = Facts(history).unseen("queue.appended")
    for status, message_id in ((422, None), (201, "m1"), (201, None)):  # refused; named; named before
        data = {"operation": "send", "status": status}
        history.append("api.answered", source="api", message_id=message_id, data=data, keys=["token:t"])
    assert Facts(history).unseen("queue.appended") == unseen
    for token in ("token:u", "token:v"):
        history.append("api.answered", source="api", data={"operation": "send", "status": 202}, keys=[token])
    (gap,) = [gap for gap in history.events("probe.gap") if "has no id at /id" in gap.data["reason"]]
    assert gap.data["lasting"] is True
    for kind in ("queue.appended", "queue.acked", "database.inserted", "database.status"):
        assert kind.startswith(tuple(gap.data["kinds"]))
    assert "[send] id: where the id stands" in gap.data["remedy"]


def test_an_id_that_is_a_number_and_one_that_needs_quoting(server: HTTPServer, watch: Callable[[str], History]) -> None:
    history = watch(server.url_for(""))
    for message_id in ("7", "a/b?c"):
        api = Api(server, message_id=message_id)
        api.answers = ["sent"]
    number: Any = 7
    sent(history, number)
    sent(history, "a/b?c")
    for expected in ("7", "a/b?c"):
        event = arrives(
            history, lambda event, name=expected: event.data.get("new") == "sent" and event.message_id == name
        )  # type: ignore[misc]  # reason: mypy infers no lambda with defaults
        assert f"message:{expected}" in event.keys


def test_a_status_that_is_a_number(api: Api, watch: Callable[[str], History]) -> None:
    history = watch(api.url)
    api.answers = [{"status": 1}]
    sent(history)
    assert arrives(history, lambda event: event.kind == "database.inserted").data["new"] == "1"


def test_an_api_that_is_gone_is_told_once(loop: Loop, ports: Ports) -> None:
    history = History()
    probe = PolledProbe(history, Profile(), url=f"http://127.0.0.1:{ports.free()}")
    loop.run(probe.start())
    sent(history)
    loop.run(probe.settle())
    loop.run(probe.settle())
    loop.run(probe.stop())
    kinds = [event.kind for event in history.events()]
    assert kinds == ["probe.started", "probe.gap", "probe.gap", "api.answered", "probe.gap"]
    assert history.events()[-1].data["reason"].startswith("the API can't be asked for a status: ")


def test_an_api_that_hangs_hangs_nobody(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polled, "SETTLES", 0.5)
    history = History()
    with socket.create_server(("127.0.0.1", 0)) as nobody:  # the kernel takes connections, and nobody answers
        probe = PolledProbe(history, Profile(), url=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        loop.run(probe.start())
        for number in range(50):
            sent(history, f"m{number}")
        began = time.monotonic()
        loop.run(probe.settle())
        assert time.monotonic() - began < polled.ANSWERS
        assert "the API didn't name the status of 50 messages" in history.events("probe.gap")[-1].data["reason"]
        arrives(history, lambda event: "can't be asked for a status" in event.data.get("reason", ""))
        loop.run(probe.stop())


def test_what_is_recorded_after_the_end_is_nobody_s(api: Api, loop: Loop) -> None:
    other = Loop()
    history = History()
    probe = PolledProbe(history, Profile(), url=api.url)
    other.run(probe.start())
    other.run(probe.stop())
    other.close()
    sent(history)  # no error where the record is appended to
