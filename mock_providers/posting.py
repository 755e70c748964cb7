"""The HTTP client by which webhooks reach the stack."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from mock_providers import redact

if TYPE_CHECKING:
    import aiohttp

TIMEOUT_S = 15.0
REPLY_LIMIT = 64 * 1024


class Poster:
    """Posts to receivers; made at the first delivery, since importing what it needs takes time."""

    def __init__(self) -> None:
        self._kept_alive: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: dict[str, str],
        connected: Callable[[], Awaitable[None]],
        patience_s: float | None = None,
    ) -> tuple[int | None, str | None, str]:
        """The receiver's status, or why there is none, and the beginning of what it said.

        `connected` is awaited between having the connection and writing the request. With `patience_s`, the seconds
        that this may take, the connection is a new one: the receiver could close an idle one meanwhile.
        """
        import aiohttp
        import yarl

        session = self._session(fresh=patience_s is not None)
        within = TIMEOUT_S + (patience_s or 0.0)
        try:
            # the URL goes out exactly as it was signed
            async with session.post(
                yarl.URL(url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=within),
                trace_request_ctx=connected,
            ) as response:
                reply = await response.content.read(REPLY_LIMIT)
                return response.status, None, reply.decode("utf-8", "replace")
        except TimeoutError:
            return None, f"no answer within {within:g} s", ""
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, redact.url(f"{type(error).__name__}: {error}"), ""

    async def close(self) -> None:
        for session in (self._kept_alive, self._fresh):
            if session is not None:
                await session.close()

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        import aiohttp

        if fresh:
            if self._fresh is None:
                self._fresh = _make(aiohttp.TCPConnector(limit=0, force_close=True))
            return self._fresh
        if self._kept_alive is None:
            self._kept_alive = _make(aiohttp.TCPConnector(limit=128, keepalive_timeout=2.0))
        return self._kept_alive


def _make(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    import aiohttp

    async def connected(_session: Any, context: Any, _params: Any) -> None:
        await context.trace_request_ctx()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(connected)
    return aiohttp.ClientSession(
        connector=connector,
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
        auto_decompress=False,
        trace_configs=[trace],
    )
