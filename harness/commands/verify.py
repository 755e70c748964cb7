"""Runs the verification suite through pytest and turns its results into an exit code."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.content import content
from harness.errors import Inconclusive, UsageError
from harness.extras import installed, missing
from harness.keeping import advice, forget, forget_allure, probe, reserved, shortage
from harness.plugin.collector import RESULTS
from harness.plugin.lifetime import ONE_ATTACHED, terminated_as_interrupted
from harness.plugin.options import COMMAND, parse_env
from harness.profile import load
from harness.results import EXIT_CODES, UNUSABLE, Results
from harness.session import sensible

FEWEST_FILES = 256
PLUGINS = ("harness.plugin", "mock_providers.pytest_plugin")
"""What our own suite needs; every other plugin that happens to be installed costs time, and some change what runs."""
XDIST, ALLURE = MORE_PLUGINS = ("xdist.plugin", "allure_pytest.plugin")
"""What it uses where it is installed."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `harness verify` was asked for."""

    profile: Path
    build: Path
    deploy: str | None = None
    checks: Sequence[str] = ()
    repeat: int = 1
    stack_env: Sequence[str] = ()
    without: Sequence[str] = ()
    provider_latency: float = 0.0
    time_scale: float = 1.0
    parallel: int = 0
    scenarios: Path | None = None
    keyword: str = ""
    deep: bool = False
    explain: bool = False
    maxfail: int = 0
    """After how many scenarios that didn't pass the run ends; 0: never."""

    @property
    def allure(self) -> Path:
        return self.build.parent / "allure-results"


class Capture:
    """Keeps hold of the session's results, which pytest's own return value doesn't carry."""

    def __init__(self) -> None:
        self.results: Results | None = None

    # before any plugin is configured, since ours then tells a wrong option by the name that it has here
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
        early_config.stash[COMMAND] = True

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        self.results = config.stash.get(RESULTS, None)


def run(request: Request) -> int:
    """Runs the suite; 0 all pass, 1 any fail or error, 2 any unknown, 3 when it couldn't be verified to the end.

    Raises UsageError for a request that can't be carried out, Inconclusive when no test was about the stack.
    """
    with reserved(request.build):
        make_room(request)
        check(request)
        return carried_out(request)


def carried_out(request: Request) -> int:
    """The exit code of pytest's run over the suite."""
    capture = Capture()
    try:
        with plugins(request) as words, terminated_as_interrupted():
            code = pytest.main([*arguments(request), *words], plugins=[capture])
    except OSError as error:
        if shortage(error) is None:
            raise
        raise UsageError(advice(error, "the run can't begin")) from error
    results = capture.results or Results()
    if results.everything or results.unusable or results.interrupted:
        return results.exit_code
    if code == pytest.ExitCode.OK:
        raise Inconclusive(
            f"nothing was judged: no test in {request.scenarios} takes the plugin's fixture `stack`; give it to one"
        )
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise UsageError(f"no scenario was selected{chosen(request)}")
    # a usage error of pytest's, which it has told; else it was ended, or ended itself, before it knew of any scenario
    return UNUSABLE if code == pytest.ExitCode.USAGE_ERROR else EXIT_CODES["unknown"]


def chosen(request: Request) -> str:
    """What of the request may have left nothing to run."""
    if request.keyword:
        return f": none matches --keyword {request.keyword!r}"
    return f": there is no test in {request.scenarios}" if request.scenarios else ""


@contextmanager
def plugins(request: Request) -> Iterator[list[str]]:
    """Words that name the plugins to load: our own suite needs few; a user's is used to all that are installed."""
    if request.scenarios is not None:
        yield []
        return
    # by the environment, since xdist's workers are told of it that way too
    name = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        more = [plugin for plugin in MORE_PLUGINS if installed(plugin)]
        yield [word for plugin in (*PLUGINS, *more) for word in ("-p", plugin)]
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def check(request: Request) -> None:
    """Raises UsageError for what the deployment would refuse: one line, before pytest starts."""
    settings = parse_env(request.stack_env)
    profile = load(request.profile, driver=request.deploy)
    sensible(profile, without=frozenset(request.without), stack_env=settings)
    if request.parallel and profile.deploy.driver == "attached":
        raise UsageError(ONE_ATTACHED)
    if request.parallel and not installed(XDIST):
        raise UsageError(f"-n: {missing(ModuleNotFoundError(name='xdist'))}")


def make_room(request: Request) -> None:
    """Makes the directories for the results and takes away what an earlier run left; raises UsageError."""
    for directory, clear in ((request.build, forget), (request.allure, forget_allure)):
        try:
            probe(directory)
            clear(directory)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(
                f"results can't be written to {directory}: {reason}; free it, or name another with --build"
            ) from error
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < FEWEST_FILES:
        # with fewer it is the servers that fail first, and they don't say of what
        raise UsageError(
            f"only {files} files may be open at once, and a stack and 64 senders need more; `ulimit -n 256`"
        )


def arguments(request: Request) -> list[str]:
    """Pytest's command line for a request."""
    suite = request.scenarios or suite_directory()
    if not suite.exists():
        raise UsageError(f"there is no scenario at {suite}; name a file or a directory with --scenarios")
    words = [
        str(suite),
        *("--harness-profile", str(request.profile), "--harness-build", str(request.build)),
        *("--harness-time-scale", str(request.time_scale), "--harness-repeat", str(request.repeat)),
        *("--harness-provider-latency", str(request.provider_latency)),
        *(("--alluredir", str(request.allure)) if installed(ALLURE) else ()),
        # a verification doesn't depend on the pytest settings of the directory it is called from
        *(
            "-c",
            os.devnull,
            "--rootdir",
            str(suite if suite.is_dir() else suite.parent),
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        ),
        # our own summary says more than pytest's; the cache would litter a user's directory
        *("-qq", "--no-header", "--tb=no", "-p", "no:cacheprovider", "--disable-warnings", "-r", "N"),
    ]
    if request.scenarios is None:
        # the harness may be installed below a project's folder, whose conftest.py is about other tests
        words += ["--confcutdir", str(suite)]
    for option, values in (
        ("--harness-check", request.checks),
        ("--harness-stack-env", request.stack_env),
        ("--harness-without", request.without),
    ):
        for value in values:
            words += [option, value]
    if request.deploy:
        words += ["--harness-deploy", request.deploy]
    if request.deep:
        words.append("--harness-deep")
    if request.explain:
        words.append("--harness-explain")
    if request.keyword:
        words += ["-k", request.keyword]
    if request.maxfail:
        words += ["--maxfail", str(request.maxfail)]
    if request.parallel:
        words += ["-n", str(request.parallel)]
    return words


def suite_directory() -> Path:
    """Where the verification suite that comes with the harness stands."""
    return content("scenarios")
