"""Gathers the results in the process that runs the session, also from xdist's workers, and keeps and shows them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.keeping import advice, forget, reserved
from harness.plugin.items import check_named
from harness.plugin.options import RUN, by_command, settings_of, watches
from harness.plugin.outcomes import after, first_text, reconciled, text_of, together
from harness.redact import Redactor
from harness.results import Result, Results

RESULTS = pytest.StashKey[Results]()
REDACTOR = pytest.StashKey[Redactor]()
READY = pytest.StashKey[float]()
ENDING = pytest.StashKey[float]()
"""Seconds in which the whole record was judged and the stack was stopped."""
WHOLE = pytest.StashKey[list[Result]]()
"""What was said of the whole record of this process's stack."""
REMARKS = pytest.StashKey[list[str]]()
"""What is to be told of this process's run, a line each."""
TROUBLE = pytest.StashKey[list[str]]()
"""What went wrong beside the scenarios, a line each: what couldn't be kept, what died at the end."""
SELECTED = pytest.StashKey[int]()
"""How many scenarios this process knows to be selected."""
SCENARIOS = pytest.StashKey[list[str]]()
"""Which those are, by node id."""

RESERVED = pytest.StashKey[bool]()
"""Set where this process has made the build directory its own."""
PROPERTY = "messaging-harness"
UNUSABLE_PROPERTY = "messaging-harness-unusable"
RERUN = "rerun"
"""The outcome of a try that is followed by another, as pytest-rerunfailures has it."""
PHASES = ("setup", "call", "teardown")
STOP = ".stop"
"""Stands in the build directory when xdist's workers are to end."""


def allure_directory(config: pytest.Config) -> str:
    """Where allure-pytest writes; empty where it doesn't."""
    return str(getattr(config.option, "allure_report_dir", None) or "")


def build_of(config: pytest.Config) -> Path:
    return settings_of(config).build


class Collector:
    """One for a session, in the process that runs it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results = config.stash[RESULTS]
        self._phases: dict[str, list[tuple[str, Result]]] = {}
        self._tries: dict[str, list[Result]] = {}
        self._unjudged: set[str] = set()
        self._crashed: list[pytest.TestReport] = []
        self._scenarios: set[str] = set()
        self._why = ""
        self._broken = False
        self._beside = 0
        self._collected = 0

    # what comes in

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if UNUSABLE_PROPERTY in told:
            self._unjudged.add(report.nodeid)
            self._phases.pop(report.nodeid, None)
            self._end_run(str(told[UNUSABLE_PROPERTY]))
        elif report.nodeid in self._unjudged:
            return  # its teardown says nothing of the stack
        elif PROPERTY in told and report.when in PHASES:
            table = json.loads(str(told[PROPERTY]))
            self._config.stash[SELECTED] = max(self._config.stash[SELECTED], int(table["of"]))
            self._results.ready_s = max(self._results.ready_s, float(table["ready_s"]))
            result = reconciled(of_run(Result.loads(table["result"]), getattr(report, "node", None)), report)
            self._phases.setdefault(report.nodeid, []).append((report.when, result))
            if str(report.outcome) == RERUN:
                self._tries.setdefault(report.nodeid, []).append(together(self._phases.pop(report.nodeid)))
            elif report.when == "teardown":
                self._finish(report.nodeid)
        elif report.when not in PHASES:
            self._crashed.append(report)  # a worker died under it; whether it was a scenario is known at the end
        elif report.failed and by_command(self._config):
            self._add_failure(report, scenario=False)

    def _finish(self, nodeid: str) -> None:
        phases = self._phases.pop(nodeid)
        if any(when == "call" or result.outcome != "pass" for when, result in phases):
            self._results.add(after(self._tries.pop(nodeid, []), together(phases)))

    def _add_failure(self, report: pytest.TestReport | pytest.CollectReport, *, scenario: bool) -> None:
        redact = self._config.stash[REDACTOR]
        file, _, name = report.nodeid.partition("::")
        self._phases.pop(report.nodeid, None)
        self._beside += not scenario
        self._results.add(
            Result(
                scenario=name or file,
                check=check_named(file),
                outcome="error",
                reason=redact(first_text(report)),
                elapsed_s=getattr(report, "duration", 0.0),
                story=redact(report.longreprtext or first_text(report)),
            )
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and by_command(self._config):
            self._add_failure(report, scenario=False)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._collected = len(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output = getattr(node, "workeroutput", None) or {}
        self._results.add_whole(of_run(Result.loads(text), node) for text in output.get(f"{PROPERTY}-whole", []))
        self._results.remarks += output.get(f"{PROPERTY}-remarks", [])
        self._scenarios.update(output.get(f"{PROPERTY}-scenarios", []))
        for line in output.get(f"{PROPERTY}-trouble", []):
            self._results.unusable = self._results.unusable or line

    def _end_run(self, line: str) -> None:
        """Nothing more can be verified: the other workers are told to end after the scenario that they are in."""
        self._results.unusable = self._results.unusable or line
        distributed = self._config.pluginmanager.getplugin("dsession")
        if distributed is not None:
            distributed.shouldstop = distributed.shouldstop or "the run can't go on"
            with contextlib.suppress(OSError):  # then they end after those that they were given
                (build_of(self._config) / STOP).touch()

    # how it ended

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        said = str(excinfo.value)
        if said.startswith("stopping after"):
            self._why = stopped(self._config)
        else:
            self._why = said or ("SIGINT" if isinstance(excinfo.value, KeyboardInterrupt) else excinfo.typename)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self._broken = True
        said = next((line for line in text_of(excinfo.value).splitlines() if line.strip()), "")
        self._why = f"an error inside of pytest or a plugin: {excinfo.typename}: {said}"

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            self._end(session)

    def _end(self, session: pytest.Session) -> None:
        results, config = self._results, self._config
        own = config.stash[WHOLE]
        results.add_whole(own)
        results.remarks += [*config.stash[REMARKS]]
        results.remarks = [*dict.fromkeys(results.remarks)]  # of several workers each may say the same
        for nodeid, phases in list(self._phases.items()):
            # what ended in its teardown was judged all the same, where it was bad
            if together(phases).bad:
                self._finish(nodeid)
        for report in self._crashed:
            if by_command(config) or not self._scenarios or report.nodeid in self._scenarios:
                self._add_failure(report, scenario=True)
        for line in config.stash[TROUBLE]:
            results.unusable = results.unusable or settings_of(config).told(line)
        command = by_command(config)
        known = config.stash[SELECTED] or (self._collected if command else 0)
        refused = session.exitstatus == pytest.ExitCode.USAGE_ERROR  # pytest tells it, in a line
        if refused or not (known or results.everything or results.unusable or (command and self._why)):
            self._kept("the history", self._keep_watched)
            return
        judged = len(results.items) - self._beside
        if self._why or judged < known:
            why = (
                results.unusable or self._why or (stopped(config) if session.shouldfail else "the session ended early")
            )
            place = f"after {judged} of {max(known, judged)}" if known else "before any scenario was known"
            results.interrupted = f"{place}: {why}"
        if by_command(config) or RESERVED in config.stash:
            self._keep(build_of(config))
        if results.unusable:
            session.exitstatus = 3
        elif session.exitstatus == pytest.ExitCode.OK and any(item.bad for item in results.whole):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif session.exitstatus == pytest.ExitCode.OK and results.interrupted:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if self._broken and reporter is not None:
            self.pytest_terminal_summary(reporter)  # pytest asks for no summary then

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        results = self._results
        if not (results.everything or results.unusable or results.interrupted):
            return
        from harness.reports.console import UNSEEN_WIDTH, render
        from harness.reports.workflow_commands import workflow_commands

        results.ending_s = self._config.stash.get(ENDING, 0.0)
        terminalreporter.write_line("")
        text = render(
            results,
            build=build_of(self._config),
            width=terminalreporter._tw.fullwidth if terminalreporter.isatty else UNSEEN_WIDTH,
            color=terminalreporter.hasmarkup,
            explain=settings_of(self._config).explain,
        )
        terminalreporter.write_line(text)
        for line in workflow_commands(results, os.environ):
            terminalreporter.write_line(line)
        if by_command(self._config):
            # what ended the run stands in the table; pytest would say it once more below
            terminalreporter.write_sep = lambda *_, **__: None

    # what is kept

    def _keep(self, build: Path) -> None:
        from harness.reports import about, junit, summary

        results = self._results
        stack = describe(self._config) | {"ready_s": round(results.ready_s, 3)}
        with contextlib.suppress(OSError):
            (build / STOP).unlink(missing_ok=True)
        self._kept("the history", lambda: self._merge(build))
        self._kept("verdicts.json", lambda: results.write(build / "verdicts.json", stack=stack))
        self._kept("junit.xml", lambda: junit.write(build / "junit.xml", results, stack=stack))
        self._kept("summary.md", lambda: summary.write(build, results, os.environ))
        allure = allure_directory(self._config)
        if allure:
            ended = results.interrupted
            self._kept(
                "what Allure wants to know of the run",
                lambda: about.write(Path(allure), stack=stack, verdict=results.verdict, interrupted=ended),
            )

    def _keep_watched(self) -> None:
        """Of a run without scenarios there is no verdict to keep; but its stories name its record."""
        if watches(self._config):
            self._merge(build_of(self._config))

    def _kept(self, what: str, write: Callable[[], object]) -> None:
        """Writes one of the files; where that can't be done the others still are, and the run is unusable."""
        try:
            write()
        except OSError as error:
            self._results.unusable = self._results.unusable or advice(error, f"{what} couldn't be kept")
        except UsageError as error:
            self._results.unusable = self._results.unusable or str(error)

    def _merge(self, build: Path) -> None:
        from harness.history import merge

        parts = sorted(build.glob("history-gw*.jsonl"))
        if parts and self._config.pluginmanager.hasplugin("dsession"):
            merge([(part.stem.removeprefix("history-"), part) for part in parts], build / "history.jsonl")
            for part in parts:
                part.unlink()


def of_run(result: Result, node: Any) -> Result:
    """The result with the name of its run, as its history is called; `node` is pytest-xdist's, None without it."""
    return result if node is None else replace(result, run=str(node.gateway.id))


def stopped(config: pytest.Config) -> str:
    """What an option of the user's own ended."""
    most = config.getoption("maxfail")
    return "stopped at the first that didn't pass, as -x asks" if most == 1 else f"stopped by --maxfail {most}"


def reserve(config: pytest.Config) -> None:
    """Makes the build directory this run's until it ends, once; raises UsageError where it is another's."""
    if by_command(config) or RESERVED in config.stash:
        return  # the command itself has
    held = contextlib.ExitStack()
    run = os.getpid() if config.pluginmanager.hasplugin("dsession") else None
    run = getattr(config, "workerinput", {}).get(RUN, run)
    held.enter_context(reserved(build_of(config), run=run))
    config.stash[RESERVED] = True
    config.add_cleanup(held.close)


def begin(config: pytest.Config) -> None:
    """Takes away what an earlier run left, so that it is never taken for what this one found."""
    try:
        reserve(config)
        forget(build_of(config))
    except UsageError:
        return  # what is there is another run's: a worker's scenarios are told, when they want a stack
    except OSError as error:
        config.stash[TROUBLE].append(advice(error, "what an earlier run left can't be taken away"))


def pass_on(config: pytest.Config) -> None:
    """Gives the process that runs the session what this worker knows beside its reports."""
    output: dict[str, Any] = getattr(config, "workeroutput", {})
    output[f"{PROPERTY}-whole"] = [result.dumps() for result in config.stash[WHOLE]]
    output[f"{PROPERTY}-remarks"] = [*config.stash[REMARKS]]
    output[f"{PROPERTY}-scenarios"] = config.stash[SCENARIOS]
    output[f"{PROPERTY}-trouble"] = [*config.stash[TROUBLE]]


def describe(config: pytest.Config) -> dict[str, Any]:
    """What was verified, for verdicts.json; nothing secret."""
    from harness.profile import load

    settings = settings_of(config)
    try:
        profile = load(settings.profile, driver=settings.deploy)
    except UsageError as error:
        return {"profile": str(settings.profile), "error": settings.told(str(error))}
    return {
        "profile": profile.name,
        "driver": profile.deploy.driver,
        "workers": profile.without(frozenset(settings.without)).count("worker"),
        "delivery": profile.policy.delivery,
        "settings": sorted(pair.partition("=")[0] for pair in settings.stack_env),
        "provider_latency_s": settings.provider_latency,
        "time_scale": settings.time_scale,
    }
