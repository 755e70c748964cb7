"""Verified senders: made, changed, deleted; verified by the link's token or over the control plane.

Members and limits: the vendor's OpenAPI file, which gives no words for its errors but their shape (with `error_id`).
"""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer, field
from mock_providers.sendgrid.routes.visit import PlainError, Route, Visit, shown
from mock_providers.sendgrid.rules import is_address
from mock_providers.sendgrid.state.senders import LENGTHS, MOST_SENDERS, Sender

_REQUIRED = ("nickname", "from_email", "reply_to")


def _create(visit: Visit) -> Answer:
    members, account = _members(visit), visit.account
    for name in _REQUIRED:
        if not members.get(name):
            raise _refused("missing required field", name)
    if account.senders.of(members["from_email"]) is not None:
        raise _refused("already exists", "from_email")
    if len(account.senders) >= MOST_SENDERS:
        raise _refused(f"no more than {MOST_SENDERS} verified senders are allowed", "from_email")
    sender = account.senders.add(members, token=account.token(24))
    return shown(sender.to_json(), 201)


def _list(visit: Visit) -> Answer:
    seen, wanted = visit.number("lastSeenID", 0), field(visit.query, "id")
    found = [one.to_json() for one in visit.account.senders if one.id > seen and wanted in {"", str(one.id)}]
    return shown({"results": found[: visit.number("limit", MOST_SENDERS)]})


def _update(visit: Visit) -> Answer:
    sender, members = _sender(visit), _members(visit)
    for name in _REQUIRED:
        if name in members and not members[name]:
            raise _refused("missing required field", name)
    other = visit.account.senders.of(members.get("from_email", ""))
    if other not in {None, sender}:
        raise _refused("already exists", "from_email")
    if members.get("from_email", sender.members["from_email"]).lower() != sender.members["from_email"].lower():
        # another address has another owner, who hasn't followed a link
        sender.verified, sender.token = False, visit.account.token(24)
    sender.members |= members
    return shown(sender.to_json())


def _delete(visit: Visit) -> Answer:
    visit.account.senders.delete(_sender(visit))
    return Answer(204)


def _resend(visit: Visit) -> Answer:
    sender = _sender(visit)
    if sender.verified:
        raise PlainError(400, "already verified", error_id="already_verified")
    sender.token = visit.account.token(24)
    return Answer(204)


def _verify(visit: Visit) -> Answer:
    sender = visit.account.senders.with_token(visit.args[0])
    if sender is None:
        raise _missing()
    sender.verified = True
    return Answer(204)


def _domains(_: Visit) -> Answer:
    # the vendor's own example: its list is long, and changes
    return shown({"results": {"soft_failures": ["gmail.com"], "hard_failures": ["yahoo.com"]}})


def _steps(visit: Visit) -> Answer:
    configured = visit.account.settings.verified_senders
    return shown(
        {
            "results": {
                "sender_verified": any(one.verified for one in visit.account.senders)
                or any("@" in one for one in configured),
                "domain_verified": any("@" not in one for one in configured),
            }
        }
    )


def _sender(visit: Visit) -> Sender:
    sender = visit.account.senders.get(int(visit.args[0]))
    if sender is None:
        raise _missing()
    return sender


def _members(visit: Visit) -> dict[str, str]:
    """What the body gives of a sender; other members are ignored, as the vendor's answers ignore them."""
    members: dict[str, str] = {}
    body: dict[str, Any] = visit.body()
    for name, longest in LENGTHS.items():
        if name not in body:
            continue
        value = body[name]
        if not isinstance(value, str):
            raise _refused("must be a string", name)
        if len(value) > longest:
            raise _refused(f"must be at most {longest} characters", name)
        if name in {"from_email", "reply_to"} and value and not is_address(value):
            raise _refused("must be a valid email address", name)
        members[name] = value
    return members


def _refused(message: str, name: str) -> PlainError:
    return PlainError(400, message, field=name, error_id=message.replace(" ", "_"))


def _missing() -> PlainError:
    return PlainError(404, "resource not found", error_id="not_found")


_ALL = "/v3/verified_senders"
_ONE = rf"{_ALL}/(\d{{1,12}})"
# the vendor names no scope for these; its own page has them with Sender Authentication, which is this one
_SCOPE = "whitelabel"

ROUTES = [
    Route("verified_senders.create", "POST", _ALL, _create, scope=f"{_SCOPE}.create"),
    Route("verified_senders.list", "GET", _ALL, _list, scope=f"{_SCOPE}.read"),
    Route("verified_senders.domains", "GET", f"{_ALL}/domains", _domains, scope=f"{_SCOPE}.read"),
    Route("verified_senders.steps", "GET", f"{_ALL}/steps_completed", _steps, scope=f"{_SCOPE}.read"),
    Route("verified_senders.resend", "POST", rf"{_ALL}/resend/(\d{{1,12}})", _resend, scope=f"{_SCOPE}.update"),
    Route("verified_senders.verify", "GET", f"{_ALL}/verify/([^/]+)", _verify, scope=f"{_SCOPE}.update"),
    Route("verified_senders.update", "PATCH", _ONE, _update, scope=f"{_SCOPE}.update"),
    Route("verified_senders.delete", "DELETE", _ONE, _delete, scope=f"{_SCOPE}.delete"),
]
