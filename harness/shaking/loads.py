"""Load on the machine: busy or writing child processes, which end with whoever started them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

LIFE_S: Final = 900
"""Seconds of the processor after which the kernel ends one, whatever happens."""
PIECE: Final = 4 << 20
BUSY: Final = f"""
import os, resource
resource.setrlimit(resource.RLIMIT_CPU, ({LIFE_S}, {LIFE_S}))
parent = os.getppid()
print("on", flush=True)
while os.getppid() == parent:
    sum(range(100_000))
"""
WRITING: Final = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({LIFE_S}, {LIFE_S}))
parent = os.getppid()
print("on", flush=True)
with open(sys.argv[1], "wb", buffering=0) as file:
    while os.getppid() == parent:
        file.seek(0)
        file.write(os.urandom({PIECE}))
        os.fsync(file.fileno())
"""


@contextlib.contextmanager
def loaded(kind: Literal["cpu", "io"], count: int) -> Iterator[None]:
    """So many processes that keep the processor, or a disk, busy while the block runs."""
    with tempfile.TemporaryDirectory(prefix="messaging-harness-load-") as folder, contextlib.ExitStack() as ended:
        for number in range(count):
            words = [BUSY] if kind == "cpu" else [WRITING, str(Path(folder) / f"{number}")]
            process = subprocess.Popen([sys.executable, "-S", "-c", *words], stdout=subprocess.PIPE)
            ended.callback(end, process)
            if process.stdout is not None:
                process.stdout.readline()  # it works from here on
        yield


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
