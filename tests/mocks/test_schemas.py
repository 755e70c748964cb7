"""Responses have the fields of the vendors' public tables, all of them and no others."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from tenants import Receiver, SendGridTenant, TwilioTenant

TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
DATE = {"type": "string", "pattern": r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$"}
ISO = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
COUNT = {"type": "string", "pattern": r"^\d+$"}


def sid(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{prefix}[0-9a-f]{{32}}$"}


def exactly(properties: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": sorted(properties),
        "properties": properties | optional,
        "additionalProperties": False,
    }


MESSAGE = exactly(
    {
        "account_sid": sid("AC"),
        "api_version": {"const": "2010-04-01"},
        "body": TEXT,
        "date_created": DATE,
        "date_sent": {"anyOf": [DATE, {"type": "null"}]},
        "date_updated": DATE,
        "direction": {"enum": ["inbound", "outbound-api", "outbound-call", "outbound-reply"]},
        "error_code": {"type": ["integer", "null"]},
        "error_message": MAYBE,
        "from": MAYBE,
        "messaging_service_sid": {"anyOf": [sid("MG"), {"type": "null"}]},
        "num_media": COUNT,
        "num_segments": COUNT,
        "price": MAYBE,
        "price_unit": MAYBE,
        "sid": sid("(SM|MM)"),
        "status": {
            "enum": [
                "queued", "sending", "sent", "failed", "delivered", "undelivered", "receiving", "received",
                "accepted", "scheduled", "read", "partially_delivered", "canceled",
            ]
        },
        "subresource_uris": {"type": "object"},
        "to": TEXT,
        "uri": TEXT,
    }
)  # fmt: skip

PAGE = exactly(
    {
        "end": {"type": "integer"},
        "first_page_uri": TEXT,
        "messages": {"type": "array", "items": MESSAGE},
        "next_page_uri": MAYBE,
        "page": {"type": "integer"},
        "page_size": {"type": "integer"},
        "previous_page_uri": MAYBE,
        "start": {"type": "integer"},
        "uri": TEXT,
    }
)

TWILIO_ERROR = exactly(
    {
        "code": {"type": "integer"},
        "message": TEXT,
        "more_info": {"type": "string", "pattern": r"^https://www\.twilio\.com/docs/errors/\d+$"},
        "status": {"type": "integer"},
    },
    detail=TEXT,
)

SENDGRID_ERRORS = exactly(
    {"errors": {"type": "array", "minItems": 1, "items": exactly({"message": TEXT, "field": MAYBE, "help": MAYBE})}},
    id=TEXT,
)

ACTIVITY = exactly(
    {
        "from_email": TEXT,
        "msg_id": TEXT,
        "subject": TEXT,
        "to_email": TEXT,
        "status": {"enum": ["processed", "delivered", "not_delivered"]},
        "opens_count": {"type": "integer"},
        "clicks_count": {"type": "integer"},
        "last_event_time": ISO,
    }
)

EVENT = {
    "type": "object",
    "required": ["email", "timestamp", "event", "sg_event_id", "sg_message_id"],
    "properties": {
        "timestamp": {"type": "integer", "maximum": 10**10},
        "sg_event_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "category": {"type": ["string", "array"]},
    },
}


def check(schema: dict[str, Any], value: Any) -> None:
    Draft202012Validator(schema).validate(value)


def test_messages(twilio: TwilioTenant) -> None:
    twilio.change(numbers=["+15552340005"])
    service = twilio.http.post("/v1/Services", data={"FriendlyName": "x"}, auth=(twilio.sid, twilio.token)).json()
    number = twilio.request("GET", "/IncomingPhoneNumbers.json").json()["incoming_phone_numbers"][0]
    added = twilio.http.post(
        f"/v1/Services/{service['sid']}/PhoneNumbers",
        data={"PhoneNumberSid": number["sid"]},
        auth=(twilio.sid, twilio.token),
    )
    assert added.status_code == 201
    check(MESSAGE, twilio.send())
    check(MESSAGE, twilio.send(MediaUrl="https://example.com/a.png"))
    check(MESSAGE, twilio.send(From=None, MessagingServiceSid=service["sid"]))
    twilio.change(lifecycle=[["sent", 0], ["delivered", 0]])
    twilio.send()
    page = twilio.request("GET", "/Messages.json?PageSize=2").json()
    check(PAGE, page)
    assert page["next_page_uri"] is not None
    check(PAGE, twilio.http.get(page["next_page_uri"], auth=(twilio.sid, twilio.token)).json())


def test_errors(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    check(TWILIO_ERROR, twilio.create(To=None).json())
    check(TWILIO_ERROR, twilio.http.get(f"{twilio.path}/Messages.json", auth=(twilio.sid, "x")).json())
    check(SENDGRID_ERRORS, sendgrid.create(subject=None).json())
    check(SENDGRID_ERRORS, sendgrid.request("GET", "/nonsense").json())


def test_activity_and_events(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    sent = sendgrid.send(categories=["a", "b"])
    for message in sendgrid.request("GET", "/messages").json()["messages"]:
        check(ACTIVITY, message)
    for event in ("processed", "delivered", "bounce", "open", "click"):
        wanted = {"message": sent, "event": event}
        sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=wanted)
        for got in json.loads(receiver.next().body):
            check(EVENT, got)
