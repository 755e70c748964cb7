"""The routes of the control plane."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mock_providers.control import (
    accounts,
    bodies,
    calls,
    disturb,
    openapi,
    page,
    records,
    sendgrid,
    twilio,
    verifications,
    whatsapp,
)
from mock_providers.control.answers import answer, guarded, refusal
from mock_providers.control.guard import UNKNOWN, Guard
from mock_providers.world import World

View = Callable[[World, Request], Awaitable[Response]]


async def health(world: World, request: Request) -> Response:
    """Whether it serves, where the record ends and how it is, and the time here (the clock of the entries' `at`)."""
    failure = world.journal.failure
    told = {"seq": world.journal.visible, "in_flight": world.exchange.in_flight, "now": time.time()}
    record = {**world.journal.condition.to_json(), "failure": None if failure is None else str(failure)}
    # files and what is wrong with them are nothing for who only asks whether it is well
    more = {} if request.scope.get(UNKNOWN) else {"journal": record}
    return answer({"status": "ok" if failure is None else "failing", **told, **more})


async def unsupported(world: World, _: Request) -> Response:
    """Operations of the vendors that were asked for and aren't here."""
    return answer({"unsupported": world.unsupported.to_json()})


async def metrics(world: World, _: Request) -> Response:
    store = world.journal.store
    text = world.exchange.metrics.text(
        entries=len(store), seq=world.journal.visible, size=store.size, in_flight=world.exchange.in_flight
    )
    return Response(text, media_type="text/plain; version=0.0.4")


async def document(_: World, __: Request) -> Response:
    return answer(openapi.document([(method, path) for method, path, _ in ROUTES]))


async def docs(_: World, __: Request) -> Response:
    styled = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
    return HTMLResponse(openapi.page([(method, path) for method, path, _ in ROUTES]), headers=styled)


ROUTES: list[tuple[str, str, View]] = [
    ("GET", "/_mock/health", health),
    ("GET", "/_mock/calls", calls.list_calls),
    ("GET", "/_mock/wait", calls.wait),
    ("GET", "/_mock/calls/{call}/rendered", bodies.rendered),
    ("GET", "/_mock/calls/{call}/body", bodies.body),
    ("GET", "/_mock/calls/{call}/attachments/{n}", bodies.attachment),
    ("GET", "/_mock/faults", disturb.list_faults),
    ("POST", "/_mock/faults", disturb.add_fault),
    ("DELETE", "/_mock/faults", disturb.clear_faults),
    ("DELETE", "/_mock/faults/{id}", disturb.remove_fault),
    ("GET", "/_mock/gates", disturb.list_gates),
    ("POST", "/_mock/gates", disturb.add_gate),
    ("GET", "/_mock/gates/{id}", disturb.get_gate),
    ("DELETE", "/_mock/gates/{id}", disturb.open_gate),
    ("POST", "/_mock/reset", accounts.reset),
    ("GET", "/_mock/accounts", accounts.list_accounts),
    ("POST", "/_mock/accounts", accounts.add_account),
    ("GET", "/_mock/accounts/{provider}/{account}", accounts.get_account),
    ("PATCH", "/_mock/accounts/{provider}/{account}", accounts.change_account),
    ("POST", "/_mock/twilio/{account}/messages/{sid}/status", twilio.set_status),
    ("POST", "/_mock/twilio/{account}/inbound", twilio.inbound),
    ("GET", "/_mock/twilio/{account}/whatsapp", whatsapp.list_windows),
    ("POST", "/_mock/twilio/{account}/whatsapp", whatsapp.set_window),
    ("GET", "/_mock/twilio/{account}/contents", whatsapp.list_contents),
    ("POST", "/_mock/twilio/{account}/contents/{sid}/approval", whatsapp.set_approval),
    ("GET", "/_mock/twilio/{account}/verifications", verifications.list_verifications),
    ("POST", "/_mock/sendgrid/{account}/events", sendgrid.events),
    ("POST", "/_mock/sendgrid/{account}/inbound", sendgrid.inbound),
    ("POST", "/_mock/sendgrid/{account}/suppressions", sendgrid.suppress),
    ("GET", "/_mock/sendgrid/{account}/resources", sendgrid.resources),
    ("POST", "/_mock/sendgrid/{account}/verified_senders/{id}/verify", sendgrid.verify_sender),
    ("GET", "/_mock/segments", bodies.segments),
    ("GET", "/_mock/unsupported", unsupported),
    ("GET", "/_mock/export", records.export),
    ("POST", "/_mock/replay", records.replay),
    ("GET", "/_mock/openapi.json", document),
    ("GET", "/_mock/docs", docs),
    ("GET", "/health", health),
    ("GET", "/metrics", metrics),
]


def control_app(world: World) -> ASGIApp:
    routes = [Route("/_mock/follow", calls.Follow(world)), *page.ROUTES]
    by_path: dict[str, dict[str, View]] = {}
    for method, path, view in ROUTES:
        by_path.setdefault(path, {})[method] = view
    for path, views in by_path.items():
        routes += [Route(path, guarded(partial(view, world)), methods=[method]) for method, view in views.items()]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})
    return Guard(app, token=world.config.token, hosts=world.config.hosts)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # reason: registered for this class only
    hint = "the control plane is under /_mock, Twilio under /2010-04-01, SendGrid under /v3"
    return refusal(f"{request.method} {request.url.path}: {error.detail}", hint=hint, status=error.status_code)
