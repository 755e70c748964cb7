"""Verifications as the control plane shows them: with their codes, and also those that are over."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mock_providers.control.answers import answer
from mock_providers.control.twilio import twilio_account
from mock_providers.world import World


async def list_verifications(world: World, request: Request) -> Response:
    """The account's verifications, oldest first; `to` and `service` narrow them."""
    account = twilio_account(world, request)
    to, service, now = request.query_params.get("to"), request.query_params.get("service"), account.now()
    if to is not None and to.startswith(" "):
        to = f"+{to[1:]}"  # a plus that was not percent-encoded arrives as a space
    found = [
        {**one.common(now), "code": one.code, "sends": len(one.sends), "checks": one.checks}
        for one in account.verify.verifications.values()
        if to in (None, one.to) and service in (None, one.service_sid)
    ]
    return answer({"verifications": found})
