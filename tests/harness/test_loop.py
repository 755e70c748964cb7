"""The loop of the probes: whatever is still open in it, it ends."""

from __future__ import annotations

import asyncio
import socket
import warnings

from harness.loop import Loop


def test_a_connection_that_was_left_open_does_not_hold_up_its_end() -> None:
    loop = Loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = loop.run(asyncio.open_connection(*server.getsockname()))
        other, _ = server.accept()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loop.close()
            with other:
                other.settimeout(5)
                assert other.recv(1) == b"", f"{kept[1]} is still open"
            warnings.simplefilter("ignore", ResourceWarning)  # the stream itself says in the end that it was left open
            del kept
    loop.close()  # a second time does no harm
