"""Listing messages: filters, and pages that visit each message once though new ones arrive meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from mock_providers.asgi import Form, field
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.routes.paging import envelope, page_number, page_size
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.message import API_VERSION, Message

_TOKEN = re.compile(r"PA[0-9a-f]{32}")
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def list_messages(account: TwilioAccount, query: Form) -> dict[str, Any]:
    """One page, newest first. A page token names the message after which its page begins."""
    size = page_size(query)
    page = page_number(query)
    token = field(query, "PageToken")
    if token and not _TOKEN.fullmatch(token):
        raise TwilioError(20001, "PageToken")
    before = int(token.removeprefix("PA"), base=16) if token else None
    selected = _selection(query)
    skip = 0 if token else page * size
    found: list[Message] = []
    more = False
    now = account.now()
    for message in account.newest_first(before=before):
        message.settle(now)
        if not selected(message):
            continue
        if skip:
            skip -= 1
        elif len(found) == size:
            more = True
            break
        else:
            found.append(message)
    path = f"/{API_VERSION}/Accounts/{account.name}/Messages.json"
    kept = "".join(f"&{quote(name)}={quote(field(query, name))}" for name in _FILTERS if field(query, name))
    items = [message.to_json() for message in found]
    following = f"PA{found[-1].number:032x}" if more else None
    return envelope(key="messages", items=items, path=path, page=page, size=size, kept=kept, token=following)


def _selection(query: Form) -> Callable[[Message], bool]:
    to, sender = field(query, "To"), field(query, "From")
    within = [_moment(query, name) for name in _FILTERS[2:]]
    on, until, since = within

    def selected(message: Message) -> bool:
        if (to and message.to != to) or (sender and message.from_ != sender):
            return False
        if on is until is since is None:
            return True
        sent = message.sent
        return (
            sent is not None
            and (on is None or on[0] <= sent < on[1])
            and (until is None or sent < until[1])
            and (since is None or sent >= since[0])
        )

    return selected


def _moment(query: Form, name: str) -> tuple[float, float] | None:
    """A date (the whole day, UTC) or a time (that second) as begin and end.

    The SDKs send a date as its midnight, so midnight is a date too.
    """
    given = field(query, name)
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise TwilioError(20001, name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    length = timedelta(days=1) if moment.time() == time.min else timedelta(seconds=1)
    return moment.timestamp(), moment.timestamp() + length.total_seconds()
