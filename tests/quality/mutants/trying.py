"""Tries mutants, each in a fork of a process that has loaded what the tests need beside our own code."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.quality.mutants.making import Mutant

LEFT_OUT: Final = shutil.ignore_patterns(".git", ".venv", "build", "node_modules", "__pycache__", ".hypothesis", "docs")
LOADED: Final = (
    "pytest",
    "_pytest.assertion.rewrite",
    "hypothesis",
    "httpx",
    "pydantic",
    "redis",
    "hiredis",
    "asyncpg",
    "rich.table",
)
LONGEST_S: Final = 240
"""Seconds after which a mutant counts as noticed: it makes something wait for ever."""
QUIET: Final = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


class Tree:
    """A copy of the project in which one mutant after the other is tried."""

    def __init__(self, root: Path, at: Path) -> None:
        self.at = at
        shutil.copytree(root, at, ignore=LEFT_OUT)
        for name in LOADED:
            importlib.import_module(name)

    def passes(self, tests: Sequence[str], *, keeps: bool = False) -> bool:
        """Whether the tests pass in this tree as it is; `keeps` leaves compiled files for later tries."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            self._run(tests, keeps=keeps)
        over = threading.Timer(LONGEST_S, os.killpg, (child, signal.SIGKILL))
        over.start()
        _, status = os.waitpid(child, 0)
        over.cancel()
        return os.waitstatus_to_exitcode(status) == 0

    def _run(self, tests: Sequence[str], *, keeps: bool) -> None:
        """The tests, in the child; it never returns."""
        code = 1
        try:
            os.setsid()
            os.chdir(self.at)
            with open("tried.log", "w") as log:  # noqa: PTH123  # reason: in the directory that it has just gone to
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            for name in [
                name for name in sys.modules if name.partition(".")[0] in ("harness", "tests", "mock_providers")
            ]:
                del sys.modules[name]
            os.environ["PYTHONPATH"] = str(self.at)
            sys.path[:] = [str(self.at), *[path for path in sys.path if path not in ("", str(Path.cwd()))]]
            sys.dont_write_bytecode = not keeps
            code = int(importlib.import_module("pytest").main([*QUIET, *tests]))
        except BaseException:  # the child ends here, whatever it was
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    @contextmanager
    def holding(self, mutant: Mutant) -> Iterator[None]:
        """The mutant stands in the tree for as long as the block lasts."""
        path = self.at / mutant.module
        before = path.read_text(encoding="utf-8")
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        path.write_text(mutant.source, encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")
