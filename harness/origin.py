"""Redirects are followed to the server that was asked, and to no other: what the profile tells the one is a secret."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx


def at_home(url: str) -> dict[str, list[Callable[[httpx.Request], Awaitable[None]]]]:
    """Event hooks for an `httpx.AsyncClient` that follows redirects from `url`; a request elsewhere isn't sent.

    It raises httpx.RemoteProtocolError instead, which names where it would have gone.
    """
    home = origin(httpx.URL(url))

    async def stay(request: httpx.Request) -> None:
        if origin(request.url) != home:
            where = request.url.copy_with(query=None)
            raise httpx.RemoteProtocolError(f"redirected to another server, {where}, which isn't asked")

    return {"request": [stay]}


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL."""
    return url.scheme, url.host, url.port
