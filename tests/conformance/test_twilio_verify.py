"""Verify v2, through the `twilio` package: every operation, and every code as its exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.verify.v2.service import ServiceContext

from mock_providers.client import Twilio

TO, LANDLINE = "+15552340001", "+441632960123"


@pytest.fixture
def service(client: Client) -> ServiceContext:
    made = client.verify.v2.services.create(friendly_name="Acme")
    return client.verify.v2.services(str(made.sid))


def code_of(twilio: Twilio, to: str) -> str:
    """The code as the handset has it: the journal alone knows it."""
    *_, last = twilio.wait(type="verification.sent", to=to)
    return str(last["code"])


def refused(call: Callable[[], Any]) -> tuple[int, int | None]:
    with pytest.raises(TwilioRestException) as error:
        call()
    return error.value.status, error.value.code


def wrong(code: str) -> str:
    return "0" * len(code) if code != "0" * len(code) else "1" * len(code)


def test_services(client: Client) -> None:
    services = client.verify.v2.services
    made = services.create(friendly_name="Acme", code_length=8, custom_code_enabled=True)
    assert str(made.sid).startswith("VA")
    assert (made.friendly_name, made.code_length, made.custom_code_enabled) == ("Acme", 8, True)
    assert services(str(made.sid)).fetch().date_created is not None
    assert services(str(made.sid)).update(code_length=4).code_length == 4
    for n in range(4):
        services.create(friendly_name=f"other {n}")
    assert [one.friendly_name for one in services.list(page_size=2)][-1] == "Acme"
    assert services(str(made.sid)).delete()
    assert refused(services(str(made.sid)).fetch) == (404, 20404)


@pytest.mark.parametrize(
    "bad", [{"friendly_name": ""}, {"friendly_name": "x" * 31}, {"friendly_name": "a", "code_length": 3}]
)
def test_a_service_that_cant_be(client: Client, bad: dict[str, Any]) -> None:
    assert refused(lambda: client.verify.v2.services.create(**bad)) == (400, 60200)


@pytest.mark.parametrize(("channel", "to"), [("sms", TO), ("call", TO), ("whatsapp", TO), ("email", "ada@example.com")])
def test_the_code_is_in_the_journal_and_in_no_answer(
    client: Client, service: ServiceContext, twilio: Twilio, channel: str, to: str
) -> None:
    made = service.verifications.create(to=to, channel=channel)
    assert (made.status, made.valid, made.to, made.channel) == ("pending", False, to, channel)
    assert [one["channel"] for one in made.send_code_attempts or []] == [channel.upper()]
    code = code_of(twilio, to)
    assert (len(code), code.isdigit()) == (6, True)
    [sent] = twilio.calls(type="verification.sent")
    assert (sent["message"], sent["channel"]) == (made.sid, channel)
    assert code in sent["text"]
    raw = client.request("GET", f"{twilio.url}/v2/Services/{made.service_sid}/Verifications/{made.sid}")
    assert code not in raw.text
    assert client.messages.list() == []
    checked = service.verification_checks.create(to=to, code=code)
    assert (checked.status, checked.valid, checked.sid) == ("approved", True, made.sid)


def test_a_wrong_code_leaves_it_pending_until_there_were_too_many(service: ServiceContext, twilio: Twilio) -> None:
    made = service.verifications.create(to=TO, channel="sms")
    code = code_of(twilio, TO)
    for _ in range(5):
        checked = service.verification_checks.create(verification_sid=str(made.sid), code=wrong(code))
        assert (checked.status, checked.valid) == ("pending", False)
    assert refused(lambda: service.verification_checks.create(to=TO, code=code)) == (429, 60202)


def test_the_same_code_is_sent_again_and_five_times_at_most(service: ServiceContext, twilio: Twilio) -> None:
    sids = {
        service.verifications.create(to=TO, channel=channel).sid for channel in ("sms", "call", "sms", "sms", "sms")
    }
    assert len(sids) == 1
    sent = twilio.calls(type="verification.sent")
    assert len({one["code"] for one in sent}) == 1
    assert [one["attempt"] for one in sent] == [1, 2, 3, 4, 5]
    assert refused(lambda: service.verifications.create(to=TO, channel="sms")) == (429, 60203)
    assert len(twilio.calls(type="verification.sent")) == 5


@pytest.mark.parametrize("status", ["approved", "canceled"])
def test_what_is_over_is_forgotten(service: ServiceContext, twilio: Twilio, status: str) -> None:
    made = service.verifications.create(to=TO, channel="sms")
    assert service.verifications(str(made.sid)).fetch().status == "pending"
    assert service.verifications(TO).update(status=status).status == status  # type: ignore[arg-type]  # reason: the enum's values are these strings
    assert refused(service.verifications(str(made.sid)).fetch) == (404, 20404)
    assert refused(lambda: service.verification_checks.create(to=TO, code=code_of(twilio, TO))) == (404, 20404)
    again = service.verifications.create(to=TO, channel="sms")
    assert again.sid != made.sid


def test_it_expires_after_ten_minutes(service: ServiceContext, twilio: Twilio) -> None:
    made = service.verifications.create(to=TO, channel="sms")
    code = code_of(twilio, TO)
    twilio.change(clock_offset_s=599)
    assert service.verifications(str(made.sid)).fetch().status == "pending"
    twilio.change(clock_offset_s=601)
    assert refused(lambda: service.verification_checks.create(to=TO, code=code)) == (404, 20404)
    assert refused(service.verifications(str(made.sid)).fetch) == (404, 20404)
    [shown] = twilio.verifications()
    assert (shown["sid"], shown["status"], shown["code"]) == (made.sid, "expired", code)


@pytest.mark.parametrize(
    "bad",
    [
        {"to": "", "channel": "sms"},
        {"to": "nonsense", "channel": "sms"},
        {"to": "+1555", "channel": "whatsapp"},
        {"to": TO, "channel": "email"},
        {"to": "ada@example.com", "channel": "sms"},
        {"to": TO, "channel": "pigeon"},
        {"to": TO, "channel": ""},
    ],
)
def test_a_bad_parameter(service: ServiceContext, twilio: Twilio, bad: dict[str, Any]) -> None:
    assert refused(lambda: service.verifications.create(**bad)) == (400, 60200)
    assert twilio.calls(type="verification.sent") == []


def test_a_bad_check_or_update(service: ServiceContext) -> None:
    made = service.verifications.create(to=TO, channel="sms")
    assert refused(lambda: service.verification_checks.create(code="123456")) == (400, 60200)
    assert refused(lambda: service.verification_checks.create(to=TO, code="12")) == (400, 60200)
    assert refused(lambda: service.verifications(str(made.sid)).update(status="pending")) == (400, 60200)  # type: ignore[arg-type]  # reason: what the SDK's enum doesn't have


def test_a_code_of_ones_own(client: Client, service: ServiceContext, twilio: Twilio) -> None:
    assert refused(lambda: service.verifications.create(to=TO, channel="sms", custom_code="424242")) == (400, 60204)
    service.update(custom_code_enabled=True)
    assert refused(lambda: service.verifications.create(to=TO, channel="sms", custom_code="42")) == (400, 60200)
    service.verifications.create(to=TO, channel="sms", custom_code="424242")
    assert code_of(twilio, TO) == "424242"
    assert service.verification_checks.create(to=TO, code="424242").valid


def test_a_landline_gets_no_sms(service: ServiceContext) -> None:
    service.update(skip_sms_to_landlines=True)
    assert refused(lambda: service.verifications.create(to=LANDLINE, channel="sms")) == (403, 60205)
    assert service.verifications.create(to=LANDLINE, channel="call").status == "pending"


def test_verifications_of_services_and_accounts_are_apart(
    client: Client, service: ServiceContext, twilio: Twilio
) -> None:
    service.verifications.create(to=TO, channel="sms")
    other = client.verify.v2.services.create(friendly_name="Other")
    checks = client.verify.v2.services(str(other.sid)).verification_checks
    assert refused(lambda: checks.create(to=TO, code=code_of(twilio, TO))) == (404, 20404)
    assert refused(lambda: client.verify.v2.services("VA" + "0" * 32).verifications.create(to=TO, channel="sms")) == (
        404,
        20404,
    )


def test_the_same_seed_gives_the_same_codes(twilio: Twilio) -> None:
    from sdks import twilio_client

    codes = []
    for _ in range(2):
        account = twilio.server.twilio(seed=7)
        made = twilio_client(account).verify.v2.services.create(friendly_name="Acme")
        twilio_client(account).verify.v2.services(str(made.sid)).verifications.create(to=TO, channel="sms")
        codes.append(code_of(account, TO))
    assert codes[0] == codes[1]
