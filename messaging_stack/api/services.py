"""What the API's endpoints work with, opened when the process starts and closed when it ends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from messaging_stack import database, queue
from messaging_stack.api.dispatch import Dispatcher, InlineDispatcher, QueueDispatcher
from messaging_stack.delivery import Deliverer
from messaging_stack.publishing.presence import Presence
from messaging_stack.publishing.publisher import Publisher
from messaging_stack.publishing.relay import Relay
from messaging_stack.retry import RetryPolicy
from messaging_stack.signatures import sendgrid_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from redis.asyncio import Redis
    from starlette.requests import Request

    from messaging_stack.settings import Settings

APPLICATION_NAME = "messaging-api"
_MOST_SENDS = 1000  # that may wait for Redis at once, each on a connection of its own; more are left to the relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything an endpoint may need."""

    settings: Settings
    pool: asyncpg.Pool
    redis: Redis
    dispatcher: Dispatcher
    sendgrid_key: EllipticCurvePublicKey | None


def services(request: Request) -> Services:
    """The services of the application that a request came to."""
    found: Services = request.app.state.services
    return found


@asynccontextmanager
async def open_services(settings: Settings, *, stop: asyncio.Event) -> AsyncIterator[Services]:
    """Opens all, waiting until PostgreSQL can be reached; raises Unavailable when `stop` is set before.

    Redis may come later: what is accepted meanwhile waits in the outbox.
    """
    key = sendgrid_key(settings.sendgrid_webhook_public_key) if settings.sendgrid_webhook_public_key else None
    pool = await database.open_pool(settings, application_name=APPLICATION_NAME, stop=stop)
    redis = queue.connect(
        settings, name=APPLICATION_NAME, timeout_s=settings.redis_publish_timeout_s, connections=_MOST_SENDS
    )
    try:
        async with _dispatcher(settings, pool=pool, redis=redis) as dispatcher:
            yield Services(settings=settings, pool=pool, redis=redis, dispatcher=dispatcher, sendgrid_key=key)
    finally:
        await redis.aclose()
        pool.terminate()


@asynccontextmanager
async def _dispatcher(settings: Settings, *, pool: asyncpg.Pool, redis: Redis) -> AsyncIterator[Dispatcher]:
    if settings.sync_message_processing:
        async with _inline(settings, pool=pool) as inline:
            yield inline
        return
    presence = Presence(settings, application_name=APPLICATION_NAME)
    publisher = Publisher(pool=pool, redis=redis, presence=presence)
    relay = Relay(pool=pool, publisher=publisher, lag_s=0.0)
    await presence.start(on_notice=relay.wake)
    relay.start()
    try:
        yield QueueDispatcher(pool=pool, publisher=publisher, relay=relay, max_retries=settings.max_retries)
    finally:
        await relay.stop()
        await presence.stop()


@asynccontextmanager
async def _inline(settings: Settings, *, pool: asyncpg.Pool) -> AsyncIterator[Dispatcher]:
    from messaging_stack.providers.http import open_client
    from messaging_stack.providers.sendgrid import SendGridClient
    from messaging_stack.providers.twilio import TwilioClient

    async with open_client(settings) as client:
        deliverer = Deliverer(
            providers={"twilio": TwilioClient(client, settings), "sendgrid": SendGridClient(client, settings)},
            retries=RetryPolicy(base_s=settings.retry_base_s, max_s=settings.retry_max_s),
        )
        yield InlineDispatcher(pool=pool, deliverer=deliverer)
