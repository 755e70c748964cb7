"""A relay that is a process of its own: takes intents from the outbox and puts them on their streams."""

from __future__ import annotations

import asyncio
import signal

from messaging_stack import database, queue
from messaging_stack.logs import configure_logs
from messaging_stack.publishing.presence import Presence
from messaging_stack.publishing.publisher import Publisher
from messaging_stack.publishing.relay import Relay
from messaging_stack.settings import load_settings

NAME = "messaging-relay"


async def run() -> None:
    settings = load_settings()
    configure_logs(level=settings.log_level, process=NAME)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    pool = await database.open_pool(settings, application_name=NAME, stop=stop)
    redis = queue.connect(settings, name=NAME, timeout_s=5.0)
    presence = Presence(settings, application_name=NAME)
    relay = Relay(pool=pool, publisher=Publisher(pool=pool, redis=redis, presence=presence), lag_s=0.0)
    await presence.start(on_notice=relay.wake)
    relay.start()
    look = asyncio.create_task(often(relay))
    await stop.wait()
    look.cancel()
    await relay.stop()
    await presence.stop()
    await redis.aclose()
    pool.terminate()


async def often(relay: Relay) -> None:
    """Nobody tells a relay of its own what was stored; it looks."""
    while True:
        await asyncio.sleep(0.02)  # reason: polling is what this relay is there to show
        relay.wake()


if __name__ == "__main__":
    asyncio.run(run())
