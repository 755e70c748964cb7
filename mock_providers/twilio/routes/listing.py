"""Listing messages: filters, and pages that visit each message once though new ones arrive meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from mock_providers.asgi import Form, field
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.routes.dates import span
from mock_providers.twilio.routes.paging import envelope, page_number, page_size
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.message import API_VERSION, Message

_TOKEN = re.compile(r"P([AB])([0-9a-f]{32})")
_FILTERS = ("To", "From", "DateSent", "DateSent<", "DateSent>")


def list_messages(account: TwilioAccount, query: Form) -> dict[str, Any]:
    """One page, newest first.

    A page token names the message that its page comes after (`PA…`, older ones) or before (`PB…`, newer ones), so a
    page stands still, in both directions, while messages arrive.
    """
    size, page = page_size(query), page_number(query)
    given = field(query, "PageToken")
    token = _TOKEN.fullmatch(given)
    if given and token is None:
        raise TwilioError(20001, "PageToken")
    at = int(token[2], base=16) if token is not None else None
    selected = _selection(query)
    if token is not None and at is not None and token[1] == "B":
        found = list(_take(account.oldest_first(after=at), account.now(), selected, most=size))[::-1]
        more = any(_take(account.newest_first(before=at + 1), account.now(), selected, most=1))
    else:
        skipped = 0 if token is not None else page * size
        found = list(_take(account.newest_first(before=at), account.now(), selected, most=skipped + size + 1))
        found = found[skipped:]
        more = len(found) > size
        del found[size:]
    return envelope(
        key="messages",
        items=[message.to_json() for message in found],
        path=f"/{API_VERSION}/Accounts/{account.name}/Messages.json",
        page=page,
        size=size,
        kept="".join(f"&{quote(name)}={quote(field(query, name))}" for name in _FILTERS if field(query, name)),
        token=f"PA{found[-1].number:032x}" if found and more else None,
        back=f"PB{found[0].number:032x}" if found else None,
    )


def _take(
    messages: Iterator[Message], now: float, selected: Callable[[Message], bool], *, most: int
) -> Iterator[Message]:
    for message in messages:
        message.settle(now)
        if selected(message):
            yield message
            most -= 1
            if not most:
                return


def _selection(query: Form) -> Callable[[Message], bool]:
    to, sender = field(query, "To"), field(query, "From")
    on, until, since = (span(field(query, name)) if field(query, name) else None for name in _FILTERS[2:])

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
