"""Puts the worker together and runs it. Whoever wants another part in its place makes it here."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from messaging_stack import database, queue
from messaging_stack.delivery import Deliverer
from messaging_stack.logs import get_logger
from messaging_stack.providers import http
from messaging_stack.providers.sendgrid import SendGridClient
from messaging_stack.providers.twilio import TwilioClient
from messaging_stack.publishing.presence import Presence
from messaging_stack.publishing.publisher import Publisher
from messaging_stack.publishing.relay import Relay
from messaging_stack.retry import RetryPolicy
from messaging_stack.worker.consumer import Consumer
from messaging_stack.worker.ledger import Acknowledger, Recorder
from messaging_stack.worker.processor import Processor
from messaging_stack.worker.worker import Worker

if TYPE_CHECKING:
    from messaging_stack.settings import Settings

log = get_logger()

APPLICATION_NAME = "messaging-worker"
RELAY_LAG_S = 1.0


def run(settings: Settings) -> None:
    """Runs a worker until SIGTERM or SIGINT."""
    import uvloop

    uvloop.run(_run(settings))


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.worker_metrics_port is not None:
        from prometheus_client import start_http_server

        start_http_server(settings.worker_metrics_port, addr=settings.host)
    pool = await database.open_pool(settings, application_name=APPLICATION_NAME, stop=stop)
    redis = queue.connect(settings, name=APPLICATION_NAME, timeout_s=5.0)
    blocking = queue.connect(
        settings, name=f"{APPLICATION_NAME}-read", timeout_s=settings.worker_block_ms / 1000 + 10, connections=1
    )
    client = http.open_client(settings)
    presence = Presence(settings, application_name=APPLICATION_NAME)
    publisher = Publisher(pool=pool, redis=redis, presence=presence)
    relay = Relay(pool=pool, publisher=publisher, lag_s=RELAY_LAG_S)
    processor = Processor(
        pool=pool,
        deliverer=Deliverer(
            providers={"twilio": TwilioClient(client, settings), "sendgrid": SendGridClient(client, settings)},
            retries=RetryPolicy(base_s=settings.retry_base_s, max_s=settings.retry_max_s),
        ),
        recorder=Recorder(pool=pool, stop=stop),
        acknowledger=Acknowledger(redis=redis, stop=stop),
        concurrency=settings.worker_concurrency,
        stop=stop,
    )
    worker = Worker(
        consumer=Consumer(
            redis=redis,
            blocking=blocking,
            name=settings.worker_name,
            block_ms=settings.worker_block_ms,
            claim_idle_ms=settings.worker_claim_idle_ms,
        ),
        processor=processor,
        batch=settings.worker_batch,
        upkeep_every_s=settings.worker_claim_idle_ms / 3000,
        shutdown_timeout_s=settings.shutdown_timeout_s,
        stop=stop,
    )
    try:
        await presence.start(on_notice=relay.wake)
        relay.start()
        log.info("Worker started", consumer=settings.worker_name, concurrency=settings.worker_concurrency)
        await worker.run()
        await relay.stop()
    finally:
        await presence.stop()
        await client.aclose()
        await blocking.aclose()
        await redis.aclose()
        pool.terminate()
        log.info("Worker stopped", consumer=settings.worker_name)
