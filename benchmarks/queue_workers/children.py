"""Processes that die with us: kept by the harness's keeper, their output in a file each, waited for with a deadline."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from harness.deploy.processes import Process, Processes
from harness.deploy.tree import Tree

LOOK_EVERY_S = 0.02
DIES_WITHIN_S = 10.0


class Failed(Exception):
    """What was expected of a process, and what was seen instead."""


class Children:
    """Starts programs, and ends each with all that it started."""

    def __init__(self, logs: Path) -> None:
        self._processes = Processes()
        self._logs = logs
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Starts a program with these settings beside our environment; DeployError where it can't be started."""
        process = self._processes.spawn(*command, name=name, role=name, env={**os.environ, **env}, cwd=Path.cwd())
        tree = Tree(process.pid, mark=self._processes.mark(process))
        return Child(process, tree, self._logs / f"{name.replace(' ', '-')}.log")

    def python(self, name: str, file: Path, env: Mapping[str, str]) -> Child:
        """Starts one of our own files."""
        return self.start(name, [sys.executable, str(file)], env)

    def close(self) -> None:
        self._processes.close()


class Child:
    """A program that runs, or has ended."""

    def __init__(self, process: Process, tree: Tree, log: Path) -> None:
        self._process = process
        self._tree = tree
        self._log = log
        self._first = ""
        self._said = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with os.fdopen(self._process.output, "rb") as lines, self._log.open("wb") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if not self._said.is_set():
                    self._first = line.decode("utf-8", "replace").strip()
                    self._said.set()
        self._said.set()

    def first_line(self, *, within: float) -> str:
        """What it says first; Failed where it says nothing."""
        if not self._said.wait(within) or not self._first:
            raise Failed(f"expected a line of {self._process.name} within {within:g} s, saw none; read {self._log}")
        return self._first

    def until(self, seen: Callable[[], bool], *, what: str, within: float) -> None:
        """Waits until something is seen; Failed where that is late, or where the program ends before."""
        deadline = time.monotonic() + within
        while not seen():
            if not self._process.alive and not seen():
                raise Failed(self.missing(what))
            if time.monotonic() > deadline:
                raise Failed(self.missing(f"{what} within {within:g} s"))
            # reason: none of these libraries tells anybody that all is done, so one has to look
            self._process.ended.wait(LOOK_EVERY_S)

    def finish(self, *, within: float) -> None:
        """Waits for its end; Failed where that is late or bad."""
        ended = self._process.ended.wait(within)
        if not ended:
            self.end()
        if self._process.code != 0:
            seen = f"{self._process.code}: {self.last_words()}" if ended else f"none within {within:g} s"
            raise Failed(f"expected the end of {self._process.name} with 0, saw {seen}; read {self._log}")

    def missing(self, what: str) -> str:
        """That something was expected of it and wasn't seen."""
        name = self._process.name
        seen = "it still runs" if self._process.alive else f"it ended with {self._process.code}"
        return f"expected {what}, saw it not; {name}: {seen}, and said last: {self.last_words()}; read {self._log}"

    def last_words(self) -> str:
        with suppress(OSError):
            lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return lines[-1][:300] if lines else "it said nothing"
        return "it said nothing"

    def processor_s(self) -> float:
        """Seconds of processor time that it and its children have used, those that have ended included."""
        total = 0.0
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    used = one.cpu_times()
                    total += used.user + used.system + used.children_user + used.children_system
        return total

    def end(self) -> None:
        """Kills it with all that it started: what it still holds is thrown away with the queue."""
        self._tree.kill()
        self._process.ended.wait(DIES_WITHIN_S)
