"""WhatsApp messages, both ways, through the `twilio` package."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from sdks import Receiver
from test_twilio_content import FROM, SMS, TO, hand_in, refused, template
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from mock_providers.client import Twilio

AT_ONCE = [["sent", 0], ["delivered", 0]]


def posted(receiver: Receiver) -> dict[str, str]:
    return dict(parse_qsl(receiver.next().body.decode(), keep_blank_values=True))


def written(twilio: Twilio, receiver: Receiver, **message: Any) -> dict[str, str]:
    twilio.inbound(from_=TO, to=FROM, url=receiver.url, **message)
    got = receiver.next()
    params = dict(parse_qsl(got.body.decode(), keep_blank_values=True))
    signature = got.headers["x-twilio-signature"]
    assert RequestValidator(twilio.auth_token).validate(receiver.url, params, signature)
    return params


def fate(client: Client, twilio: Twilio, *, after_s: int = 0, **message: Any) -> tuple[str | None, int | None]:
    """What becomes of a message that is sent so many seconds from now, by the account's clock."""
    twilio.change(lifecycle=AT_ONCE, clock_offset_s=after_s)
    made = client.messages.create(**{"to": TO, "from_": FROM, **message})
    assert made.status == "queued"
    twilio.change(clock_offset_s=after_s + 1)
    found = client.messages(str(made.sid)).fetch()
    return found.status, found.error_code


def approved(client: Client, types: dict[str, Any] | None = None) -> str:
    sid = str(template(client, types, variables={"1": "you"}).sid)
    hand_in(client, sid)
    return sid


def test_what_a_person_writes(twilio: Twilio, receiver: Receiver) -> None:
    params = written(twilio, receiver, body="hello", profile_name="Grace")
    assert (params["From"], params["To"], params["Body"]) == (TO, FROM, "hello")
    assert (params["ProfileName"], params["WaId"], params["MessageType"]) == ("Grace", "15552340001", "text")
    assert not [name for name in params if name.startswith(("FromC", "FromZ", "ToC", "ToZ", "FromS", "ToS"))]


def test_a_tapped_button(twilio: Twilio, receiver: Receiver) -> None:
    params = written(twilio, receiver, button={"text": "Yes", "payload": "confirm"})
    found = [params[name] for name in ("Body", "ButtonText", "ButtonPayload", "MessageType")]
    assert found == ["Yes", "Yes", "confirm", "button"]


def test_a_choice_of_a_list(twilio: Twilio, receiver: Receiver) -> None:
    params = written(twilio, receiver, list={"id": "r1", "title": "Red", "description": "a colour"})
    found = [params[name] for name in ("Body", "ListId", "ListTitle", "ListDescription", "MessageType")]
    assert found == ["Red", "r1", "Red", "a colour", "interactive"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"media": ["https://example.com/a.jpg"]}, "image"),
        ({"media": [{"url": "https://example.com/a.ogg", "content_type": "audio/ogg"}]}, "audio"),
        ({"media": [{"url": "https://example.com/a.pdf", "content_type": "application/pdf"}]}, "document"),
        ({"params": {"Latitude": 52.5, "Longitude": 13.4, "Label": "here"}}, "location"),
        ({"params": {"MessageType": "sticker", "Forwarded": True}}, "sticker"),
    ],
)
def test_the_kind_of_message(twilio: Twilio, receiver: Receiver, more: dict[str, Any], kind: str) -> None:
    assert written(twilio, receiver, body="x", **more)["MessageType"] == kind


def test_any_parameter_of_the_vendors(twilio: Twilio, receiver: Receiver) -> None:
    given = {"OriginalRepliedMessageSid": "SM1", "Forwarded": True, "FromCity": "BERLIN", "AddOns": '{"status": "ok"}'}
    params = written(twilio, receiver, body="x", params=given)
    assert params.items() >= {**given, "Forwarded": "true"}.items()
    twilio.inbound(from_=SMS["to"], to=SMS["from_"], body="x", params={"FromCity": "BERLIN"}, url=receiver.url)
    text = posted(receiver)
    assert (text["FromCity"], text["ToCountry"]) == ("BERLIN", "US")
    assert "ProfileName" not in text


def test_free_text_goes_out_for_a_day_after_the_person_wrote(
    client: Client, twilio: Twilio, receiver: Receiver
) -> None:
    assert fate(client, twilio, body="hello") == ("failed", 63016)
    written(twilio, receiver, body="hi")
    assert fate(client, twilio, body="hello") == ("delivered", None)
    assert fate(client, twilio, body="hello", to="whatsapp:+15552340009") == ("failed", 63016)
    assert fate(client, twilio, body="hello", from_="whatsapp:+15552340008") == ("failed", 63016)
    assert fate(client, twilio, body="hello", after_s=24 * 3600 - 60) == ("delivered", None)
    assert fate(client, twilio, body="hello", after_s=24 * 3600 + 60) == ("failed", 63016)


def test_a_text_message_knows_no_window(client: Client, twilio: Twilio) -> None:
    assert fate(client, twilio, body="hello", **SMS) == ("delivered", None)


def test_a_template_goes_out_at_any_time_once_it_is_approved(client: Client, twilio: Twilio) -> None:
    sid = str(template(client, variables={"1": "you"}).sid)
    assert fate(client, twilio, content_sid=sid) == ("failed", 63016)
    hand_in(client, sid)
    assert fate(client, twilio, content_sid=sid) == ("delivered", None)
    for status in ("paused", "disabled", "rejected", "pending"):
        twilio.approval(sid, status)
        assert fate(client, twilio, content_sid=sid) == ("failed", 63016)


@pytest.mark.parametrize("name", ["twilio/list-picker", "twilio/location"])
def test_what_opens_no_conversation(client: Client, twilio: Twilio, name: str) -> None:
    sid = approved(client, {name: {"body": "x", "label": "x", "button": "x", "items": []}})
    assert fate(client, twilio, content_sid=sid) == ("failed", 63016)
    twilio.window(TO, FROM)
    assert fate(client, twilio, content_sid=sid) == ("delivered", None)


def test_the_window_by_hand(client: Client, twilio: Twilio) -> None:
    twilio.window("+15552340001", "+15552340002")
    assert fate(client, twilio, body="x") == ("delivered", None)
    twilio.window(TO, FROM, open=False)
    assert fate(client, twilio, body="x") == ("failed", 63016)
    twilio.change(whatsapp_window=False)
    assert fate(client, twilio, body="x") == ("delivered", None)


def test_a_fate_of_ones_own_comes_first(client: Client, twilio: Twilio) -> None:
    twilio.change(fates=[{"to": "whatsapp:*", "status": "read"}])
    made = client.messages.create(to=TO, from_=FROM, body="x")
    twilio.change(clock_offset_s=10)
    assert client.messages(str(made.sid)).fetch().status == "read"


def test_the_failure_is_reported(client: Client, twilio: Twilio, receiver: Receiver) -> None:
    twilio.change(lifecycle=AT_ONCE)
    client.messages.create(to=TO, from_=FROM, body="x", status_callback=receiver.url)
    params = posted(receiver)
    assert (params["MessageStatus"], params["ErrorCode"], params["ChannelPrefix"]) == ("failed", "63016", "whatsapp")
    assert "outside the allowed window" in params["ChannelStatusMessage"]
    assert params["ChannelToAddress"] == "+15552340001"


def test_a_service_sends_by_the_channel(client: Client, twilio: Twilio) -> None:
    service = client.messaging.v1.services.create(friendly_name="pool")
    number = client.incoming_phone_numbers.create(phone_number="+15552340002")
    client.messaging.v1.services(str(service.sid)).phone_numbers.create(phone_number_sid=str(number.sid))
    twilio.window(TO, FROM)
    twilio.change(lifecycle=AT_ONCE)
    made = client.messages.create(to=TO, messaging_service_sid=service.sid, body="x")
    found = client.messages(str(made.sid)).fetch()
    assert (found.status, found.from_) == ("delivered", FROM)


def test_a_sender_that_is_nobodys(client: Client, twilio: Twilio) -> None:
    twilio.change(strict_from=True, numbers=["+15552340002"])
    assert refused(lambda: client.messages.create(to=TO, from_="whatsapp:+15552340003", body="x")) == (400, 63007)
    assert client.messages.create(to=TO, from_=FROM, body="x").status == "queued"
