"""How a send goes out as the profile says, and what is made of the answer, against a real server."""

from __future__ import annotations

import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.errors import Inconclusive, Unobservable
from harness.history import Event, Flow, History, key
from harness.profile import Profile, parse
from harness.retry_after import asked_to_wait
from harness.scenario.client import ApiClient
from harness.scenario.messages import Message, email, mms, sms
from harness.scenario.pace import slowed

CREATED: dict[str, Any] = {"id": "m1", "status": "pending"}


class Api:
    """A server that answers each request with the next of its answers, and keeps what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.answers: list[Response] = []
        self.asked: list[Request] = []
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        for path in ("/api/v1/messages/send", "/api/v1/messages/m1", "/sends", "/sends/", "/sends/7", "/other"):
            server.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.bodies.append(request.get_data())
            self.asked.append(request)
            return self.answers.pop(0) if self.answers else said(CREATED, 201)


def said(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status=status, headers={"Content-Type": "application/json", **named})


def busy(**headers: str) -> Response:
    return said({"error": "slow down"}, 429, **headers)


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


Make = Callable[..., tuple[ApiClient, History]]


def answers(history: History) -> list[Event]:
    return list(history.events("api.answered"))


def flow(history: History, message: Message) -> Flow:
    return Flow(history.flow(key("token", message.token)))


# 429


def date(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "1"}, 1.0, 1.0),
        ({"Retry_After": "0.2"}, 0.2, 0.2),
        ({"Retry_After": "0"}, 0.05, 0.05),
        ({"Retry_After": "-3"}, 0.05, 0.05),
        ({"Retry_After": "soon"}, 1.0, 1.0),
        ({"Retry_After": "nan"}, 1.0, 1.0),
        ({"X_RateLimit_Reset": "0.1"}, 0.1, 0.1),
        ({"RateLimit_Reset": "0.1"}, 0.1, 0.1),
        ({"Retry_After": "0.1", "X_RateLimit_Reset": "60"}, 0.1, 0.1),
        ({}, 1.0, 1.0),
    ],
    ids=str,
)
def test_an_api_that_asks_to_wait_is_asked_again_after_that(
    api: Api, client_of: Make, headers: dict[str, str], least: float, most: float
) -> None:
    client, history = client_of()
    api.answers = [busy(**headers)]
    message, began = sms(), time.monotonic()
    answer = client.send(message)
    assert time.monotonic() - began >= least
    assert (answer["status"], answer["id"]) == (201, "m1")
    first, second = answers(history)
    assert least <= first.data["again_in_s"] <= most
    assert "again_in_s" not in second.data
    assert (first.data["status"], first.data["accepted"]) == (429, False)
    now = flow(history, message)
    assert (len(now.requests), len(now.answers), now.acceptance) == (1, 1, second)
    assert api.bodies[0] == api.bodies[1]


def test_a_date_is_waited_for(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After=date(2))]
    client.send(sms())
    assert 0.5 <= answers(history)[0].data["again_in_s"] <= 3.0


@pytest.mark.parametrize(
    "headers_at",
    [
        lambda now: {"retry-after": date(-3590), "date": date(-3600)},
        lambda now: {"x-ratelimit-reset": str(int(now) - 3590), "date": date(-3600)},
        lambda now: {"x-ratelimit-reset": str((int(now) - 3590) * 1000), "date": date(-3600)},
        lambda now: {"retry-after": date(10)},
        lambda now: {"x-ratelimit-reset": str(now + 10)},
    ],
)
def test_a_time_is_read_by_the_clock_of_who_answers(headers_at: Callable[[float], dict[str, str]]) -> None:
    """Theirs is an hour slow: what lies ten seconds ahead there lies far back here."""
    headers = headers_at(time.time())
    wait = asked_to_wait(429, headers)
    assert wait is not None
    assert 7.0 <= wait <= 11.0


@pytest.mark.parametrize("said", ["1e300", "inf", "99999999999999999999", "Mon, 99 Xyz 2026", "²", "٣"])
def test_what_makes_no_sense_is_waited_for_a_moment(said: str) -> None:
    wait = asked_to_wait(429, {"retry-after": said})
    assert wait is not None
    assert wait <= 3.0
    assert asked_to_wait(503, {"retry-after": "1"}) is None


def test_what_would_take_longer_than_the_profile_waits_is_refused(api: Api, client_of: Make) -> None:
    client, history = client_of(pace={"wait_most": 0.5})
    api.answers = [busy(Retry_After="0.3"), busy(Retry_After="0.3")]
    message = sms()
    assert client.send(message)["status"] == 429
    first, last = answers(history)
    assert ("again_in_s" in first.data, "again_in_s" in last.data) == (True, False)
    now = flow(history, message)
    assert (len(now.answers), now.acceptance, now.waits_to_be_asked) == (1, None, False)


def test_a_message_that_waits_owes_an_answer(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After="20")]
    message = sms()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(client.send, message)
        assert history.wait_for(lambda event: event.kind == "api.answered", within=10)
        assert flow(history, message).waits_to_be_asked
        began = time.monotonic()
        client.close()
        assert sending.result(10)["status"] == 429
    assert time.monotonic() - began < 10


def test_a_look_waits_too(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [busy(Retry_After="0.1"), said({"status": "sent"}), busy(Retry_After="0.1"), said([1])]
    assert client.message("m1")["body"] == {"status": "sent"}
    assert client.request("GET", "/other", operation="conversations")["body"] == [1]
    assert [event.data.get("again_in_s") for event in answers(history)] == [0.1, None, 0.1, None]


def test_a_pace_is_kept_by_all_that_send(api: Api, client_of: Make) -> None:
    client, _ = client_of(pace={"per_second": 20})
    began = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: client.send(sms()), range(5)))
    assert time.monotonic() - began >= 4 / 20
    client.message("m1")


def test_a_run_says_what_it_waited_for(api: Api, client_of: Make) -> None:
    client, history = client_of()
    assert slowed(history) == ""
    client.send(sms())
    api.answers = [busy(Retry_After="0.2")]
    client.send(sms())
    assert slowed(history).startswith("the API asked once to wait (429), 0.2 s in all; [pace] per_second = ")
    api.answers = [busy(Retry_After="0.1"), busy(Retry_After="0.1")]
    client.send(sms())
    line = slowed(history)
    assert line.startswith("the API asked 3 times to wait (429), 0.4 s in all; ")
    assert line.endswith(" would spare it")
    pace = float(line.partition("= ")[2].split()[0])
    assert 0 < pace < 3 / 0.4


# redirects


@pytest.mark.parametrize("code", [307, 308])
def test_a_redirect_that_keeps_the_request_is_followed(api: Api, client_of: Make, code: int) -> None:
    client, history = client_of(send={"path": "/sends"}, api={"headers": {"X-Api-Key": "k"}})
    api.answers = [said({}, code, Location="/sends/")]
    message = sms()
    assert client.send(message)["id"] == "m1"
    assert [request.path for request in api.asked] == ["/sends", "/sends/"]
    assert api.bodies[0] == api.bodies[1]
    assert [request.headers["X-Api-Key"] for request in api.asked] == ["k", "k"]
    [event] = answers(history)
    assert (event.data["status"], event.data["redirected"]) == (201, "/sends/")


@pytest.mark.parametrize("code", [301, 302, 303])
def test_one_that_makes_a_look_of_a_send_is_an_answer_like_any(api: Api, client_of: Make, code: int) -> None:
    client, history = client_of()
    api.answers = [said({}, code, Location="/other")]
    assert client.send(sms())["status"] == code
    assert len(api.asked) == 1
    assert answers(history)[0].data["accepted"] is False
    api.answers = [said({}, code, Location="/other"), said({"status": "sent"})]
    assert client.message("m1")["status"] == 200


def test_another_server_is_told_nothing(api: Api, client_of: Make) -> None:
    with HTTPServer(host="127.0.0.1") as other:
        client, _ = client_of()
        api.answers = [said({}, 307, Location=other.url_for("/api/v1/messages/send")), said({}, 307, Location="//h/x")]
        assert client.send(sms())["status"] == 307
        assert client.message("m1")["status"] == 307
        assert other.log == []


def test_a_circle_of_redirects_ends(api: Api, client_of: Make) -> None:
    client, _ = client_of(send={"path": "/sends"})
    api.answers = [said({}, 307, Location=path) for path in ("/other", "/sends") * 10]
    assert client.send(sms())["status"] == 307
    assert len(api.asked) == 6
    api.answers, api.asked[:] = [said({}, 307, Location="/sends"), said({}, 307)], []
    assert client.send(sms())["status"] == 307
    assert len(api.asked) == 1


# what goes out


def test_a_body_and_headers_of_the_stacks_own(api: Api, client_of: Make) -> None:
    client, _ = client_of(
        api={"headers": {"X-Api-Key": "k"}},
        send={
            "path": "/sends",
            "method": "PUT",
            "headers": {"X-Request": "{token}", "X-Key": "{idempotency_key}"},
            "body": {
                "phone": "{to}",
                "text": "<{body}>",
                "kind": "{type}",
                "media": "{attachments}",
                "n": [1, "{from}"],
            },
            "idempotency": "X-Once",
        },
    )
    message = mms("a {to} b")
    client.send(message, idempotency_key="i1")
    client.send(sms("{}"))
    first, second = map(json.loads, api.bodies)
    assert first == {
        "phone": message.to,
        "text": f"<a {{to}} b {message.token}>",
        "kind": "mms",
        "media": list(message.attachments),
        "n": [1, message.sender],
    }
    assert "media" not in second
    assert api.asked[0].method == "PUT"
    names = ("X-Api-Key", "X-Request", "X-Key", "X-Once")
    assert [api.asked[0].headers.get(name) for name in names] == ["k", message.token, "i1", "i1"]
    assert [api.asked[1].headers.get(name) for name in ("X-Key", "X-Once")] == [None, None]
    assert api.asked[0].headers["Content-Type"] == "application/json"


def test_a_form(api: Api, client_of: Make) -> None:
    body = {"To": "{to}", "Media": "{attachments}", "Urgent": True, "Tries": 3, "Meta": "{metadata}"}
    client, _ = client_of(send={"format": "form", "body": body})
    message = mms(attachments=["https://a/1", "https://a/2"], metadata={"a": 1})
    client.send(message)
    assert parse_qs(api.bodies[0].decode()) == {
        "To": [message.to],
        "Media": ["https://a/1", "https://a/2"],
        "Urgent": ["true"],
        "Tries": ["3"],
        "Meta": ['{"a": 1}'],
    }
    assert api.asked[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_each_channel_goes_its_own_way(api: Api, client_of: Make) -> None:
    send = {"path": "/sends", "body": {"to": "{to}"}, "email": {"path": "/other", "body": {"rcpt": ["{to}"]}}}
    client, _ = client_of(send=send)
    text, mail = sms(), email()
    client.send(text)
    client.send(mail)
    assert [(request.path, json.loads(body)) for request, body in zip(api.asked, api.bodies, strict=True)] == [
        ("/sends", {"to": text.to}),
        ("/other", {"rcpt": [mail.to]}),
    ]


# what comes back


@pytest.mark.parametrize(
    ("send", "answer", "expected"),
    [
        ({}, said({"id": "m1", "status": "pending"}, 201), "m1"),
        ({}, said({"id": 17}, 200), "17"),
        ({"id": "/data/0/job~1id"}, said({"data": [{"job/id": "x"}]}), "x"),
        ({"id": {"header": "Location", "match": "[^/]+$"}}, said({}, 202, Location="/sends/77"), "77"),
        ({"id": {"header": "X-Id"}}, said({}, 202, x_id="77"), "77"),
        ({"id": {"match": r"id=(\d+)"}}, Response("ok id=42;"), "42"),
        ({"id": {}}, Response("42\n"), "42"),
        ({"id": {"match": "nothing"}}, said({"id": 1}), None),
        ({"id": "/id"}, said({"id": True}), None),
        ({"id": "/id"}, said({"id": {"a": 1}}), None),
        ({"id": "/id"}, Response("<html>"), None),
        ({"id": ""}, said({"id": 1}), None),
    ],
)
def test_where_the_id_is(
    api: Api, client_of: Make, send: dict[str, Any], answer: Response, expected: str | None
) -> None:
    client, history = client_of(send=send)
    api.answers = [answer]
    assert client.send(sms())["id"] == expected
    [event] = answers(history)
    assert event.message_id == expected
    assert ("lacks_id" in event.data) == (expected is None)


@pytest.mark.parametrize("code", [200, 201, 202, 204, 400, 409])
def test_which_answers_mean_accepted(api: Api, client_of: Make, code: int) -> None:
    for accepted in ([], [202, 409]):
        client, history = client_of(send={"accepted": accepted})
        api.answers = [said(CREATED, code)]
        message = sms()
        client.send(message)
        takes = code in accepted if accepted else code < 300
        assert (flow(history, message).acceptance is not None) == takes
        assert answers(history)[0].message_id == ("m1" if takes and code != 204 else None)


def test_a_refusals_id_is_none(api: Api, client_of: Make) -> None:
    """What an error says under the id's name is the error's own."""
    client, history = client_of()
    api.answers = [said({"id": "error-7", "status": "invalid"}, 422)]
    client.send(sms())
    assert answers(history)[0].message_id is None


def test_a_status_is_the_steps_first_word(api: Api, client_of: Make) -> None:
    statuses = {"queued": {"row": 0, "api": ["NEW", "ACCEPTED"]}, "sent": {"row": 2, "api": "SENT"}}
    client, history = client_of(statuses=statuses, look={"path": "/sends/{id}", "status": "/data/state"})
    api.answers = [
        said({"id": 7, "status": "ACCEPTED"}),
        said({"data": {"state": "SENT"}}),
        said({"data": {"state": "ODD"}}),
    ]
    client.send(sms())
    client.message("7")
    client.message("7")
    assert [event.data["message_status"] for event in answers(history)] == ["0", "2", "ODD"]


def test_no_look_where_the_api_shows_none(client_of: Make) -> None:
    client, _ = client_of(look={"path": ""})
    with pytest.raises(Unobservable) as raised:
        client.message("m1")
    assert raised.value.remedy == "[look] path, with {id} in it"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answers_are_understood(api: Api, client_of: Make, coding: str) -> None:
    client, history = client_of()
    plain = json.dumps(CREATED).encode()
    packed = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    api.answers = [Response(packed, status=201, headers={"Content-Encoding": coding})]
    assert client.send(sms())["id"] == "m1"
    assert json.loads(answers(history)[0].data["text"]) == CREATED


def test_an_answer_that_can_not_be_unpacked_is_no_answer(api: Api, client_of: Make) -> None:
    client, history = client_of()
    api.answers = [Response(b"no gzip", status=201, headers={"Content-Encoding": "gzip"})]
    with pytest.raises(Inconclusive, match="got no answer"):
        client.send(sms())
    assert answers(history)[0].data["status"] is None
