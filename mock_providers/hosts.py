"""Names of hosts: which lead to this machine alone, and which an owner has named besides."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from mock_providers.errors import ConfigError

ANY = "*"
"""Stands for every host, where an owner wants that."""


def is_loopback(host: str) -> bool:
    """Whether a name or an address, as it is written, leads to this machine and nowhere else."""
    address = _address(host)
    if address is None:
        return host.removesuffix(".").lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def plain(host: str) -> str:
    """A host as names are compared: lower case, without the dot of a full name; an address in its usual spelling."""
    address = _address(host)
    return host.removesuffix(".").lower() if address is None else str(address)


def split_port(authority: str) -> str | None:
    """The host of `host`, `host:port` or `[v6]:port`; None if it is none of them."""
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            return None
        port = port[1:]
    else:
        host, _, port = authority.partition(":")
    digits = not port or (port.isascii() and port.isdigit())
    return host if host and digits and not set(host) & set("@/\\?# \t") else None


def named(hosts: Iterable[str], *, where: str, any_host: bool = False) -> frozenset[str]:
    """Hosts that an owner names, as they are compared; raises ConfigError for what is a URL or has a port."""
    found = set()
    for host in hosts:
        bare = host.removeprefix("[").removesuffix("]")
        if host == ANY and any_host:
            found.add(ANY)
        elif _address(bare) is None and (split_port(host) != host or host == ANY):
            more = f", or {ANY} for all" if any_host else ""
            raise ConfigError(f"{where}: expected names or addresses without scheme and port{more}, saw {host[:60]!r}")
        else:
            found.add(plain(bare))
    return frozenset(found)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
