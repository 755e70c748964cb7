"""Free ports on loopback that parallel runs can't take from each other."""

from __future__ import annotations

import os
import random
import socket

from harness.errors import DeployError

LOWEST, HIGHEST = 20_000, 32_000
"""Below the kernel's ephemeral range, so that no outgoing connection takes one between our look and its use."""


class Ports:
    """Hands out ports; each is claimed by an abstract socket, which vanishes with the process that holds it."""

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []
        self._random = random.Random(os.getpid())  # noqa: S311 - reason: spreads parallel runs, guards nothing

    def free(self) -> int:
        """A port on 127.0.0.1 that nobody listens on and no other harness has claimed; DeployError if none is left."""
        for _ in range(500):
            port = self._random.randrange(LOWEST, HIGHEST)
            if self._claim(port) and is_free(port):
                return port
        raise DeployError(f"no free port between {LOWEST} and {HIGHEST} on 127.0.0.1; stop what listens there")

    def fixed(self, port: int, *, name: str) -> int:
        """The port that the user asked for; raises DeployError when it is taken."""
        if not is_free(port):
            raise DeployError(f"port {port} for the {name} is in use; stop what listens there, or use port 0")
        return port

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0messaging-harness-port-{port}")
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True

    def close(self) -> None:
        """Gives every port back."""
        while self._claims:
            self._claims.pop().close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
