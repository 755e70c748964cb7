"""What is made of the answer to a send or a look, against a real server."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from scripted_api import CREATED, Api, Make, answers, flow, said
from werkzeug import Response

from harness.errors import Inconclusive, Unobservable
from harness.scenario.messages import sms


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
