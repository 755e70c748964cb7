"""What one message shows, against an API of a few lines: places of ids and statuses, and what a refusal says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.discovery.draft import Draft
from harness.discovery.stack import Places, Stack
from harness.profile import parse


def sent(api: HTTPServer, answer: Response, shown: dict[str, Any] | None = None) -> tuple[Draft, list[str]]:
    """What a message showed that was answered so, and what was said of it."""
    asked: list[dict[str, Any]] = []

    def take(request: Request) -> Response:
        asked.append(json.loads(request.data))
        return answer

    api.expect_request("/notify", method="POST").respond_with_handler(take)
    if shown is not None:
        api.expect_request("/notify/7").respond_with_json(shown)
    url = api.url_for("").rstrip("/")
    body = {"phone": "{to}", "text": "{body}"}
    table = {
        "deploy": {"driver": "attached"}, "api": {"url": url}, "queue": {"kind": "none"}, "database": {"kind": "none"},
        "providers": {"observe": "none"}, "send": {"path": "/notify", "body": body}, "look": {"path": "/notify/{id}"},
        "waits": {"within": 1},
    }  # fmt: skip
    if shown is not None:
        table["send"] = {**table["send"], "id": "/job/id"}  # type: ignore[dict-item]  # reason: it is a table
    draft, said = Draft(), list[str]()
    draft.put(("send", "body"), body, "test")
    draft.put(("look", "path"), "/notify/{id}", "test")
    stack = Stack(Places(api=url))
    stack.send(parse(table, source="test", environ={}), draft, channel="sms", say=said.append, within=1.0)
    stack.close()
    assert len(asked) == 1
    assert set(asked[0]) == {"phone", "text"}
    return draft, said


def test_places_in_an_answer(httpserver: HTTPServer) -> None:
    answer = Response(json.dumps({"job": {"id": 7, "state": "QUEUED"}}), 202, mimetype="application/json")
    draft, said = sent(httpserver, answer, {"data": {"state": "SENT"}})
    assert (draft.get("send", "id"), draft.get("send", "status")) == ("/job/id", "/job/state")
    assert draft.get("look", "status") == "/data/state"
    assert (draft.get("statuses", "queued"), draft.get("statuses", "sent")) == ("QUEUED", "SENT")
    assert "its id was found at /job/id" in said


def test_an_id_in_a_header(httpserver: HTTPServer) -> None:
    draft, _ = sent(httpserver, Response("", 202, {"Location": "/notify/7"}))
    assert draft.get("send", "id") == {"header": "Location", "match": "[^/]+$"}
    assert draft.get("send", "status") == ""


def test_an_answer_without_an_id(httpserver: HTTPServer) -> None:
    draft, said = sent(httpserver, Response("taken", 200))
    assert ("send", "id") in draft.open
    assert "its id wasn't found in the answer" in said


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (401, ("api", "headers")),
        (403, ("api", "headers")),
        (404, ("send", "path")),
        (422, ("send", "body")),
        (500, None),
    ],
)
def test_a_refusal_asks_for_the_line_to_mend(httpserver: HTTPServer, status: int, key: tuple[str, ...] | None) -> None:
    draft, said = sent(httpserver, Response("no such thing", status))
    assert said == [f"the API refused it with {status}: no such thing"]
    assert set(draft.open) == ({key} if key else set())


def test_an_api_that_goes_away(httpserver: HTTPServer) -> None:
    url = httpserver.url_for("").rstrip("/")
    httpserver.stop()
    said: list[str] = []
    stack = Stack(Places(api=url))
    table = {"deploy": {"driver": "attached"}, "api": {"url": url}}
    stack.send(parse(table, source="test", environ={}), Draft(), channel="sms", say=said.append)
    stack.close()
    assert len(said) == 1
    assert said[0].startswith("no answer: POST /api/v1/messages/send got no answer")
    httpserver.start()
