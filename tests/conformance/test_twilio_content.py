"""The Content API, and messages by its templates, through the `twilio` package."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentInstance, ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from mock_providers.client import Twilio

TO, FROM = "whatsapp:+15552340001", "whatsapp:+15552340002"
SMS = {"to": "+15552340001", "from_": "+15552340002"}


def template(client: Client, types: dict[str, Any] | None = None, **more: Any) -> ContentInstance:
    given = {"friendly_name": "greeting", "language": "en", "types": types or {"twilio/text": {"body": "Hi {{1}}!"}}}
    return client.content.v1.contents.create(ContentList.ContentCreateRequest(given | more))


def hand_in(client: Client, sid: str, **changes: Any) -> Any:
    given = {"name": "greeting", "category": "UTILITY"} | changes
    return client.content.v1.contents(sid).approval_create.create(ApprovalCreateList.ContentApprovalRequest(given))


def approval_of(client: Client, sid: str) -> dict[str, Any]:
    fetched = client.content.v1.contents(sid).approval_fetch().fetch()
    assert isinstance(fetched.whatsapp, dict)
    return fetched.whatsapp


def refused(call: Callable[[], Any]) -> tuple[int, int | None]:
    with pytest.raises(TwilioRestException) as error:
        call()
    return error.value.status, error.value.code


def test_templates(client: Client) -> None:
    made = template(client, variables={"1": "Ada"})
    sid = str(made.sid)
    assert (sid[:2], made.language, made.variables) == ("HX", "en", {"1": "Ada"})
    assert made.types == {"twilio/text": {"body": "Hi {{1}}!"}}
    assert client.content.v1.contents(sid).fetch().friendly_name == "greeting"
    for n in range(3):
        template(client, friendly_name=f"other_{n}")
    assert [one.friendly_name for one in client.content.v1.contents.list(page_size=2)][-1] == "greeting"
    changed = {"friendly_name": "new", "types": {"twilio/text": {"body": "Bye {{1}}"}}}
    update = client.content.v1.contents(sid).update(
        ContentInstance.ContentUpdateRequest(changed)  # type: ignore[arg-type]  # reason: the SDK has the class twice
    )
    assert (update.friendly_name, update.types) == ("new", {"twilio/text": {"body": "Bye {{1}}"}})
    assert client.content.v1.contents(sid).delete()
    assert refused(client.content.v1.contents(sid).fetch) == (404, 20404)


@pytest.mark.parametrize(
    "bad",
    [
        {"types": {"twilio/text": None}},
        {"types": {"twilio/text": {"body": "x" * 1601}}},
        {"language": "english in England"},
        {"variables": {"1": ["a"]}},
    ],
)
def test_a_template_that_cant_be(client: Client, bad: dict[str, Any]) -> None:
    assert refused(lambda: template(client, **bad)) == (400, 20001)


NO_OBJECTS = [
    *("", "[]", "{", "[" * 60_000, '{"types": {"twilio/text": {"body": NaN}}}'),
    json.dumps({"types": {"a": "x" * 70_000}}),
]


@pytest.mark.parametrize("body", NO_OBJECTS)
def test_a_body_that_is_no_object(client: Client, twilio: Twilio, body: str) -> None:
    auth, headers = (twilio.account_sid, twilio.auth_token), {"Content-Type": "application/json"}
    answer = twilio.server.http.post("/v1/Content", content=body, auth=auth, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_approval(client: Client, twilio: Twilio) -> None:
    sid = str(template(client).sid)
    assert approval_of(client, sid)["status"] == "unsubmitted"
    asked = hand_in(client, sid)
    assert (asked.status, asked.content_type, asked.category) == ("received", "twilio/text", "UTILITY")
    assert approval_of(client, sid)["status"] == "approved"
    assert refused(lambda: hand_in(client, sid)) == (400, 20001)
    twilio.approval(sid, "rejected", reason="TAG_CONTENT_MISMATCH")
    assert approval_of(client, sid)["rejection_reason"] == "TAG_CONTENT_MISMATCH"
    [listed] = client.content.v1.content_and_approvals.list()
    assert isinstance(listed.approval_requests, dict)
    assert listed.approval_requests["status"] == "rejected"
    twilio.change(content_approval="pending")
    hand_in(client, sid)
    assert approval_of(client, sid)["status"] == "pending"


@pytest.mark.parametrize("bad", [{"name": "Has Spaces"}, {"name": ""}, {"category": "NEWS"}])
def test_an_approval_that_cant_be_asked(client: Client, bad: dict[str, str]) -> None:
    sid = str(template(client).sid)
    assert refused(lambda: hand_in(client, sid, **bad)) == (400, 20001)


@pytest.mark.parametrize(
    ("types", "body", "media"),
    [
        ({"twilio/text": {"body": "Hi {{1}}!"}}, "Hi Ada!", 0),
        ({"twilio/quick-reply": {"body": "Yes, {{ 1 }}?", "actions": [{"title": "Yes", "id": "y"}]}}, "Yes, Ada?", 0),
        ({"twilio/media": {"body": "See, {{1}}", "media": ["https://example.com/{{1}}.png"]}}, "See, Ada", 1),
        ({"twilio/card": {"title": "For {{1}}", "subtitle": "s"}}, "For Ada", 0),
        ({"twilio/list-picker": {"body": "{{1}}{{1}}", "button": "b", "items": []}}, "AdaAda", 0),
        (
            {"twilio/text": {"body": "plain"}, "twilio/quick-reply": {"body": "rich {{1}}", "actions": []}},
            "rich Ada",
            0,
        ),
        ({"twilio/text": {"body": "Hi {{name}}, {{2}}"}}, "Hi {{1}}, two", 0),
    ],
)
def test_a_message_by_a_template(client: Client, types: dict[str, Any], body: str, media: int) -> None:
    sid = str(template(client, types, variables={"2": "two"}).sid)
    variables = json.dumps({"1": "Ada", "name": "{{1}}"})
    sent = client.messages.create(content_sid=sid, content_variables=variables, **SMS)
    assert (sent.body, sent.num_media) == (body, str(media))


def test_a_default_stands_in(client: Client) -> None:
    sid = str(template(client, variables={"1": "you"}).sid)
    assert client.messages.create(content_sid=sid, **SMS).body == "Hi you!"


BAD_VARIABLES = ["nonsense", "[1]", '{"1": null}', '{"1": ""}', '{"1": ["a"]}', '{"2": "a"}', "[" * 60_000]


@pytest.mark.parametrize("variables", BAD_VARIABLES)
def test_variables_that_cant_be(client: Client, variables: str) -> None:
    sid = str(template(client).sid)
    send = lambda: client.messages.create(content_sid=sid, content_variables=variables, **SMS)  # noqa: E731  # reason: said twice otherwise
    assert refused(send) == (400, 21656)


@pytest.mark.parametrize("body", ["Hi {{1}", "Hi {{}}", "Hi {{ }}", "{{"])
def test_a_placeholder_that_cant_be(client: Client, body: str) -> None:
    sid = str(template(client, {"twilio/text": {"body": body}}).sid)
    assert refused(lambda: client.messages.create(content_sid=sid, content_variables='{"1": "a"}', **SMS)) == (
        400,
        21656,
    )


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "a     b"])
def test_whatsapp_takes_no_lines_in_a_value(client: Client, value: str) -> None:
    sid = str(template(client).sid)
    variables = json.dumps({"1": value})
    assert refused(lambda: client.messages.create(content_sid=sid, content_variables=variables, to=TO, from_=FROM)) == (
        400,
        21656,
    )


def test_codes_of_a_send_by_template(client: Client) -> None:
    assert refused(lambda: client.messages.create(content_variables="{}", **SMS)) == (400, 21654)
    assert refused(lambda: client.messages.create(content_sid="HX" + "0" * 32, **SMS)) == (400, 21655)
    assert refused(lambda: client.messages.create(content_sid="nonsense", **SMS)) == (400, 21655)
    sid = str(template(client, {"twilio/text": {"body": "{{1}}" * 300}}).sid)
    long = json.dumps({"1": "x" * 100_000})
    assert refused(lambda: client.messages.create(content_sid=sid, content_variables=long, **SMS)) == (400, 21617)


def test_templates_that_exist_from_the_start(client: Client, twilio: Twilio) -> None:
    known, other = "HX" + "1" * 32, "HX" + "2" * 32
    twilio.change(contents=[{"sid": known, "body": "Hi {{1}}", "variables": {"1": "you"}}])
    assert client.messages.create(content_sid=known, **SMS).body == "Hi you"
    assert approval_of(client, known)["status"] == "approved"
    assert refused(lambda: client.messages.create(content_sid=other, **SMS)) == (400, 21655)
    twilio.change(any_content=True)
    assert client.messages.create(content_sid=other, content_variables='{"1": "a"}', **SMS).status == "queued"
