"""Every operation, through the `twilio` package."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from sdks import Receiver, twilio_client
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from mock_providers.client import MockProviders, Twilio
from mock_providers.twilio.errors import ERRORS

TO, FROM = "+15552340001", "+15552340002"


def test_create_fetch_and_delete(client: Client, twilio: Twilio) -> None:
    message = client.messages.create(to=TO, from_=FROM, body="hello")
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert message.date_created is not None
    assert message.date_created.tzinfo is not None
    fetched = client.messages(message.sid).fetch()
    assert (fetched.body, fetched.to, fetched.from_) == ("hello", TO, FROM)
    with pytest.raises(TwilioRestException) as early:
        client.messages(message.sid).delete()
    assert (early.value.status, early.value.code) == (409, 20009)
    twilio.status(message.sid, "delivered")
    assert client.messages(message.sid).delete()
    with pytest.raises(TwilioRestException) as missing:
        client.messages(message.sid).fetch()
    assert (missing.value.status, missing.value.code) == (404, 20404)


def test_redact_and_cancel(client: Client, twilio: Twilio) -> None:
    message = client.messages.create(to=TO, from_=FROM, body="secret")
    twilio.status(message.sid, "delivered")
    assert client.messages(message.sid).update(body="").body == ""
    waiting = client.messages.create(to=TO, from_=FROM, body="x")
    assert client.messages(waiting.sid).update(status="canceled").status == "canceled"


def test_list_pages_and_filters(client: Client, twilio: Twilio) -> None:
    sent = [client.messages.create(to=TO, from_=FROM, body=str(n)).sid for n in range(7)]
    client.messages.create(to="+15552340009", from_=FROM, body="other")
    assert [message.sid for message in client.messages.stream(to=TO, page_size=3)] == sent[::-1]
    assert len(client.messages.list(limit=5)) == 5
    twilio.status(sent[0], "sent")
    today = datetime.now(UTC).date()
    assert [message.sid for message in client.messages.list(date_sent=today)] == [sent[0]]
    assert client.messages.list(date_sent_before=today - timedelta(days=1)) == []
    assert len(client.messages.list(date_sent_after=today)) == 1
    page = client.messages.page(page_size=4)
    following = page.next_page()
    assert following is not None
    assert len(list(page)) + len(list(following)) == 8
    assert following.previous_page() is not None


def test_media_and_feedback(client: Client) -> None:
    message = client.messages.create(
        to=TO, from_=FROM, media_url=["https://example.com/a.png", "https://example.com/b.pdf"]
    )
    assert message.sid is not None
    assert message.sid.startswith("MM")
    assert message.num_media == "2"
    media = client.messages(message.sid).media.list()
    assert [one.content_type for one in media] == ["image/png", "application/pdf"]
    assert client.messages(message.sid).media(media[0].sid).fetch().parent_sid == message.sid
    assert client.messages(message.sid).media(media[0].sid).delete()
    assert len(client.messages(message.sid).media.list()) == 1
    assert client.messages(message.sid).feedback.create(outcome="confirmed").outcome == "confirmed"


def test_phone_numbers_and_the_account(client: Client, twilio: Twilio) -> None:
    number = client.incoming_phone_numbers.create(phone_number=FROM, sms_url="http://127.0.0.1:9/in")
    assert client.incoming_phone_numbers(number.sid).fetch().sms_url == "http://127.0.0.1:9/in"
    assert client.incoming_phone_numbers(number.sid).update(friendly_name="mine").friendly_name == "mine"
    assert [one.sid for one in client.incoming_phone_numbers.list(phone_number="5552340002")] == [number.sid]
    assert client.incoming_phone_numbers(number.sid).delete()
    assert client.incoming_phone_numbers.list() == []
    account = client.api.accounts(twilio.account_sid).fetch()
    assert (account.status, account.sid) == ("active", twilio.account_sid)


def test_a_messaging_service_and_its_pool(client: Client, twilio: Twilio) -> None:
    service = client.messaging.v1.services.create(friendly_name="pool")
    number = client.incoming_phone_numbers.create(phone_number=FROM)
    added = client.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=number.sid)
    assert added.phone_number == FROM
    assert [one.sid for one in client.messaging.v1.services(service.sid).phone_numbers.list()] == [number.sid]
    assert client.messaging.v1.services(service.sid).phone_numbers(number.sid).fetch().service_sid == service.sid
    message = client.messages.create(to=TO, messaging_service_sid=service.sid, body="hello")
    assert (message.status, message.num_segments, message.from_) == ("accepted", "0", None)
    twilio.status(message.sid, "sent")
    sent = client.messages(message.sid).fetch()
    assert (sent.status, sent.num_segments, sent.from_) == ("sent", "1", FROM)
    assert service.sid in [one.sid for one in client.messaging.v1.services.list()]
    assert client.messaging.v1.services(service.sid).update(friendly_name="new").friendly_name == "new"
    assert client.messaging.v1.services(service.sid).phone_numbers(number.sid).delete()
    assert client.messaging.v1.services(service.sid).delete()


def test_scheduling_and_cancelling(client: Client) -> None:
    service = pool(client)
    at = datetime.now(UTC) + timedelta(hours=1)
    message = client.messages.create(
        to=TO, messaging_service_sid=service, body="later", schedule_type="fixed", send_at=at
    )
    assert message.status == "scheduled"
    assert client.messages(message.sid).update(status="canceled").status == "canceled"


def test_opting_out_and_in(client: Client, twilio: Twilio, receiver: Receiver) -> None:
    twilio.inbound(from_=TO, to=FROM, body=" Stop ", url=receiver.url)
    assert dict(parse_qsl(receiver.next().body.decode()))["OptOutType"] == "STOP"
    assert code_of(client, {}) == 21610
    twilio.inbound(from_=TO, to=FROM, body="START", url=receiver.url)
    assert client.messages.create(to=TO, from_=FROM, body="again").status == "queued"


def test_a_twiml_reply_is_sent(client: Client, twilio: Twilio, receiver: Receiver) -> None:
    receiver.reply = b"<?xml version='1.0'?><Response><Message>thanks</Message></Response>"
    twilio.inbound(from_=TO, to=FROM, body="hi", url=receiver.url)
    reply, received = client.messages.list()
    assert (reply.body, reply.to, reply.from_, reply.direction) == ("thanks", TO, FROM, "outbound-reply")
    assert (received.direction, received.status) == ("inbound", "received")


def pool(client: Client, *numbers: str) -> str:
    service = client.messaging.v1.services.create(friendly_name="pool")
    for number in numbers or (FROM,):
        owned = client.incoming_phone_numbers.create(phone_number=number)
        client.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=owned.sid)
    assert service.sid is not None
    return service.sid


def code_of(client: Client, changes: dict[str, Any]) -> int:
    params = {"to": TO, "from_": FROM, "body": "hello"} | changes
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(**{name: value for name, value in params.items() if value is not None})
    error = refused.value
    assert error.code is not None
    assert error.status == ERRORS[error.code][0]
    return error.code


IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)

CREATE_ERRORS: dict[int, dict[str, Any]] = {
    21211: {"to": "15552340001"},
    21212: {"from_": "not a sender id!"},
    21265: {"to": "12345"},
    21266: {"from_": TO},
    21602: {"body": None},
    21603: {"from_": None},
    21604: {"to": " "},
    21609: {"status_callback": "nonsense"},
    21617: {"body": "x" * 1601},
    21619: {"to": f"whatsapp:{TO}", "from_": f"whatsapp:{FROM}", "body": None},
    21620: {"media_url": [""]},
    21623: {"media_url": [f"https://example.com/{n}" for n in range(11)]},
    21624: {"validity_period": 36_001},
    21664: {"fallback_from": FROM, "messaging_service_sid": "MG" + "0" * 32},
    21666: {"fallback_from": FROM},
    21701: {"messaging_service_sid": "MG" + "0" * 32},
    21705: {"messaging_service_sid": "nonsense"},
    21910: {"to": f"whatsapp:{TO}"},
    35111: {"schedule_type": "fixed", "send_at": datetime(2020, 1, 1, tzinfo=UTC), "messaging_service_sid": "POOL"},
    35114: {"send_at": IN_AN_HOUR, "messaging_service_sid": "POOL"},
    35118: {"schedule_type": "fixed", "send_at": IN_AN_HOUR},
    63007: {"to": f"whatsapp:{TO}", "from_": "whatsapp:nonsense"},
}

CONFIGURED = (21408, 21611, 21612, 21614, 21635)


@pytest.mark.parametrize("code", CREATE_ERRORS)
def test_a_bad_create_raises_its_code(client: Client, code: int) -> None:
    changes = dict(CREATE_ERRORS[code])
    if changes.get("messaging_service_sid") == "POOL":
        changes |= {"messaging_service_sid": pool(client), "from_": None}
    assert code_of(client, changes) == code


@pytest.mark.parametrize("code", CONFIGURED)
def test_what_depends_on_the_world_is_configured(client: Client, twilio: Twilio, code: int) -> None:
    twilio.change(refusals=[{"to": "+155523400*", "code": code}])
    assert code_of(client, {}) == code


@pytest.mark.parametrize("code", [21606, 21659])
def test_a_number_that_is_not_owned(client: Client, twilio: Twilio, code: int) -> None:
    twilio.change(strict_from=True, unowned_code=code, numbers=["+15552340003"])
    assert code_of(client, {"from_": "+12025550199"}) == code
    assert client.messages.create(to=TO, from_="+15552340003", body="owned").status == "queued"


def test_a_number_of_another_account(client: Client, twilio: Twilio, server: MockProviders) -> None:
    server.twilio(numbers=["+12025550177"])
    twilio.change(strict_from=True)
    assert code_of(client, {"from_": "+12025550177"}) == 21660


def test_a_service_that_nobody_made_may_be_made_at_its_first_use(client: Client, twilio: Twilio) -> None:
    service = "MG" + "1" * 32
    twilio.change(any_service=True, numbers=["+12025550177"])
    message = client.messages.create(to=TO, messaging_service_sid=service, body="hi")
    assert (message.status, message.messaging_service_sid) == ("accepted", service)
    assert code_of(client, {"from_": None, "messaging_service_sid": "MG2"}) == 21705


def test_service_errors(client: Client, twilio: Twilio) -> None:
    empty = client.messaging.v1.services.create(friendly_name="empty").sid
    assert code_of(client, {"from_": None, "messaging_service_sid": empty}) == 21704
    only_the_recipient = pool(client, TO)
    assert code_of(client, {"from_": None, "messaging_service_sid": only_the_recipient}) == 21703
    twilio.change(unavailable_services=[empty])
    assert code_of(client, {"from_": None, "messaging_service_sid": empty}) == 21702


def test_a_rate_limit(client: Client, twilio: Twilio) -> None:
    twilio.change(max_per_second=0)
    assert code_of(client, {}) == 20429


def test_updates_that_are_refused(client: Client, twilio: Twilio) -> None:
    message = client.messages.create(to=TO, from_=FROM, body="x")
    with pytest.raises(TwilioRestException) as both:
        client.messages(message.sid).update(body="", status="canceled")
    assert both.value.code == 30400
    twilio.status(message.sid, "sent")
    with pytest.raises(TwilioRestException) as late:
        client.messages(message.sid).update(status="canceled")
    assert late.value.code == 30409


def test_who_may_call(client: Client, twilio: Twilio) -> None:
    def refused(user: str | None = None, token: str | None = None, path: str | None = None) -> tuple[Any, ...]:
        caller = twilio_client(twilio, user=user, token=token)
        caller.account_sid = path or twilio.account_sid
        with pytest.raises(TwilioRestException) as error:
            caller.api.v2010.account.messages.create(to=TO, from_=FROM, body="x")
        return error.value.status, error.value.code, error.value.msg.partition(": ")[2]

    assert refused(token="wrong") == (401, 20003, "Authenticate")
    assert refused(user="AC" + "0" * 32) == (401, 20003, "Authentication Error - invalid username")
    key, other = "SK" + secrets.token_hex(16), "AC" + "0" * 32
    assert refused(user=key, token="hush") == (401, 20003, "Authentication Error - invalid username")
    twilio.change(api_keys={key: "hush"})
    assert twilio_client(twilio, user=key, token="hush").messages.create(to=TO, from_=FROM, body="x").sid
    assert twilio_client(twilio, user=key, token="hush").messaging.v1.services.list() == []
    assert refused(user=key, token="wrong") == (401, 20003, "Authenticate")
    assert refused(user=key, token=twilio.auth_token) == (401, 20003, "Authenticate")
    assert refused(token="hush") == (401, 20003, "Authenticate")
    assert refused(user=key, token="hush", path=key) == (400, 90002, f"AccountSid {key} is invalid")
    assert refused(path="AC12") == (400, 90002, "AccountSid AC12 is invalid")
    assert refused(path=other)[:2] == (404, 20404)
    for status in ("suspended", "closed"):
        twilio.change(status=status)
        assert refused() == (403, 20005, f"Account not active: it is {status}")
        assert refused(user=key, token="hush")[:2] == (403, 20005)


@pytest.mark.parametrize("number", ["+1555", "15552340009", "nonsense"])
def test_what_is_no_number_is_nobodys(client: Client, number: str) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers.create(phone_number=number)
    assert (refused.value.status, refused.value.code) == (400, 21421)
    assert client.incoming_phone_numbers.list() == []


def test_a_number_is_in_one_pool(client: Client) -> None:
    number = client.incoming_phone_numbers.create(phone_number=FROM)
    first, second = (client.messaging.v1.services.create(friendly_name=name).sid for name in ("a", "b"))
    client.messaging.v1.services(first).phone_numbers.create(phone_number_sid=number.sid)
    for service, code in ((first, 21710), (second, 21712)):
        with pytest.raises(TwilioRestException) as refused:
            client.messaging.v1.services(service).phone_numbers.create(phone_number_sid=number.sid)
        assert (refused.value.status, refused.value.code) == (409, code)
    assert client.messaging.v1.services(first).phone_numbers(number.sid).delete()
    assert client.messaging.v1.services(second).phone_numbers.create(phone_number_sid=number.sid).phone_number == FROM


def test_a_fallback_url_needs_a_url(client: Client) -> None:
    with pytest.raises(TwilioRestException) as refused:
        client.incoming_phone_numbers.create(phone_number=FROM, sms_fallback_url="http://127.0.0.1:9/")
    assert (refused.value.status, refused.value.code) == (400, 21406)
    number = client.incoming_phone_numbers.create(
        phone_number=FROM, sms_url="http://127.0.0.1:9/", sms_method="GET", sms_fallback_url="http://127.0.0.1:9/f"
    )
    assert (number.sms_method, number.sms_fallback_url, number.sms_fallback_method) == (
        "GET",
        "http://127.0.0.1:9/f",
        "POST",
    )


def test_a_message_is_redacted_once_it_is_final(client: Client) -> None:
    message = client.messages.create(to=TO, from_=FROM, body="secret")
    with pytest.raises(TwilioRestException) as early:
        client.messages(message.sid).update(body="")
    assert (early.value.status, early.value.code) == (409, 20009)


def test_page_sizes_and_methods(client: Client, twilio: Twilio) -> None:
    for wrong in ("0", "1001", "all"):
        with pytest.raises(TwilioRestException) as size:
            client.api.v2010.fetch("GET", f"/Accounts/{twilio.account_sid}/Messages.json", params={"PageSize": wrong})
        assert (size.value.status, size.value.code) == (400, 20007)
    assert client.messages.list(page_size=1000) == []
    with pytest.raises(TwilioRestException) as method:
        client.api.v2010.fetch("PUT", f"/Accounts/{twilio.account_sid}/Messages.json")
    assert (method.value.status, method.value.code) == (405, 20004)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"from_": "+15005550001"}, 21212),
        ({"from_": "+15005550007"}, 21606),
        ({"from_": "+15005550000"}, 21606),
        ({"from_": "+15005550008"}, 21611),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"from_": None, "messaging_service_sid": "MG" + "0" * 32}, 20008),
    ],
)
def test_magic_numbers(client: Client, twilio: Twilio, changes: dict[str, Any], code: int) -> None:
    twilio.change(test=True)
    assert code_of(client, {"from_": "+15005550006"} | changes) == code


def test_test_credentials(client: Client, twilio: Twilio) -> None:
    twilio.change(test=True)
    assert client.messages.create(to=TO, from_="+15005550006", body="x").status == "queued"
    with pytest.raises(TwilioRestException) as refused:
        client.messages("SM" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (403, 20008)


@pytest.mark.parametrize("code", range(30001, 30009))
def test_a_failure_that_arrives_later(client: Client, twilio: Twilio, receiver: Receiver, code: int) -> None:
    twilio.change(
        fates=[{"to": "+1555*", "status": "undelivered", "error_code": code}], lifecycle=[["sent", 0], ["delivered", 0]]
    )
    message = client.messages.create(to=TO, from_=FROM, body="x", status_callback=receiver.url)
    seen = [dict(parse_qsl(receiver.next().body.decode())) for _ in range(2)]
    assert [one["MessageStatus"] for one in seen] == ["sent", "undelivered"]
    assert seen[1]["ErrorCode"] == str(code)
    failed = client.messages(message.sid).fetch()
    assert (failed.status, failed.error_code) == ("undelivered", code)
    assert failed.error_message


def test_the_validator_accepts_ours_and_refuses_the_tampered(
    client: Client, twilio: Twilio, receiver: Receiver
) -> None:
    message = client.messages.create(to=TO, from_=FROM, body="x", status_callback=receiver.url)
    for signature, good in (("valid", True), ("tampered", False), ("missing", False)):
        twilio.status(message.sid, "sent", signature=signature)
        got = receiver.next()
        params = parse_qs(got.body.decode(), keep_blank_values=True)
        flat = {name: values[0] for name, values in params.items()}
        found = got.headers.get("x-twilio-signature", "")
        assert RequestValidator(twilio.auth_token).validate(receiver.url, flat, found) is good
        assert got.headers["i-twilio-idempotency-token"]


def test_a_shared_key_signs_with_sha256(client: Client, twilio: Twilio, receiver: Receiver) -> None:
    twilio.change(shared_key={"id": "webhooks_sharedkey_1", "secret": "hush"})
    message = client.messages.create(to=TO, from_=FROM, body="x", status_callback=receiver.url)
    twilio.status(message.sid, "sent")
    got = receiver.next()
    flat = dict(parse_qsl(got.body.decode(), keep_blank_values=True))
    assert got.headers["x-twilio-webhooks-signature-settings"] == "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    signature = got.headers["x-twilio-signature"]
    assert RequestValidator("hush").validate(receiver.url, flat, signature, algorithm="HMAC_SHA256")
    assert not RequestValidator(twilio.auth_token).validate(receiver.url, flat, signature)


def test_every_code_of_the_table_is_raised_somewhere() -> None:
    elsewhere = {
        20003, 20004, 20005, 20007, 20008, 20009, 20404, 20429, 21406, 21421, 21606, 21610, 21659, 21660, 21702,
        21703, 21704, 21710, 21712, 30400, 30409, 90002,
    }  # fmt: skip
    ours = {20001, 20500, 20503}
    verify = {60200, 60202, 60203, 60204, 60205}
    content = {21654, 21655, 21656, 63007}
    assert set(ERRORS) == set(CREATE_ERRORS) | set(CONFIGURED) | elsewhere | ours | verify | content
