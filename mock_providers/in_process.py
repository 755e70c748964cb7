"""The mocks without a socket: as an httpx transport, or behind respx routes.

```python
async with in_process() as mocks:
    account = await mocks.twilio()
    async with httpx.AsyncClient(transport=mocks.transport, base_url="https://api.twilio.com") as client:
        ...
```
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from mock_providers.client.asynchronous import AsyncMockProviders

if TYPE_CHECKING:
    import respx

    from mock_providers.config import Config

HOSTS = (
    *(f"{name}.twilio.com" for name in ("api", "messaging", "content", "verify", "lookups")),
    "api.sendgrid.com",
)


HOST = "mocks"
"""What the server is called where no socket leads to it."""


class InProcess(AsyncMockProviders):
    """The client of a server that runs in this process; `transport` answers for the vendors."""

    def __init__(self, transport: httpx.ASGITransport) -> None:
        super().__init__(f"http://{HOST}", transport=transport)
        self.transport = transport

    def route(self, router: respx.Router) -> None:
        """Has respx hand the vendors' hosts to the mocks; everything else stays as it is routed."""
        for host in HOSTS:
            router.route(host=host).mock(side_effect=self.transport.handle_async_request)


@asynccontextmanager
async def in_process(config: Config | None = None, *, journal: Path | None = None) -> AsyncIterator[InProcess]:
    """The mocks for the length of a block."""
    from mock_providers.app import App
    from mock_providers.config import Config
    from mock_providers.world import World

    config = config or Config()
    world = World(replace(config, hosts=config.hosts | {HOST}), journal=journal)
    try:
        async with InProcess(httpx.ASGITransport(App(world))) as mocks:
            yield mocks
    finally:
        world.close_soon()
        await world.close()
