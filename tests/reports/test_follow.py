"""`harness trace --follow`: what is printed as a history grows, and when it ends."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from histories import ID, right
from rich.console import Console

from harness.commands.follow import growth
from harness.errors import UsageError
from harness.history.journal import encode
from harness.reports.trace import follow

WRITER = """
import sys
for line in sys.stdin:
    if not line.strip():
        break
    with open(sys.argv[1], "a") as file:
        file.write(line)
"""


def console() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=140, highlight=False), out


def test_events_are_printed_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.touch()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    lines = [encode(event) for event in right().history.events()]
    shown, out = console()
    seen: list[int] = []

    def watched() -> Iterator[None]:
        for _ in growth(path, pid=writer.pid):
            yield
            seen.append(out.getvalue().count("provider."))
            assert writer.stdin is not None
            if lines:
                writer.stdin.write(lines.pop(0) + "\n")
                writer.stdin.flush()
            elif not writer.stdin.closed:
                writer.stdin.close()

    follow(path, ID, wait=watched(), console=shown)
    assert writer.wait(10) == 0
    assert out.getvalue().count("provider.called") == 1
    assert out.getvalue().count("queue.deleted") == 1
    assert 0 in seen
    assert 1 in seen, "the call was printed before its answer was written"


def test_a_message_that_never_came(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.touch()
    with pytest.raises(UsageError, match="no message 'nobody' was seen"):
        follow(path, "nobody", wait=iter([None]), console=console()[0])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't be followed .*; is a stack up"):
        next(growth(tmp_path / "none", pid=os.getpid()))


def test_a_stack_that_has_gone(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(UsageError, match="has gone"):
        next(growth(tmp_path, pid=gone.pid))
