"""The pytest plugin: a deployed stack as a fixture, and a verdict for each scenario.

What stands here is loaded by every pytest run on a machine that has the package: options, names, and a look at what was
collected. The rest (`running.py`) is imported when a session has a scenario.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin.fixtures import furnish, make_room
from harness.plugin.items import REPETITION_FIXTURE, check_of, is_scenario
from harness.plugin.options import (
    COMMAND,
    COMMANDED,
    RUN,
    add_options,
    by_command,
    refuse_bad_line,
    settings_of,
    watches,
)

if TYPE_CHECKING:
    from harness.plugin.collector import Collector

MARKS = (
    "check(name): the check that a scenario belongs to",
    "needs(feature, …): channels and features without which it isn't asked",
    "basic: a scenario of what all others rest on; harness verify runs it first",
    "deep: a scenario that takes long, and is run where that is asked for",
)
TOLD = "messaging-harness"
"""How the names of what our workers tell begin."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    add_options(parser)
    make_room(pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    for mark in MARKS:
        config.addinivalue_line("markers", mark)
    refuse_bad_line(config)
    furnish(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if by_command(config):
        from harness.plugin import running

        running.wake(config)
    elif config.pluginmanager.hasplugin("dsession"):
        config.pluginmanager.register(Sleeper(config), "messaging-harness-sleeper")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[RUN] = os.getpid()
    if node.config.stash.get(COMMAND, False):
        node.workerinput[COMMANDED] = True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if not is_scenario(metafunc.definition):
        return
    with contextlib.suppress(pytest.UsageError):  # it is told when all is collected
        settings = settings_of(metafunc.config)
        if settings.check and check_of(metafunc.definition) not in settings.check:
            return  # it will be deselected; no need to make it N times
        if settings.repeat > 1:
            metafunc.fixturenames.append(REPETITION_FIXTURE)
            metafunc.parametrize(REPETITION_FIXTURE, range(settings.repeat))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    with contextlib.suppress(pytest.UsageError):  # it is told where a scenario wants the options
        if not by_command(config) and settings_of(config).lint:
            from harness.plugin.linting import Linter

            config.pluginmanager.register(Linter(), "messaging-harness-lint")
    if by_command(config) or watches(config) or any(map(is_scenario, items)):
        from harness.plugin import running

        running.wake(config)
        running.select(config, items)


class Sleeper:
    """Waits, where xdist's workers run the tests, for the first word of a scenario."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._crashed: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if any(str(name).startswith(TOLD) for name, _ in report.user_properties):
            self._wake().pytest_runtest_logreport(report)
        elif str(report.when) == "???":  # a worker died under it; whether it was a scenario is known later
            self._crashed.append(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if any(name.startswith(TOLD) for name in getattr(node, "workeroutput", None) or ()):
            self._wake().pytest_testnodedown(node)

    def _wake(self) -> Collector:
        from harness.plugin import running

        self._config.pluginmanager.unregister(self)
        collector = running.wake(self._config)
        running.refuse_unready(self._config)
        running.reserve_directory(self._config)
        for report in self._crashed:
            collector.pytest_runtest_logreport(report)
        return collector
