"""The pytest plugin: a deployed stack as a fixture, and a verdict for each scenario."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError, UsageError
from harness.redact import Redactor
from harness.results import Result, Results

if TYPE_CHECKING:
    from harness.checks.verdict import Outcome, Verdict
    from harness.history import Event, History
    from harness.providers import ProviderControl
    from harness.stack import Stack

RESULTS = pytest.StashKey[Results]()
VERDICTS = pytest.StashKey[list["Verdict"]]()
STACK = pytest.StashKey["Stack"]()
REDACTOR = pytest.StashKey[Redactor]()
READY = pytest.StashKey[float]()
PROPERTY = "messaging-harness"
UNUSABLE_PROPERTY = "messaging-harness-unusable"
READY_PROPERTY = "messaging-harness-ready"


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
    config.stash[REDACTOR] = Redactor()
    config.addinivalue_line("markers", "check(name): the check that a scenario belongs to")
    config.addinivalue_line("markers", "needs(feature, …): channels and features without which it isn't asked")
    config.stash[RESULTS] = Results()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("--repeat")
    wanted = metafunc.config.getoption("--check")
    if wanted and check_of(metafunc.definition) not in wanted:
        return  # it will be deselected; no need to make it N times
    if count > 1 and "deployed_stack" in metafunc.fixturenames:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(count))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--check"))
    if not wanted:
        return
    known = {check_of(item) for item in items}
    if unknown := wanted - known:
        raise pytest.UsageError(
            f"--check {', '.join(sorted(unknown))}: no such check; known are {', '.join(sorted(known))}"
        )
    config.hook.pytest_deselected(items=[item for item in items if check_of(item) not in wanted])
    items[:] = [item for item in items if check_of(item) in wanted]


def check_of(item: pytest.Item) -> str:
    marker = item.get_closest_marker("check")
    return str(marker.args[0]) if marker and marker.args else item.path.stem.removeprefix("test_").replace("_", "-")


# fixtures


@pytest.fixture
def repetition() -> int:
    """Which run of the scenario this is, with --repeat."""
    return 0


@pytest.fixture(scope="session")
def deployed_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack of this session (of this xdist worker), deployed once."""
    from harness.profile import load
    from harness.session import Options, deployed

    config = request.config
    began = time.monotonic()
    try:
        profile = load(Path(config.getoption("--profile")), driver=config.getoption("--deploy"))
        options = Options(
            build=Path(config.getoption("--build")),
            history_name=history_name(config),
            stack_env=parse_env(config.getoption("--stack-env")),
            without=frozenset(config.getoption("--without")),
            time_scale=config.getoption("--time-scale"),
            provider_latency=config.getoption("--provider-latency"),
            redactor=config.stash[REDACTOR],
        )
        deployment = deployed(profile, options)
        stack = deployment.__enter__()
    except UsageError as error:
        request.session.shouldstop = "the stack can't be deployed"
        raise Unusable(str(error)) from error
    config.stash[READY] = time.monotonic() - began
    with contextlib.ExitStack() as cleanup:
        cleanup.push(deployment)
        yield stack


class Unusable(UsageError):
    """Carries the one line that says what to do from the fixture to the report."""


def history_name(config: pytest.Config) -> str:
    worker = getattr(config, "workerinput", {}).get("workerid")
    return f"history-{worker}.jsonl" if worker else "history.jsonl"


def parse_env(pairs: Sequence[str]) -> dict[str, str]:
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--stack-env {pair!r} is not of the form NAME=VALUE")
        settings[name] = value
    return settings


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


# what goes into the Allure result of the running test


def allure_directory(config: pytest.Config) -> str:
    """Where allure-pytest writes; empty where it doesn't."""
    return str(getattr(config.option, "allure_report_dir", None) or "")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    stack = pyfuncitem.stash.get(STACK, None)
    if stack is None or not allure_directory(pyfuncitem.config):
        return (yield)
    from reports import evidence

    verdicts = pyfuncitem.stash[VERDICTS]

    def note(verdict: Verdict) -> None:
        verdicts.append(verdict)
        evidence.attach_verdict(verdict)

    stack.on_verdict = note
    since = len(stack.history)
    evidence.begin(check_of(pyfuncitem))
    witnesses: tuple[Event, ...] = ()
    passed = False
    try:
        with evidence.steps():
            result = yield
        passed = True
        return result
    except HarnessError as error:
        witnesses = error.witnesses
        raise
    finally:
        # of a scenario that is repeated and passes again, one picture is enough
        again = hasattr(pyfuncitem, "callspec") and pyfuncitem.callspec.params.get("repetition")
        if not (passed and again):
            proof = evidence.Proof(verdicts=verdicts, witnesses=witnesses)
            redact = pyfuncitem.config.stash[REDACTOR]
            evidence.attach_messages(stack.history, stack.flows, proof, since=since, redact=redact)


# results


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if "deployed_stack" not in getattr(item, "fixturenames", ()):
        return
    error = call.excinfo.value if call.excinfo else None
    redact = item.config.stash[REDACTOR]
    if isinstance(error, Unusable):
        report.user_properties.append((UNUSABLE_PROPERTY, redact(str(error))))
    elif report.when == "call" or error is not None:
        report.user_properties.append((READY_PROPERTY, item.config.stash.get(READY, 0.0)))
        report.user_properties.append((PROPERTY, redact(result_of(item, report, error).dumps())))


def result_of(item: pytest.Item, report: pytest.TestReport, error: BaseException | None) -> Result:
    verdicts = item.stash.get(VERDICTS, [])
    said: Outcome = "pass" if error is None else "fail" if isinstance(error, AssertionError) else "unknown"
    decisive = max(verdicts, key=lambda verdict: verdict.rank, default=None)
    if decisive is not None and (error is None or decisive.outcome == said):
        reason = decisive.reason
    elif error is not None:
        reason = (str(error) or type(error).__name__).splitlines()[0]
    else:
        reason = "every expectation was met"
    return Result(
        scenario=item.name,
        check=check_of(item),
        outcome=said,
        reason=reason,
        elapsed_s=report.duration,
        story=str(error) if error is not None else "",
        verdicts=tuple(verdict.to_json() for verdict in verdicts),
    )


class Collector:
    """Gathers the results in the process that runs the session, also from xdist workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results = config.stash[RESULTS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY and report.when in ("setup", "call", "teardown"):
                result = Result.loads(str(value))
                # a property of an earlier phase is repeated by later ones
                if report.when == "call" or report.outcome == "failed":
                    self._results.add(result)
            elif name == UNUSABLE_PROPERTY:
                self._results.unusable = str(value)
            elif name == READY_PROPERTY:
                self._results.ready_s = max(self._results.ready_s, float(str(value)))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._results.items and not self._results.unusable:
            return
        from reports.console import UNSEEN_WIDTH, render

        build = Path(self._config.getoption("--build"))
        self._keep(build)
        terminalreporter.write_line("")
        text = render(
            self._results,
            build=build,
            width=terminalreporter._tw.fullwidth if terminalreporter.isatty else UNSEEN_WIDTH,
            color=terminalreporter.hasmarkup,
            explain=self._config.getoption("--explain"),
        )
        terminalreporter.write_line(text)

    def _keep(self, build: Path) -> None:
        from harness.history import merge
        from reports import about, junit, summary

        build.mkdir(parents=True, exist_ok=True)
        stack = describe(self._config) | {"ready_s": round(self._results.ready_s, 3)}
        self._results.write(build / "verdicts.json", stack=stack)
        junit.write(build / "junit.xml", self._results)
        summary.write(build, self._results, os.environ)
        if allure_directory(self._config):
            about.write(Path(allure_directory(self._config)), stack=stack, verdict=self._results.verdict)
        parts = sorted(build.glob("history-gw*.jsonl"))
        if parts and self._config.pluginmanager.hasplugin("dsession"):
            merge([(part.stem.removeprefix("history-"), part) for part in parts], build / "history.jsonl")
            for part in parts:
                part.unlink()


def describe(config: pytest.Config) -> dict[str, Any]:
    """What was verified, for verdicts.json; nothing secret."""
    from harness.profile import load

    try:
        profile = load(Path(config.getoption("--profile")), driver=config.getoption("--deploy"))
    except UsageError as error:
        return {"profile": config.getoption("--profile"), "error": str(error)}
    return {
        "profile": profile.name,
        "driver": profile.deploy.driver,
        "workers": 0 if "worker" in config.getoption("--without") else profile.count("worker"),
        "delivery": profile.policy.delivery,
        "settings": sorted(pair.partition("=")[0] for pair in config.getoption("--stack-env")),
        "provider_latency_s": config.getoption("--provider-latency"),
        "time_scale": config.getoption("--time-scale"),
    }


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if allure_directory(session.config):
        from reports.sink import stand_in

        session.config.add_cleanup(stand_in(session.config.stash[REDACTOR]))
    if not hasattr(session.config, "workerinput"):
        build = Path(session.config.getoption("--build"))
        for stale in build.glob("history-gw*.jsonl"):
            stale.unlink()
        session.config.pluginmanager.register(Collector(session.config), "messaging-harness-collector")
