"""The life of the stack that a session deploys: from the profile to the verdict on its whole record."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NoReturn

import pytest

from harness.errors import DeployError, UsageError
from harness.keeping import shortage
from harness.plugin.collector import ENDING, READY, REDACTOR, REMARKS, TROUBLE, WHOLE, reserve
from harness.plugin.options import parse_env, settings_of
from harness.plugin.outcomes import unusable
from harness.results import WHOLE_RECORD, Result

if TYPE_CHECKING:
    from harness.profile import Profile
    from harness.scenario.stack import Stack
    from harness.session import Options

DEPLOYS = pytest.StashKey[Callable[["Profile", "Options"], AbstractContextManager["Stack"]]]()
"""How this session comes to its stack, where that isn't `harness.session.deployed`: one that is there already."""
PROFILE = pytest.StashKey["Profile"]()
DEPLOYED = pytest.StashKey["Stack"]()
"""The session's stack for as long as it is deployed."""
ONE_ATTACHED = "an attached stack is one, and several workers would disturb each other on it; leave out -n"


def profile_of(config: pytest.Config) -> Profile:
    """The profile, read once, when the first scenario wants it; raises ProfileError."""
    from harness.profile import load

    if PROFILE not in config.stash:
        settings = settings_of(config)
        config.stash[PROFILE] = load(settings.profile, driver=settings.deploy)
    return config.stash[PROFILE]


def parts_of(config: pytest.Config) -> list[str]:
    """The servers on which the stack stands, `redis` and `postgres`, as its profile says; else both."""
    try:
        profile = profile_of(config)
    except UsageError:
        return ["redis", "postgres"]  # who runs a scenario is told of its profile
    has = {"redis": profile.queue.base != "none", "postgres": profile.database.kind == "postgres"}
    return [part for part, there in has.items() if there]


@contextlib.contextmanager
def lifetime(session: pytest.Session) -> Iterator[Stack]:
    """Deploys the stack that a session's options ask for, judges its whole record, and takes it down."""
    from harness.session import Options, deployed

    config = session.config
    settings = settings_of(config)
    began = time.monotonic()
    profile = profile_of(config)
    if profile.deploy.driver == "attached" and hasattr(config, "workerinput"):
        raise UsageError(ONE_ATTACHED)
    reserve(config)
    options = Options(
        build=settings.build,
        history_name=history_name(config),
        stack_env=parse_env(settings.stack_env),
        without=frozenset(settings.without),
        time_scale=settings.time_scale,
        provider_latency=settings.provider_latency,
        database_wire=settings.deep,
        redactor=config.stash[REDACTOR],
    )
    with terminated_as_interrupted(), left_as_interrupted(config):
        deployment = config.stash.get(DEPLOYS, deployed)(profile, options)
        try:
            stack = deployment.__enter__()
        except Exception as error:
            session.shouldstop = "the stack can't be deployed"  # trying again would take as long
            if isinstance(error, OSError) and shortage(error) is None:
                raise DeployError(f"the stack can't be deployed: {type(error).__name__}: {error!s:.300}") from error
            raise
        config.stash[READY] = time.monotonic() - began
        config.stash[DEPLOYED] = stack
        try:
            yield stack
            config.stash[ENDING] = -time.monotonic()
            conclude(stack, session)
            remark(stack, config)
        finally:
            del config.stash[DEPLOYED]
            close(deployment, config)
            config.stash[ENDING] = config.stash.get(ENDING, -time.monotonic()) + time.monotonic()


def conclude(stack: Stack, session: pytest.Session) -> None:
    """Judges the whole record, where there is one and its stack lives."""
    from harness.scenario import whole

    ended = session.shouldstop or session.exitstatus == pytest.ExitCode.INTERRUPTED
    if ended or stack.history.events("part.died"):
        return
    config = session.config
    try:
        config.stash[WHOLE] += whole.conclude(stack)
    except Exception as error:  # the verdicts of the scenarios stand, whatever is raised here
        line = unusable(error)
        if line is not None:
            config.stash[TROUBLE].append(line)
            return
        reason = f"judging it raised {type(error).__name__}: {error}"
        unjudged = Result(
            scenario="the whole record", check=WHOLE_RECORD, outcome="unknown", reason=reason, elapsed_s=0, story=reason
        )
        config.stash[WHOLE].append(unjudged)


def remark(stack: Stack, config: pytest.Config) -> None:
    """Notes what is to be told of the run beside its verdicts."""
    from harness.scenario.pace import slowed

    line = slowed(stack.history)
    if line:
        config.stash[REMARKS].append(line)


def close(deployment: AbstractContextManager[Stack], config: pytest.Config) -> None:
    """Takes the deployment down; what couldn't be kept of it is no fault of the last scenario."""
    try:
        deployment.__exit__(None, None, None)
    except (UsageError, OSError) as error:
        line = unusable(error)
        if line is None:
            raise
        config.stash[TROUBLE].append(line)


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """While a stack is deployed, SIGTERM ends the run as SIGINT does: all is taken down, and what was found is told."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt("SIGTERM")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def left_as_interrupted(config: pytest.Config) -> Iterator[None]:
    """While a stack is deployed, `os._exit` ends the run as `pytest.exit` does, not with a good one's exit code."""
    if hasattr(config, "workerinput"):
        yield  # whoever leaves there is a worker that crashed, and the others go on
        return
    whose, leave = os.getpid(), os._exit

    def leave_told(code: int) -> NoReturn:
        if os.getpid() != whose:
            leave(code)  # a child's own end
        if threading.current_thread() is not threading.main_thread():
            leave(pytest.ExitCode.INTERNAL_ERROR)  # an exception of ours would end no more than its thread
        pytest.exit(f"os._exit({code}) was called")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "_exit", leave_told)
        yield


def history_name(config: pytest.Config) -> str:
    worker = getattr(config, "workerinput", {}).get("workerid")
    return f"history-{worker}.jsonl" if worker else "history.jsonl"
