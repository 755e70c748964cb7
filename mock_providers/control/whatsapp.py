"""WhatsApp's side of an account: the windows that are open, and what is said of templates."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mock_providers.checked import Checked
from mock_providers.control.answers import answer, body_of
from mock_providers.control.twilio import twilio_account
from mock_providers.errors import ControlError
from mock_providers.twilio.state.content import CATEGORIES, Approval
from mock_providers.twilio.state.whatsapp import channel
from mock_providers.world import World

STATUSES = ("pending", "approved", "rejected", "paused", "disabled")


async def list_windows(world: World, request: Request) -> Response:
    account = twilio_account(world, request)
    return answer({"windows": account.whatsapp.to_json(now=account.now())})


async def set_window(world: World, request: Request) -> Response:
    """Opens a window as if the person had written now, or closes it."""
    account = twilio_account(world, request)
    given = Checked(await body_of(request), where="whatsapp")
    sender, user = channel(given.text("sender")), channel(given.text("user"))
    opened = given.flag("open", True)
    given.done()
    if opened:
        account.whatsapp.heard(sender, user, at=account.now())
    else:
        account.whatsapp.close(sender, user)
    return await list_windows(world, request)


async def list_contents(world: World, request: Request) -> Response:
    account, base = twilio_account(world, request), str(request.base_url).rstrip("/")
    shown = [
        {**one.to_json(base), "approval": None if one.approval is None else one.approval.to_json()}
        for one in account.contents.values()
    ]
    return answer({"contents": shown})


async def set_approval(world: World, request: Request) -> Response:
    """What WhatsApp says of a template from now on, whether it was handed in or not."""
    content = twilio_account(world, request).contents.get(request.path_params["sid"])
    if content is None:
        raise ControlError("there is no such template in this account", hint="GET …/contents lists them", status=404)
    given = Checked(await body_of(request), where="approval")
    status, reason = given.text("status"), given.text("rejection_reason", "")
    given.done()
    if status not in STATUSES:
        raise given.wrong("status", f"one of {', '.join(STATUSES)}", status)
    if content.approval is None:
        content.approval = Approval(
            name=content.friendly_name or content.sid, category=CATEGORIES[0], content_type=content.content_type
        )
    content.approval.status, content.approval.rejection_reason = status, reason
    return answer(content.approval.to_json())
