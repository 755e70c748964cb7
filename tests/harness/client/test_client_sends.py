"""How a send goes out as the profile says, and where redirects lead it, against a real server."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest
from pytest_httpserver import HTTPServer
from scripted_api import Api, Make, answers, said

from harness.scenario.messages import email, mms, sms


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


def test_the_record_names_a_recipient_where_the_stack_was_told_one(api: Api, client_of: Make) -> None:
    for body, told in (({"to": "{to}", "text": "{body}"}, True), ({"customer": 7, "text": "{body}"}, False)):
        client, history = client_of(send={"body": body})
        message = sms()
        client.send(message)
        [asked] = history.events("api.requested")
        assert asked.data.get("to") == (message.to if told else None)


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
