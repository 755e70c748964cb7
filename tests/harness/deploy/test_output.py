"""The output of processes: read to its end, and its descriptor closed once."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import output as module
from harness.deploy.output import Output
from harness.deploy.processes import Process
from harness.loop import Loop


class File(io.FileIO):
    """Takes the number of its descriptor as soon as it is free, as another thread may."""

    taken: int | None = None

    def close(self) -> None:
        number = -1 if self.closed else self.fileno()
        if number >= 0 and File.taken is None:
            try:
                os.fstat(number)
            except OSError:  # somebody has closed it already
                File.taken = os.open(os.devnull, os.O_RDONLY)
                if File.taken != number:
                    os.dup2(File.taken, number)
                    os.close(File.taken)
                    File.taken = number
        super().close()


def test_a_number_that_another_took_is_not_closed(tmp_path: Path, loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fdopen(number: int, mode: str, **more: Any) -> File:
        return File(number, mode, closefd=more.get("closefd", True))

    monkeypatch.setattr(module.os, "fdopen", fdopen)
    monkeypatch.setattr(File, "taken", None)
    read, write = os.pipe()
    lines: list[str] = []
    output = Output(tmp_path, on_line=lambda _, line: lines.append(line), redact=str)
    process = Process(name="worker-1", role="worker", pid=0, output=read)
    loop.run(output.follow(process))
    os.write(write, b"its last words\n")
    os.close(write)
    process.end(0)
    loop.run(output.drain())
    loop.run(nothing())  # uvloop closes in its next turns
    loop.run(nothing())
    assert lines == ["its last words"]
    assert File.taken == read, "libuv was to close the descriptor before the file is told"
    os.fstat(File.taken)
    os.close(File.taken)


@pytest.mark.parametrize("last", ["its end", "the end of its output"])
def test_a_wait_for_a_line_ends_with_the_process(tmp_path: Path, loop: Loop, last: str) -> None:
    read, write = os.pipe()
    output = Output(tmp_path, on_line=lambda *_: None, redact=str)
    process = Process(name="postgres", role="database", pid=0, output=read)
    loop.run(output.follow(process))
    os.write(write, b"its last words\n")
    pool = ThreadPoolExecutor(1)
    first, second = (lambda: os.close(write)), (lambda: process.end(3))
    if last == "the end of its output":
        first, second = second, first
    waiting = pool.submit(loop.run, output.await_line(process, "ready", within=20))
    first()
    loop.run(nothing())
    assert not waiting.done()
    second()
    assert waiting.result(10) is False
    pool.shutdown()
    assert output.end_of(process, when=" at its start") == "ended with 3 at its start:\nits last words"


def test_who_was_killed_had_nothing_to_say_of_it(tmp_path: Path, loop: Loop) -> None:
    read, write = os.pipe()
    output = Output(tmp_path, on_line=lambda *_: None, redact=str)
    process = Process(name="mocks", role="mocks", pid=0, output=read)
    loop.run(output.follow(process))
    os.write(write, b"listening\n")
    os.close(write)
    process.end(-9)
    loop.run(output.drain())
    assert output.end_of(process, when=" at its start") == "ended with -9 at its start"


async def nothing() -> None:
    """A turn of the loop."""
