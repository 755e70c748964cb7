"""Peers that install from npm or PyPI, each answering a fixed 201 and recording what it gets, if it can."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(__file__).parent.parent.parent / "build" / "bench-peers"
ANSWER = {"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "filler": "x" * 520}
STARTS_WITHIN_S = 60.0

_HTTPSERVER = f"""
import sys
from pytest_httpserver import HTTPServer
server = HTTPServer(port=int(sys.argv[1]))
server.expect_request("/call", method="POST").respond_with_json({ANSWER!r}, status=201)
server.start()
server.server_thread.join()
"""

_MOUNTEBANK = {
    "protocol": "http",
    "recordRequests": True,
    "stubs": [
        {
            "predicates": [{"equals": {"method": "POST"}}],
            "responses": [{"is": {"statusCode": 201, "headers": {"content-type": "application/json"}, "body": ANSWER}}],
        }
    ],
}

_MOCKOON = {
    "uuid": "0",
    "lastMigration": 32,
    "name": "peer",
    "port": 0,
    "hostname": "127.0.0.1",
    "routes": [
        {
            "uuid": "1",
            "type": "http",
            "method": "post",
            "endpoint": "call",
            "responses": [
                {
                    "uuid": "2",
                    "body": json.dumps(ANSWER),
                    "statusCode": 201,
                    "default": True,
                    "headers": [{"key": "content-type", "value": "application/json"}],
                    "rules": [],
                    "bodyType": "INLINE",
                }
            ],
        }
    ],
    "rootChildren": [{"type": "route", "uuid": "1"}],
    "folders": [],
    "headers": [],
    "data": [],
    "callbacks": [],
}

_PRISM = {
    "openapi": "3.0.3",
    "info": {"title": "peer", "version": "1"},
    "paths": {
        "/call": {
            "post": {
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}},
                "responses": {"201": {"description": "made", "content": {"application/json": {"example": ANSWER}}}},
            }
        }
    },
}


_WIREMOCK = {
    "request": {"method": "POST", "urlPath": "/call"},
    "response": {
        "status": 201,
        "headers": {"content-type": "application/json"},
        "jsonBody": ANSWER | {"to": "{{request.body}}"},
        "transformers": ["response-template"],
    },
}


@contextmanager
def peer(name: str) -> Iterator[int]:
    """Runs a peer and gives its port; raises RuntimeError with the reason if it can't be run here."""
    port = free_port()
    with subprocess.Popen(_command(name, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_listens(name, process, port)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _command(name: str, port: int) -> list[str]:
    BUILD.mkdir(parents=True, exist_ok=True)
    if name == "pytest-httpserver":
        return [sys.executable, "-c", _HTTPSERVER, str(port)]
    _install()
    binary = BUILD / "node_modules" / ".bin"
    if name == "Mountebank, recording":
        imposters = BUILD / "mountebank.json"
        imposters.write_text(json.dumps({"imposters": [_MOUNTEBANK | {"port": port}]}))
        log = ["--nologfile", "--loglevel", "error", "--pidfile", str(BUILD / "mb.pid")]
        return [str(binary / "mb"), "start", "--configfile", str(imposters), "--port", str(free_port()), *log]
    if name == "WireMock, templated":
        return _wiremock(port)
    if name == "Mockoon":
        data = BUILD / "mockoon.json"
        data.write_text(json.dumps(_MOCKOON))
        options = ["--data", str(data), "--port", str(port), "--hostname", "127.0.0.1", "--disable-log-to-file"]
        return [str(binary / "mockoon-cli"), "start", *options]
    document = BUILD / "prism.json"
    document.write_text(json.dumps(_PRISM))
    return [str(binary / "prism"), "mock", "-p", str(port), "-h", "127.0.0.1", str(document)]


def _wiremock(port: int) -> list[str]:
    if shutil.which("java") is None:
        raise RuntimeError("java is not installed")
    [jar] = (BUILD / "node_modules" / "wiremock" / "build").glob("wiremock-standalone-*.jar")
    root = BUILD / "wiremock"
    (root / "mappings").mkdir(parents=True, exist_ok=True)
    (root / "mappings" / "call.json").write_text(json.dumps(_WIREMOCK))
    where = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(root)]
    # its record of requests is bounded, or it would be the heap that is measured
    return ["java", "-jar", str(jar), *where, "--max-request-journal-entries", "10000", "--disable-banner"]


def _install() -> None:
    if shutil.which("npm") is None:
        raise RuntimeError("npm is not installed")
    if (BUILD / "node_modules" / "wiremock").exists():
        return
    packages = ["mountebank@2", "@mockoon/cli@9", "@stoplight/prism-cli@5", "wiremock@3"]
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(BUILD), *packages],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"npm install: {done.stderr.strip().splitlines()[-1:]}")


def _wait_until_it_listens(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    tick = threading.Event()
    for _ in range(int(STARTS_WITHIN_S / 0.1)):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            # reason: none of the peers says when it listens, so one has to look
            tick.wait(0.1)
    raise RuntimeError(f"{name} did not listen within {STARTS_WITHIN_S:g} s")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
