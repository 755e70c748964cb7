"""What becomes of a thing when another that it refers to goes."""

from __future__ import annotations

from urllib.parse import parse_qs

from tenants import Receiver, TwilioTenant


def service(twilio: TwilioTenant, **settings: str) -> str:
    auth = (twilio.sid, twilio.token)
    made = twilio.http.post("/v1/Services", data={"FriendlyName": "pool", **settings}, auth=auth)
    return str(made.json()["sid"])


def pooled(twilio: TwilioTenant, of: str, number: str) -> str:
    sid = str(twilio.request("POST", "/IncomingPhoneNumbers.json", data={"PhoneNumber": number}).json()["sid"])
    auth = (twilio.sid, twilio.token)
    added = twilio.http.post(f"/v1/Services/{of}/PhoneNumbers", data={"PhoneNumberSid": sid}, auth=auth)
    assert added.status_code == 201
    return sid


def test_a_number_leaves_its_pool(twilio: TwilioTenant) -> None:
    auth, pool = (twilio.sid, twilio.token), service(twilio)
    sid = pooled(twilio, pool, "+15552340002")
    waiting = twilio.send(From=None, MessagingServiceSid=pool)["sid"]
    assert twilio.request("DELETE", f"/IncomingPhoneNumbers/{sid}.json").status_code == 204
    assert twilio.http.get(f"/v1/Services/{pool}/PhoneNumbers", auth=auth).json()["phone_numbers"] == []
    assert twilio.http.get(f"/v1/Services/{pool}/PhoneNumbers/{sid}", auth=auth).json()["code"] == 20404
    assert twilio.create(From=None, MessagingServiceSid=pool).json()["code"] == 21704
    assert twilio.request("GET", f"/Messages/{waiting}.json").json()["status"] == "accepted"


def test_a_number_that_was_given_up_stays_away(twilio: TwilioTenant) -> None:
    twilio.change(numbers=["+15552340002"])
    [number] = twilio.request("GET", "/IncomingPhoneNumbers.json").json()["incoming_phone_numbers"]
    assert twilio.request("DELETE", f"/IncomingPhoneNumbers/{number['sid']}.json").status_code == 204
    twilio.change(strict_from=True)
    assert twilio.request("GET", "/IncomingPhoneNumbers.json").json()["incoming_phone_numbers"] == []


def test_a_service_goes_and_its_messages_stay(twilio: TwilioTenant) -> None:
    auth, pool = (twilio.sid, twilio.token), service(twilio)
    pooled(twilio, pool, "+15552340002")
    sid = twilio.send(From=None, MessagingServiceSid=pool)["sid"]
    assert twilio.http.delete(f"/v1/Services/{pool}", auth=auth).status_code == 204
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": "sent"})
    assert twilio.request("GET", f"/Messages/{sid}.json").json()["from"] == "+15552340002"
    assert twilio.create(From=None, MessagingServiceSid=pool).json()["code"] == 21701
    twilio.change(max_per_second=1000)
    assert twilio.http.get(f"/v1/Services/{pool}", auth=auth).status_code == 404


def test_more_services_leave_those_that_there_are_alone(twilio: TwilioTenant) -> None:
    first, second = (f"MG{digit * 32}" for digit in "12")
    twilio.change(messaging_services=[first])
    auth = (twilio.sid, twilio.token)
    twilio.http.post(f"/v1/Services/{first}", data={"FriendlyName": "mine"}, auth=auth)
    twilio.change(messaging_services=[first, second])
    assert twilio.http.get(f"/v1/Services/{first}", auth=auth).json()["friendly_name"] == "mine"


def test_a_closed_account_fails_what_it_has_not_sent(twilio: TwilioTenant, receiver: Receiver) -> None:
    twilio.change(lifecycle=[["sent", 0.2], ["delivered", 0]])
    sid = twilio.send(StatusCallback=receiver.url)["sid"]
    twilio.change(status="closed")
    told = parse_qs(receiver.next().body.decode())
    assert (told["MessageStatus"], told["ErrorCode"]) == (["failed"], ["30002"])
    twilio.change(status="active")
    failed = twilio.request("GET", f"/Messages/{sid}.json").json()
    assert (failed["status"], failed["error_code"]) == ("failed", 30002)


def test_nothing_more_is_told_of_a_deleted_message(twilio: TwilioTenant, receiver: Receiver) -> None:
    twilio.change(lifecycle=[["delivered", 0], ["read", 0.3]])
    deleted = twilio.send(StatusCallback=f"{receiver.url}/deleted")["sid"]
    kept = twilio.send(StatusCallback=f"{receiver.url}/kept")["sid"]
    twilio.change(lifecycle="manual")
    assert {receiver.next().path, receiver.next().path} == {"/deleted", "/kept"}
    assert twilio.request("DELETE", f"/Messages/{deleted}.json").status_code == 204
    # the other message, made after it, is told of its last step
    assert receiver.next().path == "/kept"
    assert twilio.request("GET", f"/Messages/{kept}.json").json()["status"] == "read"
