"""The Email Activity feed: `/v3/messages`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.sendgrid.activity_query import conditions
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown
from mock_providers.sendgrid.state.mail import Mail, Recipient

LARGEST_LIMIT = 1000


def _list(visit: Visit) -> Answer:
    limit = visit.number("limit", 10)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise SendGridError(400, Problem(f"limit must be between 1 and {LARGEST_LIMIT}", "limit"))
    asked = conditions(field(visit.query, "query"))
    found: list[dict[str, Any]] = []
    for mail in reversed(visit.account.mails.values()):
        for recipient in mail.recipients:
            visit.webhooks.settle(visit.account, mail, recipient)
            summary = _summary(mail, recipient)
            if all(condition.holds(summary) for condition in asked):
                found.append(summary)
                if len(found) == limit:
                    return shown({"messages": found})
    return shown({"messages": found})


def _get(visit: Visit) -> Answer:
    wanted = visit.args[0]
    mail = visit.account.mails.get(wanted.partition(".")[0])
    for recipient in mail.recipients if mail is not None else ():
        if mail is not None and wanted in {recipient.sg_message_id, mail.message_id}:
            visit.webhooks.settle(visit.account, mail, recipient)
            return shown(_details(mail, recipient))
    raise not_found("message")


def _summary(mail: Mail, recipient: Recipient) -> dict[str, Any]:
    kinds = [event["event"] for event in recipient.events]
    status = "delivered" if "delivered" in kinds else "processed"
    if {"bounce", "dropped"} & set(kinds):
        status = "not_delivered"
    last = recipient.events[-1]["timestamp"] if recipient.events else int(mail.created)
    return {
        "from_email": recipient.from_email,
        "msg_id": recipient.sg_message_id,
        "subject": recipient.subject,
        "to_email": recipient.email,
        "status": status,
        "opens_count": kinds.count("open"),
        "clicks_count": kinds.count("click"),
        "last_event_time": _iso(last),
    }


def _details(mail: Mail, recipient: Recipient) -> dict[str, Any]:
    return _summary(mail, recipient) | {
        "template_id": "",
        "asm_group_id": 0,
        "teammate": "",
        "api_key_id": "",
        "events": [
            {
                "event_name": event["event"],
                "processed": _iso(event["timestamp"]),
                "reason": event.get("reason", ""),
                "attempt_num": int(event.get("attempt", 0)),
                "url": event.get("url", ""),
                "bounce_type": event.get("type", ""),
                "http_user_agent": event.get("useragent", ""),
                "mx_server": "",
            }
            for event in recipient.events
        ],
        "originating_ip": "198.51.100.1",
        "categories": mail.categories,
        "unique_args": recipient.custom_args,
        "outbound_ip": "198.51.100.17",
        "outbound_ip_type": "shared",
    }


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ROUTES = [
    Route("messages.list", "GET", "/v3/messages", _list, scope="messages.read"),
    Route("messages.get", "GET", "/v3/messages/([^/]+)", _get, scope="messages.read"),
]
