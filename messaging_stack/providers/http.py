"""The HTTP client that both providers share, and what its answers and failures mean."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx

from messaging_stack.errors import DeliveryError, PermanentDeliveryError, TransientDeliveryError

if TYPE_CHECKING:
    from messaging_stack.settings import Settings

_LONGEST_RETRY_AFTER_S = 86_400.0
_LONGEST_ERROR = 500
_PASSING = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)
"""Client errors that say nothing of the message itself."""


def open_client(settings: Settings) -> httpx.AsyncClient:
    """A client for many requests at once.

    httpx's own transport collapses under concurrency; aiohttp's below it doesn't.
    """
    from httpx_aiohttp import AiohttpTransport

    limits = httpx.Limits(
        # more than calls can be under way, so that none waits for a connection while its time runs
        max_connections=settings.worker_concurrency + 3 * settings.worker_batch,
        keepalive_expiry=4.0,  # below the usual 5 s of servers, so that we rarely write into a closing connection
    )
    return httpx.AsyncClient(
        transport=AiohttpTransport(
            limits=limits, trust_env=False, verify=provider_tls(settings.twilio_base_url, settings.sendgrid_base_url)
        ),
        timeout=None,  # noqa: S113  # reason: Endpoint.post bounds the whole call
        trust_env=False,
    )


def provider_tls(*urls: str) -> ssl.SSLContext:
    """What a client of all of them verifies with; the authorities (40 ms) are read only where one of them needs it."""
    if all(url.lower().startswith("http:") for url in urls):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    return httpx.create_ssl_context(trust_env=False)


class Endpoint:
    """One URL of a provider, with what every request to it has in common.

    That is parsed and encoded once: it is most of what httpx would do for each request.
    """

    def __init__(self, client: httpx.AsyncClient, url: str, *, headers: dict[str, str], timeout_s: float) -> None:
        self._client = client
        self._url = httpx.URL(url)
        self._headers = httpx.Headers(headers)
        self._timeout_s = timeout_s

    async def post(self, content: bytes) -> httpx.Response:
        """Posts; a request that didn't get through, or whose answer was lost, is a TransientDeliveryError."""
        request = httpx.Request("POST", self._url, headers=self._headers, content=content)
        try:
            # reason: one deadline for all of the call; per read, an answer that trickles would never be late
            async with asyncio.timeout(self._timeout_s):
                return await self._client.send(request)
        except TimeoutError as error:
            raise TransientDeliveryError(f"no answer from the provider within {self._timeout_s:g} s") from error
        except (httpx.RequestError, aiohttp.ClientError) as error:
            # The transport's own words for a refused connection, a lost one and a garbled answer hardly differ.
            text = f"no answer from the provider: {str(error) or type(error).__name__}"
            raise TransientDeliveryError(text[:_LONGEST_ERROR]) from error


def refusal(response: httpx.Response, *, message: str, code: int | str | None) -> DeliveryError:
    """The error that an answer other than 2xx means."""
    status = response.status_code
    text = f"HTTP {status}" + (f", code {code}" if code is not None else "") + f": {message}"[:_LONGEST_ERROR]
    if status in _PASSING or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return TransientDeliveryError(text, code=code, http_status=status, retry_after_s=retry_after(response))
    return PermanentDeliveryError(text, code=code, http_status=status)


def not_understood(response: httpx.Response, *, title: str) -> TransientDeliveryError:
    """What a 2xx is that isn't the provider's answer, such as a proxy's page: nobody says that it has the message."""
    text = f"HTTP {response.status_code}, which isn't an answer of {title}'s: {response.text[:100]!r}"
    return TransientDeliveryError(text[:_LONGEST_ERROR], http_status=response.status_code)


def retry_after(response: httpx.Response, *, now: datetime | None = None) -> float | None:
    """Seconds that the Retry-After header asks to wait (it may be a number or a date), at most a day."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal() and value.isascii():
        seconds = float(value[:9])
    else:
        try:
            seconds = (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object, or an empty one when it holds none."""
    try:
        value = response.json()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
