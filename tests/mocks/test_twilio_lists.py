"""Lists: pages that stand still in both directions, and dates as the vendor takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tenants import TwilioTenant, make_twilio


def page(twilio: TwilioTenant, path: str, key: str = "messages") -> tuple[list[str], str | None, str | None]:
    answer = twilio.http.get(path, auth=(twilio.sid, twilio.token)).json()
    about = answer.get("meta", answer)
    links = [about.get(f"{which}_page_{kind}") for which in ("previous", "next") for kind in ("uri", "url")]
    return [one["sid"] for one in answer[key]], links[0] or links[1], links[2] or links[3]


def test_pages_stand_still_while_messages_arrive(twilio: TwilioTenant) -> None:
    for _ in range(7):
        twilio.send()
    seen, path = [], f"{twilio.path}/Messages.json?PageSize=2&To=%2B15552340001"
    while path is not None:
        sids, back, path = page(twilio, path)
        seen.append(sids)
        last = back
        twilio.send()
    assert [len(sids) for sids in seen] == [2, 2, 2, 1]
    for expected in reversed(seen[:-1]):
        assert last is not None
        sids, last, following = page(twilio, last)
        twilio.send()
        assert sids == expected
        assert following is not None
        assert page(twilio, following)[0] == seen[seen.index(expected) + 1]
    assert last is None


@pytest.mark.parametrize("key", ["services", "incoming_phone_numbers"])
def test_pages_of_other_lists_stand_still(twilio: TwilioTenant, key: str) -> None:
    auth, numbers = (twilio.sid, twilio.token), iter(range(1000, 2000))

    def make() -> None:
        if key == "services":
            twilio.http.post("/v1/Services", data={"FriendlyName": "x"}, auth=auth)
        else:
            form = {"PhoneNumber": f"+1555234{next(numbers)}"}
            twilio.request("POST", "/IncomingPhoneNumbers.json", data=form)

    for _ in range(5):
        make()
    where = "/v1/Services" if key == "services" else f"{twilio.path}/IncomingPhoneNumbers.json"
    first, _, path = page(twilio, f"{where}?PageSize=2", key)
    make()
    assert path is not None
    second, back, _ = page(twilio, path, key)
    make()
    assert not {*first} & {*second}
    assert back is not None
    assert page(twilio, back, key)[0] == first


def test_a_token_of_what_is_gone_leaves_the_page_number(twilio: TwilioTenant) -> None:
    auth = (twilio.sid, twilio.token)
    for n in range(5):
        twilio.http.post("/v1/Services", data={"FriendlyName": f"{n}"}, auth=auth)
    shown, _, path = page(twilio, "/v1/Services?PageSize=2", "services")
    twilio.http.delete(f"/v1/Services/{shown[-1]}", auth=auth)
    assert path is not None
    assert len(page(twilio, path, "services")[0]) == 2


NOON = datetime(2020, 12, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("DateSent", "2020", True),
        ("DateSent", "2019", False),
        ("DateSent", "2020-12", True),
        ("DateSent", "2020-11", False),
        ("DateSent", "2020-12-15", True),
        ("DateSent", "2020-12-14", False),
        ("DateSent>", "2020", True),
        ("DateSent>", "2021", False),
        ("DateSent>", "2020-12", True),
        ("DateSent<", "2020", True),
        ("DateSent<", "2020-11", False),
        ("DateSent<", "2019", False),
        ("DateSent>", "2020-12-15T11:00:00Z", True),
        ("DateSent>", "2020-12-15 11:00:00", True),
        ("DateSent>", "2020-12-15T11:00:00.000-0800", False),
        ("DateSent>", "2020-12-15T03:00:00-08:00", True),
        ("DateSent<", "2020-12-15T11:00:00Z", False),
        ("DateSent>", "2020-12-15T13:00:00+02:00", True),
        ("DateSent>", "2020-12-15T11:00", True),
    ],
)
def test_dates_of_filters(twilio: TwilioTenant, name: str, value: str, found: bool) -> None:
    twilio = make_twilio(twilio.http, clock_offset_s=NOON.timestamp() - datetime.now(UTC).timestamp())
    sid = twilio.send()["sid"]
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": "sent"})
    answer = twilio.request("GET", "/Messages.json", params={name: value})
    assert (answer.status_code, len(answer.json()["messages"])) == (200, int(found))


@pytest.mark.parametrize("name", ["DateSent", "DateSent>", "DateSent<"])
@pytest.mark.parametrize(
    "value",
    [">=2020-12-01", "<=2020", "yesterday", "2020-13", "2020-02-30", "20201201", "0000", "9999", "20-W10", "1"],
)
def test_what_is_no_date(twilio: TwilioTenant, name: str, value: str) -> None:
    answer = twilio.request("GET", "/Messages.json", params={name: value})
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_inequalities_in_the_url_as_the_vendor_writes_them(twilio: TwilioTenant) -> None:
    sid = twilio.send()["sid"]
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": "sent"})
    assert page(twilio, f"{twilio.path}/Messages.json?DateSent>=2020-01-01")[0] == [sid]
    assert page(twilio, f"{twilio.path}/Messages.json?DateSent<=2020-01-01")[0] == []
    assert page(twilio, f"{twilio.path}/Messages.json?DateSent%3E=2020")[0] == [sid]


def test_smart_encoding_of_a_service_and_of_a_message(twilio: TwilioTenant) -> None:
    auth, smart = (twilio.sid, twilio.token), {"FriendlyName": "smart", "SmartEncoding": "true"}
    service = twilio.http.post("/v1/Services", data=smart, auth=auth).json()["sid"]
    number = twilio.request("POST", "/IncomingPhoneNumbers.json", data={"PhoneNumber": "+15552340002"}).json()["sid"]
    twilio.http.post(f"/v1/Services/{service}/PhoneNumbers", data={"PhoneNumberSid": number}, auth=auth)
    of = {"From": None, "MessagingServiceSid": service, "Body": "\u201chi\u201d"}
    assert twilio.send(**of)["body"] == '"hi"'
    assert twilio.send(**of, SmartEncoded="false")["body"] == "\u201chi\u201d"
    assert twilio.send(Body="\u201chi\u201d", SmartEncoded="True")["body"] == '"hi"'
    assert twilio.send(Body="\u201chi\u201d")["body"] == "\u201chi\u201d"
