"""The pytest plugin in which `harness shake` runs tests: deploys their stack, and runs round after round of them.

Each round is some of the tests under some disturbances, as the process that started this one asks for it over a pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import pytest

from harness.errors import HarnessError, Unobservable
from harness.keeping import keep
from harness.plugin.lifetime import DEPLOYS
from harness.shaking.disturbance import Disturbance, parse

if TYPE_CHECKING:
    from harness.profile import Profile
    from harness.scenario.stack import Stack
    from harness.session import Options

PLAN: Final = "HARNESS_SHAKE_PLAN"
STATE = pytest.StashKey["Inside"]()
BEAT_S: Final = 0.02
WORKER: Final = "PYTEST_XDIST_WORKER"


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Deploys the stack before any module of the tests is imported, so that each finds its address."""
    plan = json.loads(os.environ[PLAN] if WORKER not in os.environ else "{}")
    inside = early_config.stash[STATE] = Inside(plan)
    early_config.stash[DEPLOYS] = inside.lent
    if inside.leads:
        early_config.add_cleanup(inside.close)
        inside.start()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Runs what is asked for, until nobody asks any more; where xdist spreads the tests, they run as they do."""
    inside = session.config.stash[STATE]
    if not inside.asked or session.testsfailed:
        return None
    inside.rounds(session)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    item.config.stash[STATE].begin(item.nodeid)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        item.config.stash[STATE].end(item.nodeid)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    item.config.stash[STATE].end(item.nodeid)
    return (yield)


class Reports:
    """What pytest tells of each test, wherever it ran."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._inside.told(report)


def pytest_configure(config: pytest.Config) -> None:
    inside = config.stash[STATE]
    if inside.leads:
        config.pluginmanager.register(Reports(inside), "messaging-harness-shake-reports")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    inside = session.config.stash[STATE]
    if inside.leads:
        inside.conclude()


class EndOfRound(pytest.Item):
    """Stands behind the last test of a round: what belongs to a module ends there, the session goes on."""

    def runtest(self) -> None:
        """Nothing is left to do."""


class Inside:
    """One process of tests; `leads` where it isn't one of xdist's."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self.leads = WORKER not in os.environ
        self.asked = "asks" in plan
        self._disturbed: list[Disturbance] = []
        self._life = contextlib.ExitStack()
        self._now = contextlib.ExitStack()
        self._stack: Stack | None = None
        self._tests: dict[str, dict[str, Any]] = {}
        self._unmade: dict[str, str] = {}
        self._whole: dict[str, Any] | None = None
        self._error = ""
        self._late = Lateness()
        self._tells: TextIO | None = None

    # the stack

    def start(self) -> None:
        """Deploys the stack, and tells the tests where it is."""
        from harness.profile import load
        from harness.session import Options, deployed

        plan = self._plan
        try:
            profile = load(Path(plan["profile"]), driver=plan["deploy"])
            options = Options(
                build=Path(plan["build"]),
                stack_env={name: os.environ[key] for name, key in plan["stack_env"].items()},
                time_scale=plan["time_scale"],
                database_wire=True,
            )
            self._stack = self._life.enter_context(deployed(profile, options))
        except (HarnessError, OSError) as error:
            self._error = str(error) or type(error).__name__
            raise pytest.UsageError(self._error) from error
        self._life.enter_context(self._late)
        os.environ.update(addresses(self._stack, plan["env"]))

    @contextlib.contextmanager
    def lent(self, profile: Profile, options: Options) -> Iterator[Stack]:
        """The stack that is there, for the plugin's fixtures; xdist's processes deploy their own."""
        if self._stack is None:
            from harness.session import deployed

            with deployed(profile, options) as stack:
                yield stack
        else:
            yield self._stack

    def close(self) -> None:
        try:
            self._life.close()
        except (HarnessError, OSError) as error:
            self._error = self._error or str(error)
        told = {"tests": self._tests, "whole": self._whole, "error": self._error}
        with contextlib.suppress(OSError):
            keep(Path(self._plan["report"]), json.dumps(told))

    def _make(self, one: Disturbance, ended: contextlib.ExitStack) -> None:
        from harness.shaking.applying import applied

        try:
            if self._stack is not None:
                ended.enter_context(applied(self._stack, one))
        except Unobservable as error:
            self._unmade[str(one)] = str(error)
        except HarnessError as error:
            self._error = self._error or f"{one} can't be made: {error}"

    # rounds

    def rounds(self, session: pytest.Session) -> None:
        """Runs a round for each line that comes in, and tells what came of it in another."""
        known = {item.nodeid: item for item in session.items}
        last = EndOfRound.from_parent(session, name="end of round")
        with (
            os.fdopen(self._plan["asks"], encoding="utf-8") as asks,
            os.fdopen(self._plan["tells"], "w", encoding="utf-8") as tells,
        ):
            self._tells = tells
            self._tell({"collected": [*known]})
            for line in asks:
                asked = json.loads(line)
                names = known if asked["chosen"] is None else asked["chosen"]
                items = [known[name] for name in names if name in known]
                self._round([parse(text) for text in asked["disturbances"]], items, last)
                error = self._error or (str(session.shouldstop) if session.shouldstop else "")
                self._tell({"tests": self._tests, "unmade": self._unmade, "error": error})
            last.config.hook.pytest_runtest_protocol(item=last, nextitem=None)

    def _tell(self, line: dict[str, Any]) -> None:
        print(json.dumps(line), file=self._tells, flush=True)

    def _round(self, disturbed: list[Disturbance], items: Sequence[pytest.Item], last: pytest.Item) -> None:
        self._tests, self._unmade, self._disturbed = {}, {}, disturbed
        stack = self._stack
        if stack is not None:
            stack.waiting.scale = self._plan["time_scale"] * scale_of(disturbed)
        with contextlib.ExitStack() as whole:
            for one in disturbed:
                if whole_run(one):
                    self._make(one, whole)
            for item, following in zip(items, [*items[1:], last], strict=True):
                self._tell({"begins": item.nodeid})
                after = following if following is not item else last
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)

    # the tests

    def begin(self, name: str) -> None:
        self._now.close()
        for one in self._disturbed:
            if not whole_run(one):
                self._make(one, self._now)
        self._tests.setdefault(name, {})["began"] = time.time()
        self._late.worst = 0.0

    def end(self, name: str) -> None:
        known = self._tests.setdefault(name, {})
        if "ended" in known:
            return
        known |= {"ended": time.time(), "late_s": self._late.worst}
        try:
            self._now.close()
        except HarnessError as error:
            self._error = self._error or f"a disturbance didn't heal: {error}"

    def told(self, report: pytest.TestReport) -> None:
        """Takes note of a report of a test's phase; the worst of them counts."""
        known = self._tests.setdefault(report.nodeid, {})
        outcome = "skipped" if report.skipped or hasattr(report, "wasxfail") else report.outcome
        if known.get("outcome") != "failed" and (outcome != "passed" or "outcome" not in known):
            known["outcome"] = outcome
            if outcome == "failed":
                known |= {"phase": report.when, "message": said(report), "line": place(report)}

    def conclude(self) -> None:
        """Heals what is still on, lets all come to rest, and judges the whole record."""
        stack = self._stack
        try:
            self._now.close()
            if stack is not None and stack.history.over is None:
                stack.waiting.scale = self._plan["time_scale"]
                self._whole = judged(stack)
            elif stack is not None:
                self._error = self._error or str(stack.history.over)
        except HarnessError as error:
            self._error = self._error or f"the record can't be judged: {error}"


SLOW_MACHINE: Final = 3.0
"""What the harness' own deadlines are multiplied by where a process dies, or the machine has more to do."""


def scale_of(disturbed: Sequence[Disturbance]) -> float:
    """What the harness' deadlines are multiplied by in a round."""
    scale = 1.0
    for one in disturbed:
        if one.axis == "clock":
            scale *= one.strength
        elif one.family == "machine" or one.sort.what.startswith("crash"):
            scale *= SLOW_MACHINE
    return scale


class Lateness:
    """How late this process is woken at worst: what a machine that has too much to do does to everything on it."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="harness-lateness", daemon=True)

    def _run(self) -> None:
        while True:
            due = time.monotonic() + BEAT_S
            if self._over.wait(BEAT_S):
                return
            self.worst = max(self.worst, time.monotonic() - due)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


class Seen:
    """A message that the record knows, whoever sent it."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack = stack
        self._name = name

    @property
    def now(self) -> Any:
        from harness.history import Flow, key

        return Flow(self._stack.history.flow(key("message", self._name)), name=self._name)


def judged(stack: Stack) -> dict[str, Any]:
    """The verdict on the whole record, once all messages in it are finished, or had their time to be."""
    from harness.checks import whole_record

    stack.settle()
    stack.waiting.finished([*stack.followed, *(Seen(stack, name) for name in stack.history.flow_ids())])
    stack.count()
    verdict = whole_record(stack.history, stack.profile)
    about = [stack.history.flow(event.keys[0])[0] if event.keys else event for event in verdict.witnesses]
    return {"verdict": verdict.outcome, "reason": verdict.reason, "about": [event.at for event in about]}


def whole_run(one: Disturbance) -> bool:
    from harness.shaking.applying import WHOLE_RUN

    return one.family in WHOLE_RUN


def addresses(stack: Stack, more: dict[str, str]) -> dict[str, str]:
    """The settings by which tests find the stack: ours, and those that were asked for."""
    where = stack.driver.addresses
    known = {"api": where.api, "mocks": where.mocks, "redis": where.redis, "database": where.database}
    known |= {"twilio_account": where.twilio_account, "sendgrid_account": where.sendgrid_account}
    there = {name: value or "" for name, value in known.items()}
    filled = dict(more)
    for name, value in there.items():
        filled = {setting: text.replace(f"{{{name}}}", value) for setting, text in filled.items()}
    return {**{f"HARNESS_{name.upper()}_URL": there[name] for name in ("api", "mocks", "redis", "database")}, **filled}


def said(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = getattr(crash, "message", "") or report.longreprtext
    return "\n".join(text.strip().splitlines()[:12])


def place(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"{crash.path}:{crash.lineno}" if crash is not None else ""
