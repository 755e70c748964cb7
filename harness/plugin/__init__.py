"""The pytest plugin: a deployed stack as a fixture, and a verdict for each scenario."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError, Inconclusive
from harness.plugin.collector import (
    PROPERTY,
    READY,
    REDACTOR,
    RESULTS,
    SELECTED,
    STOP,
    TROUBLE,
    UNUSABLE_PROPERTY,
    WHOLE,
    Collector,
    allure_directory,
    begin,
    build_of,
    check_named,
    pass_on,
)
from harness.plugin.lifetime import lifetime, profile_of
from harness.plugin.lifetime import parse_env as parse_env
from harness.plugin.outcomes import NotAsked, result_of, unusable
from harness.redact import Redactor
from harness.results import Results

if TYPE_CHECKING:
    from harness.checks.verdict import Verdict
    from harness.history import Event, History
    from harness.scenario.providers import ProviderControl
    from harness.scenario.stack import Stack

VERDICTS = pytest.StashKey[list["Verdict"]]()
STACK = pytest.StashKey["Stack"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("messaging-harness", "verification of asynchronous messaging stacks")
    group.addoption("--profile", default="harness.toml", metavar="FILE", help="how to reach the stack and read it")
    group.addoption("--deploy", metavar="DRIVER", help="embedded, containers, attached; by default the profile's")
    group.addoption("--time-scale", type=positive, default=1.0, metavar="X", help="multiplies every deadline")
    group.addoption("--build", default="build/verify", metavar="DIR", help="where verdicts, history and logs go")
    group.addoption("--check", action="append", default=[], metavar="NAME", help="only the scenarios of this check")
    group.addoption("--repeat", type=int, default=1, metavar="N", help="runs every scenario N times")
    group.addoption("--stack-env", action="append", default=[], metavar="NAME=VALUE", help="a setting for the stack")
    group.addoption("--without", action="append", default=[], metavar="ROLE", help="a role that is never started")
    group.addoption("--explain", action="store_true", help="prints each claim with its witnesses, also when it passed")
    group.addoption("--provider-latency", type=float, default=0.0, metavar="SECONDS", help="slows every provider call")


def positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise ValueError(f"{text} is not above 0")
    return value


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        config.option.clean_alluredir = False  # the session that started this worker has cleaned it
    config.addinivalue_line("markers", "check(name): the check that a scenario belongs to")
    config.addinivalue_line("markers", "needs(feature, …): channels and features without which it isn't asked")
    config.stash[REDACTOR] = Redactor()
    config.stash[RESULTS] = Results()
    config.stash[WHOLE] = []
    config.stash[TROUBLE] = []
    config.stash[SELECTED] = 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("--repeat")
    wanted = metafunc.config.getoption("--check")
    if wanted and check_of(metafunc.definition) not in wanted:
        return  # it will be deselected; no need to make it N times
    if count > 1 and "deployed_stack" in metafunc.fixturenames:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(count))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    refuse_misnamed(config, items)
    wanted = set(config.getoption("--check"))
    if not wanted:
        return
    known = {check_of(item) for item in items}
    if unknown := wanted - known:
        refuse(config, f"--check {', '.join(sorted(unknown))}: no such check; known are {', '.join(sorted(known))}")
        wanted = set()
    config.hook.pytest_deselected(items=[item for item in items if check_of(item) not in wanted])
    items[:] = [item for item in items if check_of(item) in wanted]


def refuse(config: pytest.Config, line: str) -> None:
    """Ends the session for a mistake in what it was given; a worker of xdist only notes it."""
    if not hasattr(config, "workerinput"):
        raise pytest.UsageError(line)
    config.stash[TROUBLE].append(line)  # xdist would take the exception for a crash


def refuse_misnamed(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Ends the session where a scenario needs what is neither a channel nor a feature."""
    from harness.profile.claims import FEATURES, misnamed
    from harness.profile.model import CHANNELS

    for item in filter(is_scenario, items):
        for need in needs_of(item):
            if need not in {*CHANNELS, *FEATURES}:
                refuse(config, f"{item.nodeid}: needs({need!r}): {misnamed(need)}")
                return


def check_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("check")
    return str(marker.args[0]) if marker and marker.args else check_named(str(item.path))


def is_scenario(item: pytest.Item) -> bool:
    return "deployed_stack" in getattr(item, "fixturenames", ())


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if any(getattr(config.option, name, False) for name in ("collectonly", "setuponly", "setupplan")):
        return  # nothing is run
    config.stash[SELECTED] = sum(map(is_scenario, session.items))
    # a worker that takes the place of one that crashed comes when others have begun; it is never the first
    first = getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0"
    if config.stash[SELECTED] and first:
        begin(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    if hasattr(item.config, "workerinput") and (build_of(item.config) / STOP).exists():
        item.session.shouldstop = "another worker's run can't go on"
        return True  # it isn't run, and nobody is told that it was
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    needs = needs_of(item)
    if not (needs and is_scenario(item)):
        return
    from harness.profile.claims import not_asked

    profile = profile_of(item.config)
    reason = not_asked(profile, needs)
    if reason is not None:
        raise NotAsked(reason, [need for need in needs if not_asked(profile, [need])])


def needs_of(item: pytest.Item) -> list[str]:
    """What a scenario needs of a stack: what it is marked with, and the channel that it is parametrized with."""
    needs = [str(need) for marker in item.iter_markers("needs") for need in marker.args]
    channel = item.callspec.params.get("channel") if hasattr(item, "callspec") else None
    return [*needs, *([str(channel)] if channel is not None else [])]


# fixtures


@pytest.fixture
def repetition() -> int:
    """Which run of the scenario this is, with --repeat."""
    return 0


@pytest.fixture(scope="session")
def deployed_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack of this session (of this xdist worker), deployed once."""
    with lifetime(request.session) as stack:
        yield stack


@pytest.fixture
def stack(deployed_stack: Stack, request: pytest.FixtureRequest) -> Stack:
    """The deployed stack; what the scenario does with it is attached to its Allure report."""
    verdicts: list[Verdict] = []
    request.node.stash[VERDICTS] = verdicts
    request.node.stash[STACK] = deployed_stack
    deployed_stack.on_verdict = verdicts.append
    deployed_stack.begin(request.node.name)
    return deployed_stack


@pytest.fixture
def history(stack: Stack) -> History:
    """The history of the session so far."""
    return stack.history


@pytest.fixture
def mock_providers(stack: Stack) -> ProviderControl:
    """The control plane of the mock providers."""
    return stack.providers


# the running scenario


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    stack = pyfuncitem.stash.get(STACK, None)
    if stack is None:
        return (yield)
    with shown_in_allure(pyfuncitem, stack) if allure_directory(pyfuncitem.config) else contextlib.nullcontext():
        try:
            result = yield
        except BaseException as error:
            unmet = stack.over()
            if unmet and isinstance(error, Inconclusive):
                error.add_note(unmet)
            raise
        unmet = stack.over()
        if unmet:
            raise Inconclusive(unmet)
        return result


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
        again = hasattr(item, "callspec") and item.callspec.params.get("repetition")
        if not (passed and again):
            proof = evidence.Proof(verdicts=verdicts, witnesses=witnesses)
            redact = item.config.stash[REDACTOR]
            evidence.attach_messages(stack.history, stack.flows, proof, since=since, redact=redact)


# results


# outermost, so that it sees what pytest and every other plugin have made of the outcome
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not is_scenario(item):
        return report
    error = call.excinfo.value if call.excinfo else None
    config = item.config
    redact = config.stash[REDACTOR]
    line = unusable(error)
    if line is not None:
        item.session.shouldstop = item.session.shouldstop or "the run can't go on"
        report.user_properties.append((UNUSABLE_PROPERTY, redact(line)))
        report.longrepr = redact(line)  # the line says all that there is to do; a traceback of ours would hide it
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
    told = {
        "result": redact(result.dumps()),
        "of": config.stash[SELECTED],
        "ready_s": config.stash.get(READY, 0.0),
    }
    report.user_properties.append((PROPERTY, json.dumps(told)))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if allure_directory(config):
        from harness.reports.sink import stand_in

        config.add_cleanup(stand_in(config.stash[REDACTOR], config.stash[TROUBLE].append))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), "messaging-harness-collector")


# inside of xdist's own wrapper, which sends what it is given
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        if hasattr(session.config, "workerinput"):
            pass_on(session.config)
