"""The processes of this machine behind the addresses of connections."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import psutil

FREE_S = 2.0
"""Seconds that looking through all processes may take in any case; one look costs some 15 ms."""
SHARE = 0.1
"""What it may take beyond that, of the time since the first look."""
KNOWN = 32
"""Processes that are looked at first: who had the last connections has the next."""


class Owners:
    """Says whose the client end of a loopback connection to a server is; `server` is its port.

    One local port may be two connections' at once, with different ends: of those the one to the server counts.
    """

    def __init__(self, server: int | None = None) -> None:
        self._server = server
        self._known: dict[int, None] = {}
        self._spent = 0.0
        self._began: float | None = None

    def pid_at(self, address: str) -> int | None:
        """The process that owns the client end of a connection from `address`; None where it can't be known."""
        host, _, port = address.rpartition(":")
        if not port.isdigit():
            return None
        local = host.strip("[]"), int(port)
        pid = self._among_known(*local) or self._among_all(*local)
        if pid is not None:
            self._known.pop(pid, None)
            self._known[pid] = None
            if len(self._known) > KNOWN:
                self._known.pop(next(iter(self._known)))
        return pid

    def _among_known(self, host: str, port: int) -> int | None:
        for pid in reversed(self._known):
            with contextlib.suppress(psutil.Error, OSError):
                if any(owns(one, host, port) and self._leads_there(one) for one in connections_of(pid)):
                    return pid
        return None

    def _among_all(self, host: str, port: int) -> int | None:
        """Looks through all processes, unless that has taken too much of the time: whoever observes must not stall."""
        began = time.monotonic()
        if self._began is None:
            self._began = began
        elif self._spent > FREE_S + SHARE * (began - self._began):
            return None
        try:
            found = (one for one in psutil.net_connections("tcp") if owns(one, host, port) and one.pid)
            return next((one.pid for one in found if self._leads_there(one)), None)
        except (psutil.Error, OSError):
            return None
        finally:
            self._spent += time.monotonic() - began

    def _leads_there(self, connection: Any) -> bool:
        return self._server is None or connection.raddr.port == self._server


def connections_of(pid: int) -> Any:
    process = psutil.Process(pid)
    # psutil 6 has renamed it
    return process.net_connections("tcp") if hasattr(process, "net_connections") else process.connections("tcp")


def owns(connection: Any, host: str, port: int) -> bool:
    """Whether a connection of psutil's begins at that host and port."""
    local = connection.laddr
    return bool(local and connection.raddr) and local.port == port and local.ip.endswith(host)
