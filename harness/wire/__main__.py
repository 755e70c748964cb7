"""Runs the wire on the socket that is its standard input; in a container, on the one connection to `--control PORT`."""

from __future__ import annotations

import gc
import socket
import sys

import uvloop

from harness.wire.server import Wire


def control() -> socket.socket:
    if sys.argv[1:2] != ["--control"]:
        return socket.socket(fileno=0)
    with socket.create_server(("", int(sys.argv[2]))) as listening:
        return listening.accept()[0]


gc.freeze()
uvloop.run(Wire().serve(control()))
