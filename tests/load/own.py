"""The small stack behind an API of its own words: forms, a key, a redirect, an id in a header, and a rate limiter.

`python -m tests.load.own`; the worker and the table are `tests.quality.right.small`'s.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

from aiohttp import web

from tests.quality.right.small import Api

KEY = "sesame"


class Limiter:
    """Lets so many sends through at once, and as many again each second."""

    def __init__(self, per_second: float) -> None:
        self._most = self._left = per_second
        self._at = time.monotonic()

    def lets_through(self) -> bool:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._most)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Own(Api):
    """POST /notes with a form; the answer is empty, and its Location ends in the id."""

    limiter = Limiter(float(os.environ.get("OWN_LIMIT", "inf")))
    slow = float(os.environ.get("OWN_SLOW", "0"))
    """Seconds for which each send is thought about."""

    async def open(self) -> None:
        await self.connect()
        await self.serve(
            web.post("/notes", self.elsewhere),
            web.post("/notes/", self.take),
            web.get("/notes/{no}", self.show),
            web.post("/heard", self.hear),
            web.get("/healthy", self.healthy),
        )

    async def elsewhere(self, request: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect("/notes/")

    async def take(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Key") != KEY:
            return web.Response(status=401, text="who are you?")
        if request.content_type != "application/x-www-form-urlencoded":
            return web.Response(status=415, text="forms only")
        if not self.limiter.lets_through():
            return web.Response(status=429, headers={"Retry-After": "1"}, text="slowly")
        await asyncio.sleep(self.slow)  # reason: an API that is slow, and not busy
        form = await request.post()
        insert = "INSERT INTO outbound (phone, words) VALUES ($1, $2) RETURNING no"
        no = await self.pool.fetchval(insert, form["Phone"], form["Note"])
        await self.queue(no)
        return web.Response(status=202, headers={"Location": f"/notes/{no}"})

    async def hear(self, request: web.Request) -> web.Response:
        """A reply, in this stack's own names."""
        came = await request.json()
        insert = "INSERT INTO outbound (phone, words, state, queued) VALUES ($1, $2, 'heard', true)"
        await self.pool.execute(insert, came["who"], came["what"]["text"])
        return web.Response(status=204)


async def main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Own().open()
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
