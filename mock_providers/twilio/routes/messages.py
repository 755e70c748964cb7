"""The Messages resource: create, fetch, list, update, delete, and the feedback on one."""

from __future__ import annotations

from mock_providers.asgi import Answer, field
from mock_providers.twilio.errors import JSON, TwilioError
from mock_providers.twilio.routes.create import create_message
from mock_providers.twilio.routes.listing import list_messages
from mock_providers.twilio.routes.visit import API, Route, Visit
from mock_providers.twilio.state.message import FINAL, Message, encode, message_json, rfc2822


def create(visit: Visit) -> Answer:
    account = visit.account
    message = create_message(account, visit.form)
    account.add(message)
    visit.webhooks.begin(account, message)
    return _shown(message, 201)


def _list(visit: Visit) -> Answer:
    return Answer(200, encode(list_messages(visit.account, visit.form)).encode(), [JSON])


def _fetch(visit: Visit) -> Answer:
    return _shown(find_message(visit), 200)


def _update(visit: Visit) -> Answer:
    message, account = find_message(visit), visit.account
    status, body = field(visit.form, "Status"), visit.form.get("Body")
    if (body is None) == (not status) or body or status not in {"", "canceled"}:
        raise TwilioError(30400, "give Body= to redact the message, or Status=canceled, not both")
    if status:
        if message.status not in {"scheduled", "accepted", "queued"}:
            raise TwilioError(30409)
        message.stop()
        message.move("canceled", now=account.now())
        visit.webhooks.tell(account, message, "canceled")
    elif message.status not in FINAL:
        raise TwilioError(20009)
    else:
        message.body = ""
        message.updated = account.now()
    return _shown(message, 200)


def _delete(visit: Visit) -> Answer:
    message = find_message(visit)
    if message.status not in FINAL:
        raise TwilioError(20009)
    visit.account.remove(message)
    return Answer(204, message=message.sid)


def _feedback(visit: Visit) -> Answer:
    message = find_message(visit)
    outcome = field(visit.form, "Outcome") or "unconfirmed"
    if outcome not in {"confirmed", "unconfirmed"}:
        raise TwilioError(20001, "Outcome must be confirmed or unconfirmed")
    now = rfc2822(visit.account.now())
    feedback = {
        "account_sid": visit.account.name,
        "date_created": now,
        "date_updated": now,
        "message_sid": message.sid,
        "outcome": outcome,
        "uri": f"{message.uri}/Feedback.json",
    }
    return Answer(200, encode(feedback).encode(), [JSON], message=message.sid)


def find_message(visit: Visit) -> Message:
    message = visit.account.message(visit.args[0])
    if message is None:
        raise TwilioError(20404, f"/2010-04-01/Accounts/{visit.account.name}/Messages/{visit.args[0]}.json")
    message.settle(visit.account.now())
    return message


def _shown(message: Message, status: int) -> Answer:
    return Answer(status, message_json(message).encode(), [JSON], message=message.sid)


_ALL, _ONE = rf"{API}/Messages(?:\.json)?", rf"{API}/Messages/([^/.]+)"

ROUTES = [
    Route("messages.create", "POST", _ALL, create),
    Route("messages.list", "GET", _ALL, _list),
    Route("messages.fetch", "GET", rf"{_ONE}(?:\.json)?", _fetch),
    Route("messages.update", "POST", rf"{_ONE}(?:\.json)?", _update),
    Route("messages.delete", "DELETE", rf"{_ONE}(?:\.json)?", _delete),
    Route("feedback.create", "POST", rf"{_ONE}/Feedback\.json", _feedback),
]
