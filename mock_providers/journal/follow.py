"""Following the journal as server-sent events: from a cursor, nothing missed, nothing repeated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from mock_providers.asgi import Receive, Send, client_gone
from mock_providers.journal.filter import Filter
from mock_providers.journal.journal import Journal

SLICE = 500
"""Entries looked at before a follower lets others go on."""

HEARTBEAT_S = 15.0


async def follow(
    journal: Journal,
    selection: Filter,
    *,
    after: int,
    closing: Callable[[], bool],
    receive: Receive,
    send: Send,
) -> None:
    """Sends the entries after the cursor, then each new one, until the client leaves or the server closes."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": b": following\nretry: 200\n\n", "more_body": True})
    gone = asyncio.ensure_future(client_gone(receive))
    try:
        with journal.watch(selection.account) as news:
            gone.add_done_callback(lambda _: news.set())
            while not gone.done() and not closing():
                news.clear()
                after, body, more = _slice(journal, selection, after)
                if body:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                if more:
                    continue
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await news.wait()
                except TimeoutError:
                    await send({"type": "http.response.body", "body": b": alive\n\n", "more_body": True})
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()


def _slice(journal: Journal, selection: Filter, after: int) -> tuple[int, bytes, bool]:
    """The next events after the cursor, the cursor after them, and whether there may be more.

    Where the last ones have nothing to show (forgotten, or not selected), an `id` alone says that they were passed.
    """
    parts: list[str] = []
    for looked, (seq, entry) in enumerate(journal.read(selection, after=after), 1):
        after = seq
        if entry is not None:
            parts.append(f"id: {seq}\ndata: {json.dumps(entry, separators=(',', ':'))}\n\n")
        if looked == SLICE:
            return after, "".join(parts).encode(), True
    if after < journal.visible:
        after = journal.visible
        parts.append(f"id: {after}\n\n")
    return after, "".join(parts).encode(), False
