"""Body templates: what is filled in, what is left out, and what no template may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.profile import Send
from harness.profile.templates import names_in, rendered
from harness.scenario.messages import mms, sms

VALUES = {"to": "+1", "body": "a {b} c", "attachments": ["x", "y"], "metadata": {}, "token": "#h1", "html": None}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ({"phone": "{to}", "text": "{body}"}, {"phone": "+1", "text": "a {b} c"}),
        ({"media": "{attachments}"}, {"media": ["x", "y"]}),
        ({"html": "{html}", "meta": "{metadata}", "n": 1, "yes": True}, {"n": 1, "yes": True}),
        ({"deep": {"list": ["{to}", "{html}", {"k": "v{to}"}]}}, {"deep": {"list": ["+1", {"k": "v+1"}]}}),
        ("{to}: {body}", "+1: a {b} c"),
        ("{{to}} is {to}", "{to} is +1"),
        ({"note": "html: {html}."}, {"note": "html: ."}),
        ([{"channel": "sms", "to": ["{to}"]}], [{"channel": "sms", "to": ["+1"]}]),
        ({"{to}": "a key stays"}, {"{to}": "a key stays"}),
    ],
)
def test_what_is_filled_in(template: Any, made: Any) -> None:
    assert rendered(template, VALUES) == made


def test_the_contracts_body_is_the_default() -> None:
    sent = mms(body="look", to="+12065550100")
    assert rendered(Send().body, sent.values()) == {
        "from": sent.sender,
        "to": "+12065550100",
        "type": "mms",
        "body": sent.body,
        "attachments": ["https://example.com/picture.png"],
    }
    assert "attachments" not in rendered(Send().body, sms().values())


def test_the_names_in_a_template() -> None:
    assert names_in({"a": "{to}{body}", "b": ["{token}", {"c": "{{x}}"}]}) == {"to", "body", "token"}


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ({"a": "{too}"}, "names {too}; known here are {to}"),
        ({"a": "{to"}, "a brace of its own is written twice"),
        ({"a": "}"}, "a brace of its own is written twice"),
        ({"a": "{to:>9}"}, "write {to} alone, without a format"),
        ({"a": "{to!r}"}, "write {to} alone, without a format"),
        ({"a": "{}"}, "names {}"),
        ({"a": "{to.__class__}"}, "names {to.__class__}"),
        ({"a": "{0}"}, "names {0}"),
        ({"a": "see {attachments}"}, "it stands alone"),
        ({"a": [{"b": "{nope}"}]}, "names {nope}"),
    ],
)
def test_what_no_template_may_say(template: Any, why: str) -> None:
    with pytest.raises(ValidationError) as error:
        Send.model_validate({"body": template})
    assert why in str(error.value)


def test_what_a_message_says_is_never_a_template() -> None:
    made = rendered({"text": "{body}", "more": "{token} {body}"}, {"body": "{token} {0} {x.y}", "token": "#h"})
    assert made == {"text": "{token} {0} {x.y}", "more": "#h {token} {0} {x.y}"}


@pytest.mark.parametrize(
    ("channel", "path", "accepted", "idempotency"),
    [("sms", "/s", [202], "X-Key"), ("mms", "/all", [], None), ("email", "/all", [], "Key")],
)
def test_a_channel_says_what_differs(channel: Any, path: str, accepted: list[int], idempotency: str | None) -> None:
    send = Send.model_validate(
        {
            "path": "/all",
            "idempotency": "Key",
            "sms": {"path": "/s", "accepted": [202], "idempotency": "X-Key"},
            "mms": {"idempotency": ""},
        }
    )
    own = send.of(channel)
    assert (own.path, own.accepted, own.idempotency) == (path, accepted, idempotency)
    assert own.takes(202)
    assert own.takes(200) is (not accepted)
    assert not own.takes(None)
    assert not own.takes(404)


def test_a_form_is_flat() -> None:
    Send.model_validate({"format": "form", "body": {"To": "{to}", "Media": ["{to}"]}})
    for body in ({"a": {"b": "{to}"}}, ["{to}"], "{to}"):
        with pytest.raises(ValidationError, match="a form needs a body of names and texts"):
            Send.model_validate({"format": "form", "body": body})
    with pytest.raises(ValidationError, match="a form needs"):
        Send.model_validate({"sms": {"format": "form", "body": {"a": {}}}})
