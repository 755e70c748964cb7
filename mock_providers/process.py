"""A server in a process of its own, for tests and tools."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mock_providers.errors import MockProvidersError

END_S = 10.0


@contextmanager
def server_process(*options: str, journal: Path | None = None) -> Iterator[str]:
    """Starts `mock-providers serve` on a free port, gives its URL, and ends it."""
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", "0", "--announce", "-", *options]
    if journal is not None:
        command += ["--journal", str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # reason: it is a pipe
            line = process.stdout.readline()
            if not line:
                raise MockProvidersError(f"the server did not start (exit code {process.wait(END_S)}); see its stderr")
            where = json.loads(line)
            yield f"http://{where['host']}:{where['port']}"
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
