"""Batch ids, and pausing or cancelling the scheduled sends of a batch."""

from __future__ import annotations

from typing import Any

from mock_providers.asgi import Answer
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, not_found, shown


def _create(visit: Visit) -> Answer:
    batch_id = visit.account.token(36)
    visit.account.batches.add(batch_id)
    return shown({"batch_id": batch_id}, 201)


def _validate(visit: Visit) -> Answer:
    if visit.args[0] not in visit.account.batches:
        raise SendGridError(400, Problem("invalid batch id", "batch_id"))
    return shown({"batch_id": visit.args[0]})


def _add(visit: Visit) -> Answer:
    batch_id, status = visit.text("batch_id"), _status(visit)
    if batch_id not in visit.account.batches:
        raise SendGridError(400, Problem("invalid batch id", "batch_id"))
    if batch_id in visit.account.stopped:
        raise SendGridError(400, Problem("a status for this batch id exists, try PATCH to update the status"))
    visit.account.stopped[batch_id] = status
    return shown(_json(batch_id, status), 201)


def _list(visit: Visit) -> Answer:
    return shown([_json(*item) for item in visit.account.stopped.items()])


def _get(visit: Visit) -> Answer:
    status = visit.account.stopped.get(visit.args[0])
    return shown([] if status is None else [_json(visit.args[0], status)])


def _update(visit: Visit) -> Answer:
    if visit.args[0] not in visit.account.stopped:
        raise not_found("batch id")
    visit.account.stopped[visit.args[0]] = _status(visit)
    return Answer(204)


def _delete(visit: Visit) -> Answer:
    if visit.account.stopped.pop(visit.args[0], None) is None:
        raise not_found("batch id")
    return Answer(204)


def _status(visit: Visit) -> str:
    status = visit.text("status")
    if status not in {"pause", "cancel"}:
        raise SendGridError(400, Problem("status must be either cancel or pause", "status"))
    return status


def _json(batch_id: str, status: str) -> dict[str, Any]:
    return {"batch_id": batch_id, "status": status}


_SENDS, _ONE = "/v3/user/scheduled_sends", "/v3/user/scheduled_sends/([^/]+)"

ROUTES = [
    Route("mail.batch.create", "POST", "/v3/mail/batch", _create, scope="mail.batch.create"),
    Route("mail.batch.validate", "GET", "/v3/mail/batch/([^/]+)", _validate, scope="mail.batch.read"),
    Route("scheduled_sends.create", "POST", _SENDS, _add, scope="user.scheduled_sends.create"),
    Route("scheduled_sends.list", "GET", _SENDS, _list, scope="user.scheduled_sends.read"),
    Route("scheduled_sends.get", "GET", _ONE, _get, scope="user.scheduled_sends.read"),
    Route("scheduled_sends.update", "PATCH", _ONE, _update, scope="user.scheduled_sends.update"),
    Route("scheduled_sends.delete", "DELETE", _ONE, _delete, scope="user.scheduled_sends.delete"),
]
