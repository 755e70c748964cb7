"""Where webhooks may go: to this machine, and to the hosts that the server's owner has named; nowhere else.

Whoever calls the vendors' endpoints names a URL that the server then requests, so a name that leads elsewhere when the
connection is opened is refused then, on the address that is really connected to.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from mock_providers.hosts import ANY, is_loopback, plain


class RefusedTargetError(Exception):
    """A webhook isn't sent, since its receiver isn't one that may be called."""


class Targets:
    """The hosts that may be called besides loopback, as `hosts.named` has them; `*` is any."""

    def __init__(self, hosts: frozenset[str] = frozenset()) -> None:
        self._hosts = hosts

    async def addresses(self, host: str, port: int) -> list[str]:
        """What to connect to for a host; raises RefusedTargetError, and OSError where the name leads nowhere."""
        if ANY in self._hosts or plain(host) in self._hosts:
            return [host]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        own = [str(address[0]) for *_, address in found if is_loopback(str(address[0]))]
        if not own:
            raise RefusedTargetError(
                f"not sent to {host[:100]}: it is neither this machine nor a host that the mocks may call; "
                "name it with serve --webhook-host NAME, or [server] webhook_hosts"
            )
        return list(dict.fromkeys(own))


def hosts_of(urls: Iterable[str | None]) -> frozenset[str]:
    """The hosts of URLs that the owner has set."""
    hosts = set()
    for url in urls:
        try:
            host = urlsplit(url or "").hostname
        except ValueError:
            continue
        if host:
            hosts.add(plain(host))
    return frozenset(hosts)
