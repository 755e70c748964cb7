"""A headless Chromium, and a report on loopback for it to open."""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=30_000)  # milliseconds; a condition is waited for as long as a busy machine may need


# a module's, and not the session's: as long as it is open Playwright runs an event loop in this thread, and other tests
# on the same worker couldn't start their own
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; a machine without it skips, unless it is told that it must have it."""
    found = shutil.which("chromium")
    if found is None:
        message = "there is no chromium; get it with `apt-get install chromium`"
        if os.environ.get("MESSAGING_HARNESS_REQUIRE_CHROMIUM"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Says nothing: a test's output is its own."""


@pytest.fixture(scope="session")
def served() -> Callable[[Path], Any]:
    """Serves a directory over loopback for as long as a block runs; gives its address."""

    @contextmanager
    def serve(directory: Path) -> Iterator[str]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(directory)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    return serve
