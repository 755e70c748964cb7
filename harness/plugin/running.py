"""A session that has scenarios: which of them run, what each does, and what is told of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError, Inconclusive, UsageError
from harness.plugin.collector import (
    PROPERTY,
    READY,
    REDACTOR,
    REMARKS,
    RESULTS,
    SCENARIOS,
    SELECTED,
    STOP,
    TROUBLE,
    UNUSABLE_PROPERTY,
    WHOLE,
    Collector,
    allure_directory,
    begin,
    build_of,
    pass_on,
    reserve,
)
from harness.plugin.items import REPETITION_FIXTURE, check_of, is_deep, is_scenario, needs_of
from harness.plugin.lifetime import DEPLOYED, profile_of
from harness.plugin.looking_back import BEGAN, HEADING, TOLD, Told, note_begin, note_comparison, tell
from harness.plugin.options import by_command, settings_of, watches
from harness.plugin.outcomes import NotAsked, not_installed, result_of, unusable
from harness.redact import Redactor
from harness.results import Result, Results

if TYPE_CHECKING:
    from harness.checks.verdict import Verdict
    from harness.history import Event
    from harness.scenario.stack import Stack

RUNNING = "messaging-harness-running"
VERDICTS = pytest.StashKey[list["Verdict"]]()
STACK = pytest.StashKey["Stack"]()


def wake(config: pytest.Config) -> Collector:
    """Makes a session one with scenarios, once: what follows is watched, gathered, kept and shown."""
    running = config.pluginmanager.get_plugin(RUNNING)
    if running is None:
        config.stash[REDACTOR] = Redactor()
        config.stash[RESULTS] = Results()
        config.stash[WHOLE] = []
        config.stash[TROUBLE] = []
        config.stash[REMARKS] = []
        config.stash[SCENARIOS] = []
        config.stash[SELECTED] = 0
        if allure_directory(config):
            from harness.reports.sink import stand_in

            config.add_cleanup(stand_in(config.stash[REDACTOR], config.stash[TROUBLE].append))
        running = Running(config)
        config.pluginmanager.register(running, RUNNING)
    collector: Collector = running.collector
    return collector


def refuse_unready(config: pytest.Config) -> None:
    """Raises pytest.UsageError where an option is wrong, or something isn't installed that every scenario needs."""
    settings_of(config)
    try:
        import_module("harness.profile")
    except ModuleNotFoundError as error:
        raise pytest.UsageError(not_installed(error) or str(error)) from error


def reserve_directory(config: pytest.Config) -> None:
    """Makes the build directory this run's; raises pytest.UsageError where it is another's."""
    try:
        reserve(config)
    except UsageError as error:
        raise pytest.UsageError(settings_of(config).told(str(error))) from error


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the scenarios that were asked for, where any were named; ends the session for a mistake in what was."""
    try:
        refuse_unready(config)
        refuse_misnamed(items)
        select_named(config, items)
        leave_out_deep(config, items)
        if by_command(config):
            # where what all others rest on is wrong, that is told at once, and not after each has waited in vain
            items.sort(key=lambda item: item.get_closest_marker("basic") is None)
    except pytest.UsageError as error:
        if not hasattr(config, "workerinput"):
            raise
        config.stash[TROUBLE].append(str(error))  # xdist would take the exception for a crash
        items.clear()


def select_named(config: pytest.Config, items: list[pytest.Item]) -> None:
    settings = settings_of(config)
    wanted = set(settings.check)
    if not wanted:
        return
    known = {check_of(item) for item in items if is_scenario(item)}
    if unknown := wanted - known:
        listed = ", ".join(sorted(unknown))
        line = f"--check {listed}: no such check; known are {', '.join(sorted(known))}"
        raise pytest.UsageError(settings.told(line))
    chosen = [item for item in items if is_scenario(item) and check_of(item) in wanted]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def leave_out_deep(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the scenarios that take long, where they weren't asked for, and says how many those are."""
    settings = settings_of(config)
    left_out = [item for item in items if is_deep(item)]
    if settings.deep or not left_out:
        return
    if len(left_out) == len(items) and (settings.check or by_command(config)):
        line = f"all {len(left_out)} scenarios that were asked for take long, and are run by --deep"
        raise pytest.UsageError(settings.told(line))
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    what = "1 scenario that takes long was" if len(left_out) == 1 else f"{len(left_out)} scenarios that take long were"
    line = f"{what} left out; --deep runs them"
    config.stash[REMARKS].append(settings.told(line))


def refuse_misnamed(items: list[pytest.Item]) -> None:
    """Raises pytest.UsageError where a scenario needs what is neither a channel nor a feature."""
    from harness.profile.base import CHANNELS
    from harness.profile.claims import FEATURES, misnamed

    for item in filter(is_scenario, items):
        for need in needs_of(item):
            if need not in {*CHANNELS, *FEATURES}:
                raise pytest.UsageError(f"{item.nodeid}: needs({need!r}): {misnamed(need)}")


def begin_scenario(item: pytest.Item, stack: Stack) -> None:
    """Notes what a test does with the stack from here on as that test's."""
    verdicts: list[Verdict] = []
    item.stash[VERDICTS] = verdicts
    item.stash[STACK] = stack
    stack.on_verdict = verdicts.append
    stack.begin(item.name)


class Running:
    """Watches the scenarios of one process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.collector = Collector(config)
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(self.collector, "messaging-harness-collector")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        config = self._config
        if any(getattr(config.option, name, False) for name in ("collectonly", "setuponly", "setupplan")):
            return  # nothing is run
        config.stash[SCENARIOS] = [item.nodeid for item in session.items if is_scenario(item)]
        config.stash[SELECTED] = len(config.stash[SCENARIOS])
        # a worker that takes the place of one that crashed comes when others have begun; it is never the first
        first = getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0"
        wanted = config.stash[SELECTED] or (watches(config) and session.items)
        if wanted and not hasattr(config, "workerinput"):
            reserve_directory(config)
        if wanted and first:
            begin(config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if hasattr(self._config, "workerinput") and (build_of(self._config) / STOP).exists():
            item.session.shouldstop = "another worker's run can't go on"
            return True  # it isn't run, and nobody is told that it was
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        note_begin(item)
        needs = needs_of(item)
        if not (needs and is_scenario(item)):
            return
        from harness.profile.claims import not_asked

        profile = profile_of(self._config)
        reason = not_asked(profile, needs)
        if reason is not None:
            raise NotAsked(reason, [need for need in needs if not_asked(profile, [need])])

    def pytest_assertrepr_compare(self, config: pytest.Config, op: str, left: object, right: object) -> None:
        note_comparison(config, op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        stack = pyfuncitem.stash.get(STACK, None)
        if stack is None:
            with told_in_allure(pyfuncitem):
                return (yield)
        with shown_in_allure(pyfuncitem, stack) if allure_directory(self._config) else contextlib.nullcontext():
            try:
                result = yield
            except BaseException as error:
                tell(pyfuncitem, error)
                unmet = stack.over()
                if unmet and isinstance(error, Inconclusive):
                    error.add_note(unmet)
                raise
            unmet = stack.over()
            if unmet:
                raise Inconclusive(unmet)
            return result

    # outermost, so that it sees what pytest and every other plugin have made of the outcome
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        known = call.when == "teardown" and TOLD in item.stash  # the failure of a test that is told already
        told = tell(item, call.excinfo.value) if call.excinfo and report.failed and not known else None
        if told is not None:
            report.sections.append((HEADING, self._config.stash[REDACTOR](told.short)))
        config = self._config
        mine = is_scenario(item) or STACK in item.stash  # the latter asks for its stack while it runs
        if not mine and not (watches(config) and call.when == "setup"):
            return report
        error = call.excinfo.value if call.excinfo else None
        redact = config.stash[REDACTOR]
        line = unusable(error)
        if line is not None:
            line = redact(settings_of(config).told(line))
            item.session.shouldstop = item.session.shouldstop or "the run can't go on"
            report.user_properties.append((UNUSABLE_PROPERTY, line))
            report.longrepr = line  # the line says all that there is to do; a traceback of ours would hide it
            return report
        if not mine:
            return report
        verdicts = item.stash.get(VERDICTS, [])
        result = result_of(
            report,
            error,
            scenario=item.name,
            check=check_of(item),
            path=item.path,
            verdicts=verdicts,
        )
        if STACK in item.stash:
            result = replace(result, span=(item.stash.get(BEGAN, 0), len(item.stash[STACK].history)))
        if told is not None and result.bad:
            result = with_story(result, told)
        passed_on = {
            "result": redact(result.dumps()),
            "of": config.stash[SELECTED],
            "ready_s": config.stash.get(READY, 0.0),
        }
        report.user_properties.append((PROPERTY, json.dumps(passed_on)))
        return report

    # inside of xdist's own wrapper, which sends what it is given
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            if hasattr(self._config, "workerinput"):
                pass_on(self._config)


def with_story(result: Result, told: Told) -> Result:
    """A result with what the record says of its failure."""
    reason = f"{result.reason}; {told.line}" if told.line else result.reason
    return replace(result, reason=reason, story=f"{result.story}\n\n{HEADING}:\n{told.short}", witnesses=told.witnesses)


@contextlib.contextmanager
def told_in_allure(item: pytest.Function) -> Iterator[None]:
    """Puts what the record says of a test's failure into its Allure result, where it is no scenario."""
    since = item.stash.get(BEGAN, 0)
    try:
        yield
    except BaseException as error:
        told, stack = tell(item, error), item.config.stash.get(DEPLOYED, None)
        if told is not None and stack is not None and allure_directory(item.config):
            from harness.reports import evidence

            redact = item.config.stash[REDACTOR]
            evidence.attach_story(redact(told.whole))
            evidence.attach_messages(stack.history, [], evidence.Proof(verdicts=()), since=since, redact=redact)
        raise


@contextlib.contextmanager
def shown_in_allure(item: pytest.Function, stack: Stack) -> Iterator[None]:
    """Puts what a scenario does and sees into its Allure result."""
    from harness.reports import evidence

    verdicts = item.stash[VERDICTS]

    def note(verdict: Verdict) -> None:
        verdicts.append(verdict)
        evidence.attach_verdict(verdict)

    stack.on_verdict = note
    since = len(stack.history)
    evidence.begin(check_of(item))
    witnesses: tuple[Event, ...] = ()
    passed = False
    try:
        with evidence.steps():
            yield
        passed = True
    except HarnessError as error:
        witnesses = error.witnesses
        raise
    finally:
        # of a scenario that is repeated and passes again, one picture is enough
        again = hasattr(item, "callspec") and item.callspec.params.get(REPETITION_FIXTURE)
        if not (passed and again):
            if TOLD in item.stash:
                evidence.attach_story(item.config.stash[REDACTOR](item.stash[TOLD].whole))
            proof = evidence.Proof(verdicts=verdicts, witnesses=witnesses)
            redact = item.config.stash[REDACTOR]
            evidence.attach_messages(stack.history, stack.flows, proof, since=since, redact=redact)
