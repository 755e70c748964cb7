"""What the API lists: messages page by page, and those of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import quote

from harness.history import Event
from harness.profile.pointers import plain, pointed
from harness.scenario.replies import addresses_in, body
from harness.scenario.stack import Stack

MOST_PAGES = 400


def pages_of(
    stack: Stack, *, size: int, wanted: Collection[str], between: Callable[[], None] = lambda: None
) -> tuple[list[list[str]], list[Event]]:
    """The ids on each page of the list of messages, with the events of the answers.

    It is read on until all that are wanted were seen, and one page more; `between` is called after each page.
    """
    way = stack.profile.listing
    pages: list[list[str]] = []
    evidence: list[Event] = []
    left, more = set(wanted), 1
    while len(pages) < MOST_PAGES and (left or more):
        more -= not left
        params = {way.limit: size, way.offset: size * len(pages)}
        answer = stack.api_client.request("GET", way.path, operation="list", params=params)
        evidence.append(stack.history.events("api.answered")[-1])
        rows = pointed(answer["body"], way.items) if way.items else answer["body"]
        if answer["status"] != 200 or not isinstance(rows, list) or not rows:
            break
        pages.append(ids_in(rows, way.id))
        if pages[-1:] == pages[-2:-1]:
            break  # the list doesn't know what it is asked by
        left -= set(pages[-1])
        between()
    return pages, evidence


def conversation_ids(stack: Stack, address: str) -> tuple[list[str], Event]:
    """The ids of the messages of an address's conversation, as they are listed, with the event of the answer."""
    way = stack.profile.conversations
    page = body(stack, way.path, way, operation="conversations")
    rows = pointed(page, way.items) if way.items else page
    mine = [row for row in rows or [] if isinstance(row, dict) and address in addresses_in(row, way)]
    name = plain(pointed(mine[0], way.id)) if mine else None
    if name is None or not way.messages:
        return [], stack.history.events("api.answered")[-1]
    found = body(stack, way.messages.replace("{id}", quote(name, safe="")), way, operation="messages of it")
    held = pointed(found, way.held) if way.held else found
    return ids_in(held if isinstance(held, list) else [], way.message_id), stack.history.events("api.answered")[-1]


def ids_in(rows: list[Any], where: str) -> list[str]:
    return [name for row in rows if (name := plain(pointed(row, where))) is not None]
