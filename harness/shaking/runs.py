"""Runs of tests: rounds in a pytest process with a stack of its own, a new process wherever a fresh state is wanted."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from harness.errors import UsageError
from harness.shaking.disturbance import Disturbed
from harness.shaking.inside import PLAN

Outcome = Literal["passed", "failed", "skipped"]
READY_S: Final = 180.0
"""Seconds in which a stack is deployed and all tests are collected."""
SILENT_S: Final = 120.0
"""Seconds that one test may take if nothing else is said."""
GRACE_S: Final = 30.0
JUDGED_S: Final = 180.0
"""Seconds in which a record is judged: what a stack has lost is waited for until its time is over."""
AGAINST: Final = ("no:cacheprovider", "no:randomly", "no:rerunfailures", "no:flaky", "no:repeat")
"""Plugins that choose an order themselves, or hide a failure."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What all runs share."""

    profile: Path
    build: Path
    deploy: str | None
    stack_env: Mapping[str, str]
    env: Mapping[str, str]
    words: Sequence[str]
    """The user's words for pytest."""
    time_scale: float = 1.0
    test_s: float = SILENT_S


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of one test in one run; times are Unix seconds, as the record's `at`."""

    outcome: Outcome
    message: str = ""
    line: str = ""
    phase: str = ""
    began: float = 0.0
    ended: float = 0.0
    late_s: float = 0.0
    """How late the tests' process was woken at worst meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one run; `error` says why its tests were not judged, `unmade` what this deployment can't do."""

    number: int
    disturbed: Disturbed
    session: Session
    order: Sequence[str]
    tests: Mapping[str, Told] = field(default_factory=dict)
    unmade: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0

    @property
    def directory(self) -> Path:
        return self.session.directory

    def wrong(self, name: str) -> str:
        """What the record proves to be wrong about the messages of a test; known once the session is closed."""
        whole, told = self.session.whole, self.tests.get(name)
        if not whole or whole["verdict"] != "fail" or told is None:
            return ""
        return str(whole["reason"]) if any(told.began <= at <= told.ended for at in whole["about"]) else ""


class Session:
    """A pytest process with a stack of its own, which is asked for one round after the other."""

    def __init__(self, runner: Runner, directory: Path, *, side: int = 0) -> None:
        self._runner = runner
        self.directory = directory
        self._side = side
        self.whole: Mapping[str, Any] | None = None
        self.collected: list[str] = []
        self._buffer = b""
        self._closed = False
        directory.mkdir(parents=True, exist_ok=True)
        asks, self._ask = os.pipe()
        self._told, tells = os.pipe()
        self._process = self._start(asks, tells)
        os.close(asks)
        os.close(tells)
        try:
            self.collected = self._line(READY_S)["collected"] if not side else []
        except BaseException:
            self.close()
            raise

    def _start(self, asks: int, tells: int) -> subprocess.Popen[bytes]:
        asked = self._runner.asked
        secrets = {name: f"HARNESS_SHAKE_SETTING_{number}" for number, name in enumerate(asked.stack_env)}
        plan = {
            "profile": str(asked.profile),
            "deploy": asked.deploy,
            "stack_env": secrets,
            "env": dict(asked.env),
            "build": str(self.directory),
            "report": str((self.directory / "report.json").absolute()),
            "time_scale": asked.time_scale,
            **({} if self._side else {"asks": asks, "tells": tells}),
        }
        words = [sys.executable, "-m", "pytest", *asked.words, "--maxfail=0", "-q", "--tb=short"]
        for plugin in (*AGAINST, "harness.plugin", "harness.shaking.inside"):
            words += ["-p", plugin]
        if self._side:
            words += ["-n", str(self._side)]
        env = {**os.environ, PLAN: json.dumps(plan), "HARNESS_PROFILE": str(asked.profile)}
        env |= {"HARNESS_BUILD": str(self.directory / "plugin"), "PYTHONUNBUFFERED": "1"}
        env |= {key: asked.stack_env[name] for name, key in secrets.items()}
        if asked.deploy:
            env["HARNESS_DEPLOY"] = asked.deploy
        with (self.directory / "pytest.log").open("wb") as log:
            fds = () if self._side else (asks, tells)
            return subprocess.Popen(
                words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=fds
            )  # fmt: skip

    # rounds

    def run(self, disturbed: Disturbed, chosen: Sequence[str] | None = None) -> Run:
        """One round of the chosen tests in this order, or of all that were collected."""
        began = time.monotonic()
        asked = {"disturbances": [str(one) for one in disturbed], "chosen": None if chosen is None else [*chosen]}
        begun = ""
        told: dict[str, Any] = {}
        try:
            os.write(self._ask, (json.dumps(asked) + "\n").encode())
            while "tests" not in told:
                told = self._line(self._runner.asked.test_s)
                begun = told.get("begins", begun)
        except TimeoutError as error:
            hung = {"outcome": "failed", "message": f"{error}: it hangs", "phase": "call"}
            told = {"tests": {begun: hung} if begun else {}, "error": "" if begun else str(error)}
            self.close(within=1.0)
        except (BrokenPipeError, UsageError) as error:
            self.close()
            told = {"tests": {}, "error": self._why() or str(error)}
        return self._made(disturbed, told, time.monotonic() - began)

    def side_by_side(self, disturbed: Disturbed) -> Run:
        """All tests once, spread by xdist; the session is closed then."""
        began = time.monotonic()
        self.close(within=self._runner.asked.test_s * 2)
        return self._made(disturbed, self._report(), time.monotonic() - began)

    def _made(self, disturbed: Disturbed, told: Mapping[str, Any], seconds: float) -> Run:
        self._runner.count += 1
        tests = {name: result_of(one) for name, one in told.get("tests", {}).items() if one.get("outcome")}
        return Run(
            number=self._runner.count,
            disturbed=disturbed,
            session=self,
            order=[*tests],
            tests=tests,
            unmade=told.get("unmade", {}),
            error=told.get("error", ""),
            seconds=seconds,
        )

    def _line(self, within: float) -> dict[str, Any]:
        """The next line that the process tells; raises TimeoutError, or UsageError where it has ended."""
        deadline = time.monotonic() + within
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._told], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"nothing came within {within:g} s")
            piece = os.read(self._told, 1 << 16)
            if not piece:
                self.close()
                raise UsageError(f"pytest couldn't be run: {self._why()}; all it said: {self.directory / 'pytest.log'}")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    # the end

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self, *, within: float = JUDGED_S) -> None:
        """Ends the process and its stack, and reads what it says of the whole record; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        os.close(self._ask)
        waits: list[tuple[int | None, float]] = [(None, within), (signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)]
        try:
            for number, seconds in waits:
                if number is not None:
                    self._process.send_signal(number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(seconds)
                    break
        finally:
            if self._process.poll() is None:
                self._process.kill()  # whatever it has started ends with it
                self._process.wait()
            os.close(self._told)
        self.whole = self._report().get("whole")

    def _report(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.directory / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _why(self) -> str:
        return str(self._report().get("error") or last_line(self.directory / "pytest.log"))


class Runner:
    """Makes sessions, of which one is kept for what needs no fresh state; `count` is of runs."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.count = 0
        self._made = 0
        self._open: list[Session] = []
        self.folder = asked.build / "sessions"
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, *, side: int = 0) -> Session:
        """A session with a stack on which nothing has happened yet; raises UsageError where pytest can't be run."""
        self._made += 1
        session = Session(self, self.folder / f"{self._made:03}", side=side)
        self._open.append(session)
        return session

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        made = self.fresh()
        try:
            yield made
        finally:
            made.close()

    def close(self) -> None:
        for session in self._open:
            session.close()

    def forget(self, kept: set[Path]) -> None:
        """Removes what sessions have left of which nobody speaks."""
        for path in self.folder.glob("[0-9]*"):
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)


def result_of(told: Mapping[str, Any]) -> Told:
    names = ("outcome", "message", "line", "phase", "began", "ended", "late_s")
    return Told(**{name: told[name] for name in names if name in told})


def last_line(path: Path) -> str:
    try:
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    errors = [line for line in lines if line.startswith(("ERROR", "E  "))]
    return (errors or lines or ["it said nothing"])[-1].strip()
