"""Deploys a stack as its profile says, puts the probes in place, and takes everything down again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.deploy.attached import Attached
from harness.deploy.driver import Addresses, Driver
from harness.deploy.embedded import Embedded
from harness.deploy.starting import Start
from harness.errors import ProfileError, UsageError
from harness.extras import DISTRIBUTION, need
from harness.history import FORMAT, Event, History, Journal
from harness.keeping import advice
from harness.loop import Loop
from harness.probes.counters import Counters
from harness.probes.database import DatabaseProbe
from harness.probes.late_rows import LateRows
from harness.probes.monitor import MonitorProbe
from harness.probes.places_probe import PlacesProbe
from harness.probes.polled import PolledProbe
from harness.probes.probe import Probe, Unwatched, declare
from harness.probes.providers import ProvidersProbe
from harness.probes.sqlite import SqliteProbe
from harness.probes.standing import Standing
from harness.probes.unqueued import UnqueuedProbe
from harness.probes.wire import WireProbe, database_of
from harness.profile import Profile
from harness.profile.base import CHANNELS
from harness.profile.database import sqlite_path
from harness.profile.placeholders import told_of_redis
from harness.profile.recorded import recorded
from harness.redact import Redactor
from harness.scenario.client import ApiClient
from harness.scenario.messages import such_as
from harness.scenario.providers import ProviderControl
from harness.scenario.stack import Stack
from harness.vitals import Refused

UNKEPT = "the history couldn't be kept"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run sets beside its profile."""

    build: Path
    """Where the history and the logs go."""
    history_name: str = "history.jsonl"
    stack_env: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    """Processes, or roles, that are never started."""
    time_scale: float = 1.0
    provider_latency: float = 0.0
    account: bool = False
    """Whether the stack is watched for the account of its messages alone: all is read at the end, nothing before."""
    database_wire: bool = False
    """Whether the stack's processes reach PostgreSQL through the wire, too, where that can be arranged."""
    redactor: Redactor = field(default_factory=Redactor)
    """Learns the secrets of the deployment, for whoever writes reports."""


@contextlib.contextmanager
def deployed(profile: Profile, options: Options) -> Iterator[Stack]:
    """A deployed and observed stack for as long as the block runs; raises DeployError where it can't be had."""
    profile = sensible(profile, without=options.without, stack_env=options.stack_env)
    history = History()
    redactor = options.redactor
    for settings in (options.stack_env, *secretive(profile)):
        redactor.hide_settings(settings)
    redactor.hide_urls(profile.queue.url, profile.database.url, profile.api.url, profile.providers.url)
    journal = Journal(history, options.build / options.history_name, redact=redactor)
    loop = Loop()
    start = Start(history, loop)
    with contextlib.ExitStack() as cleanup:
        cleanup.enter_context(kept(history, journal))
        cleanup.callback(loop.close)
        wire = None if options.account else wire_for(profile, history)
        logs = options.build / "logs" / Path(options.history_name).stem
        driver = driver_for(
            *(profile, history),
            redactor=redactor,
            logs=logs,
            stack_env=options.stack_env,
            wire=wire,
            database_wire=options.database_wire,
        )
        cleanup.callback(lambda: loop.run(driver.stop()))
        named = {kind: one.role for kind, one in profile.processes.items() if driver.manages_processes or one.held_by}
        # whoever else runs in a compose project, or on an attached machine, the profile needn't name
        whole = profile.deploy.driver in ("embedded", "containers")
        roles = list(dict.fromkeys(named.values()))
        declare(history, "deploy", roles=roles, processes=named, whole=whole, record=record_of(profile))
        start.run(driver.start_services())
        driver.addresses = in_database(driver.addresses, profile)
        refused = refused_for(history, driver)
        probes = probes_for(profile, history, driver, wire=wire, on_refused=refused, late=options.account)
        for probe in probes:
            cleanup.callback(stop_probe, loop, probe)
            start.run(probe.start())
        start.run(driver.start_stack())
        for probe in probes:
            if isinstance(probe, SqliteProbe):  # the stack may have made its file only now
                start.run(probe.ready())
        stack = Stack(
            profile=profile,
            history=history,
            driver=driver,
            loop=loop,
            probes=probes,
            wire=wire,
            client=ApiClient(history, url=driver.addresses.api, profile=profile, on_refused=refused),
            providers=providers_for(history, driver.addresses, profile),
            counters=counters_for(profile, history, driver.addresses),
            time_scale=options.time_scale,
        )
        cleanup.enter_context(such_as(profile.messages))
        # after the probes were registered, so that it runs before they stop
        cleanup.callback(stack.close)
        if stack.has_providers:
            cleanup.enter_context(latency(stack, options.provider_latency))
        yield stack


def record_of(profile: Profile) -> dict[str, Any]:
    """What a record says of itself: the version of its form, who made it, and what of the profile its checks read."""
    return {"format": FORMAT, "made_by": version(DISTRIBUTION), "profile": recorded(profile)}


def secretive(profile: Profile) -> Iterator[Mapping[str, str]]:
    """The tables of a profile in which secrets may stand, by names that say so."""
    yield from (profile.api.headers, profile.look.headers, profile.env)
    yield from (profile.send.of(channel).headers for channel in CHANNELS)
    yield from (process.env for process in profile.processes.values())


@contextlib.contextmanager
def kept(history: History, journal: Journal) -> Iterator[None]:
    """Closes the journal at the end; where not all can be written, waits end and UsageError is raised."""

    def look(_: Event) -> None:
        if journal.error is not None:
            history.end(UsageError(advice(journal.error, UNKEPT)))

    history.listen(look)
    try:
        yield
    finally:
        journal.close()
    if journal.error is not None:
        raise UsageError(advice(journal.error, UNKEPT))


def sensible(profile: Profile, *, without: frozenset[str], stack_env: Mapping[str, str]) -> Profile:
    """The profile with some roles never started; raises ProfileError for what can't be done with such a profile."""
    if profile.api.http2:
        need("h2")
    attached = profile.deploy.driver == "attached"
    names = dict.fromkeys([*profile.processes, *profile.roles])
    unknown = without - set(names)
    if unknown:
        known = ", ".join(names) or "none"
        raise ProfileError(
            f"--without {', '.join(sorted(unknown))}: the profile starts no such process; it has {known}"
        )
    if stack_env and attached:
        raise ProfileError("--stack-env sets nothing on an attached stack, which already runs; set it there")
    return profile.without(without)


def wire_for(profile: Profile, history: History) -> WireProbe | None:
    deployed_by_us = profile.deploy.driver != "attached"
    if profile.deploy.driver == "compose" and not told_of_redis(profile):
        return None
    wanted = profile.queue.observe == "wire" or (profile.queue.observe == "auto" and deployed_by_us)
    return WireProbe(history, profile.queue) if wanted and profile.queue.base != "none" else None


def driver_for(
    profile: Profile,
    history: History,
    *,
    redactor: Redactor,
    logs: Path,
    stack_env: Mapping[str, str],
    wire: WireProbe | None,
    database_wire: bool = False,
) -> Driver:
    if profile.deploy.driver == "attached":
        return Attached(profile, history)
    if profile.deploy.driver == "embedded":
        need("hiredis", "uvloop", "starlette", "uvicorn")  # by the wire's and the mocks' processes
        return Embedded(
            profile,
            history,
            redactor=redactor,
            logs=logs,
            stack_env=stack_env,
            wire=wire,
            database_wire=database_wire,
        )
    if profile.deploy.driver == "compose":
        from harness.deploy.compose import Composed

        return Composed(profile, history, redactor=redactor, logs=logs, stack_env=stack_env, wire=wire)
    from harness.deploy.containers import Containers

    return Containers(profile, history, redactor=redactor, logs=logs, stack_env=stack_env, wire=wire)


def in_database(where: Addresses, profile: Profile) -> Addresses:
    """The addresses with the Redis database that the profile names; an attached stack's URL has it already."""
    if where.redis is None or profile.deploy.driver == "attached":
        return where
    url = urlsplit(where.redis)._replace(path=f"/{database_of(profile.queue.url)}")
    return replace(where, redis=url.geturl())


def refused_for(history: History, driver: Driver) -> Callable[[], None]:
    """What to make of a connection that the API refused; where a deployment is ours, it knows itself who lives."""
    api = driver.addresses.api
    return (lambda: None) if driver.manages_processes else Refused(history, f"the API at {api}", url=api)


def probes_for(
    profile: Profile,
    history: History,
    driver: Driver,
    *,
    wire: WireProbe | None,
    on_refused: Callable[[], None],
    late: bool = False,
) -> list[Probe]:
    """One probe for each part of the stack that this profile lets us see; `late` ones read at the end alone."""
    where = driver.addresses

    probes: list[Probe] = []
    if wire is not None:
        wire.url = where.redis
        probes.append(wire)
    elif profile.queue.base == "none":
        probes.append(UnqueuedProbe(history))
    elif late:
        reason = "the load is watched for its account alone, and nobody looks at single entries"
        probes.append(UnqueuedProbe(history, reason=reason, remedy="--observe stages", counted=True))
    elif where.redis:
        monitor = profile.queue.observe != "tail"
        names, hosts = driver.name_of_pid, driver.name_of_host
        kind = MonitorProbe if profile.queue.base == "stream" else PlacesProbe
        probes.append(
            kind(history, profile.queue, url=where.redis, name_of_pid=names, name_of_host=hosts, monitor=monitor)
        )
    probes.append(rows_probe(profile, history, driver, on_refused=on_refused, late=late))
    if where.mocks:
        # where the stack mocks its providers inside, ours are there for what comes in
        calls = profile.providers.observe == "mock"
        mine = frozenset(name for name in (where.twilio_account, where.sendgrid_account) if name) or None
        probes.append(
            ProvidersProbe(history, url=where.mocks, headers=where.mocks_headers, calls=calls, accounts=mine, late=late)
        )
    return probes


def rows_probe(
    profile: Profile, history: History, driver: Driver, *, on_refused: Callable[[], None], late: bool = False
) -> Probe:
    """What shows a message's status: its row, as it changes, or the API, now and then, or nothing."""
    where, database = driver.addresses, profile.database
    if where.database and database.watched:
        file = sqlite_path(where.database)
        if database.kind == "sqlite" and file is not None:
            late = driver.manages_processes
            return SqliteProbe(history, database, path=file, statuses=profile.statuses, late=late)
        watching = LateRows if late else DatabaseProbe
        return watching(history, database, url=where.database, statuses=profile.statuses)
    if database.observe == "none":
        return Unwatched(
            history, "the profile says that nobody looks at a message's status", '[database] observe = "auto"'
        )
    if not profile.look.path:
        remedy = "[database] url and a table whose rows can be watched, or [look] path, where the API shows a message"
        return Unwatched(history, "the profile names neither a database nor where the API shows a message", remedy)
    return PolledProbe(history, profile, url=where.api, on_refused=on_refused)


def providers_for(history: History, where: Addresses, profile: Profile) -> ProviderControl | None:
    if not (where.mocks and (where.twilio_account or where.sendgrid_account)):
        return None
    return ProviderControl(
        history,
        url=where.mocks,
        headers=where.mocks_headers,
        twilio_account=where.twilio_account,
        sendgrid_account=where.sendgrid_account,
        profile=profile,
        api=where.api,
    )


def counters_for(profile: Profile, history: History, where: Addresses) -> Counters | None:
    if not where.redis or profile.queue.base == "none":
        return None
    kind = Counters if profile.queue.base == "stream" else Standing
    return kind(history, profile.queue, url=where.redis)


@contextlib.contextmanager
def latency(stack: Stack, seconds: float) -> Iterator[None]:
    """Slows every provider call of the run down."""
    if seconds <= 0:
        yield
        return
    with stack.providers.fault({}, latency_s=seconds):
        yield


def stop_probe(loop: Loop, probe: Probe) -> None:
    loop.run(probe.stop())
