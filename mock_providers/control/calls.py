"""What happened: queries over the journal, and following it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mock_providers.asgi import Receive, Scope, Send
from mock_providers.clock import elapse
from mock_providers.control.answers import answer, refusal
from mock_providers.errors import ControlError
from mock_providers.journal import Filter
from mock_providers.journal.follow import follow
from mock_providers.journal.wait import wait_for
from mock_providers.world import World

LIMIT = 1000
LARGEST_LIMIT = 10_000


PAUSE_EVERY = 2000
"""Entries looked at between two moments for other requests."""


async def list_calls(world: World, request: Request) -> Response:
    """Entries that match, oldest first (or `order=desc`); `next` is the cursor for the rest, or null.

    Where the journal isn't whole, `journal` says what is wrong with it.
    With `answers=true` every call and webhook carries its answer.
    """
    query = request.query_params
    selection = Filter.from_query(query)
    limit = cursor(query.get("limit"), name="limit", default=LIMIT)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise ControlError(f"limit must be 1 to {LARGEST_LIMIT}, saw {limit}", hint="page with after=next")
    if query.get("order") == "desc":
        entries_read = world.journal.read_back(selection, before=cursor(query.get("before"), default=10**18))
    else:
        entries_read = world.journal.read(selection, after=cursor(query.get("after")))
    entries: list[dict[str, Any]] = []
    following = None
    for looked, (_, entry) in enumerate(entries_read, 1):
        if looked % PAUSE_EVERY == 0:
            await elapse(0)
        if entry is None:
            continue
        if len(entries) == limit:
            following = entries[-1]["seq"]
            break
        entries.append(entry)
    if query.get("answers") == "true":
        for entry in entries:
            entry["answer"] = world.journal.answer_to(entry["seq"])
    condition = world.journal.condition
    told = {} if condition.whole else {"journal": condition.to_json()}
    return answer({"entries": entries, "seq": world.journal.visible, "next": following, **told})


LONGEST_WAIT_S = 300.0


async def wait(world: World, request: Request) -> Response:
    """Answers when enough entries match, or at the deadline, with the nearest misses and how they differ."""
    query = request.query_params
    count = cursor(query.get("count"), name="count", default=1)
    if not 1 <= count <= LARGEST_LIMIT:
        raise ControlError(f"count must be 1 to {LARGEST_LIMIT}, saw {count}", hint="wait more than once")
    result = await wait_for(
        world.journal,
        Filter.from_query(query),
        count=count,
        after=cursor(query.get("after")),
        within=seconds(query.get("within")),
        closing=lambda: world.closing,
    )
    return answer(result)


def seconds(text: str | None) -> float:
    """How long a request may wait."""
    try:
        within = float(text or 10.0)
    except ValueError:
        within = -1.0
    if not 0 <= within <= LONGEST_WAIT_S:
        raise ControlError(f"within must be 0 to {LONGEST_WAIT_S:g} seconds", hint="wait more than once")
    return within


class Follow:
    """`GET /_mock/follow`, on bare ASGI: it answers for as long as the client listens."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            selection = Filter.from_query(request.query_params)
            # a client that lost its connection says where it was in Last-Event-ID
            after = cursor(request.headers.get("last-event-id") or request.query_params.get("after"))
        except ControlError as error:
            await refusal(str(error), hint=error.hint, status=error.status)(scope, receive, send)
            return
        world = self._world
        await follow(world.journal, selection, after=after, closing=lambda: world.closing, receive=receive, send=send)


def cursor(text: str | None, *, name: str = "after", default: int = 0) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ControlError(f"{name} must be a whole number, saw {text[:40]!r}", hint=f"give {name} as digits")
    return int(text)
