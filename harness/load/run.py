"""A load run from end to end: deploy, generate, drain, account, judge."""

from __future__ import annotations

import contextlib
import gc
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.checks import Account, account
from harness.deploy.ports import Ports
from harness.history.facts import Facts
from harness.load.aiming import backlog_of, target_of
from harness.load.backlog import Costs
from harness.load.conductor import Conductor, GeneratorFailed
from harness.load.fitting import USERS, fitted, without
from harness.load.judge import punctuality
from harness.load.judging import judge
from harness.load.knowing import shown_at_all, unknown
from harness.load.meter import Meter
from harness.load.pause import paused
from harness.load.plan import Plan
from harness.load.prepared import prepare, unprepared
from harness.load.request import Request
from harness.load.result import Result
from harness.load.samples import Page, Samples, Watch
from harness.load.schedule import Arrival, arrivals
from harness.load.waits import Waits
from harness.profile import Profile
from harness.scenario.stack import Stack
from harness.session import Options, deployed

LEAD = 0.5
"""Seconds between the word to go and the first arrival, in which each process draws up its share."""


def run(request: Request, *, watch: Watch, told: Callable[[str], None] = print) -> Iterator[Result]:
    """One result for each load: one, or as many as are started on Locust's page until Locust is stopped."""
    request = fitted(request, told=told)
    profile = observing(request)
    scheduled = arrivals(request.plan)  # a plan that can't be is refused before anything starts
    options = options_of(request)
    with contextlib.ExitStack() as cleanup:
        stack = cleanup.enter_context(deployed(profile, options))
        request = with_rows(request, stack, told=told)
        scheduled = arrivals(request.plan)
        told(f"the stack is up; {len(scheduled)} messages in {request.plan.duration:g} s")
        load = Load(request, stack)
        cleanup.callback(load.close)
        load.start(told)
        with contextlib.suppress(GeneratorFailed) if request.page else contextlib.nullcontext():
            while True:
                yield load.once(watch)
                if not request.page:
                    return


def observing(request: Request) -> Profile:
    """The profile, with what the request says of watching its stack."""
    if request.observe == "full":
        return request.profile
    queue = request.profile.queue.model_copy(update={"observe": "tail"})
    return request.profile.model_copy(update={"queue": queue})


def options_of(request: Request) -> Options:
    """How the stack of a request is deployed."""
    return Options(
        build=request.build,
        stack_env=request.stack_env,
        provider_latency=request.provider_latency,
        account=request.observe == "account",
    )


def with_rows(request: Request, stack: Stack, *, told: Callable[[str], None]) -> Request:
    """The request, without QueueUser where its rows have no place; raises UsageError as `fitted` does."""
    url, plan = stack.driver.addresses.database, request.plan
    if "queue" not in plan.kinds or url is None:
        return request
    why = stack.loop.run(unprepared(url, table=stack.profile.database.table), timeout=30)
    return replace(request, plan=without(plan, {"queue": why} if why else {}, asked=request.asked, told=told))


class Load:
    """The generator beside a deployed stack."""

    def __init__(self, request: Request, stack: Stack) -> None:
        self._request = request
        self._stack = stack
        self._target = target_of(stack, request.plan)
        self._meter: Meter | None = None
        self._ports = Ports()
        self._backlog = backlog_of(stack)
        postgres = stack.profile.database.kind == "postgres"
        self._waits = Waits(stack.loop, stack.driver.addresses.database if postgres else None)
        self._conductor = Conductor(
            log=request.build / "logs" / "locust.log", locustfile=request.locustfile, on_sends=self._sends
        )

    def start(self, told: Callable[[str], None]) -> None:
        request = self._request
        pool = request.pool()
        total = str(sum(pool.values()))
        options = ["-u", total, "-r", total, "--loglevel", "WARNING", "--csv", str(request.build / "locust")]
        if request.page:
            port = self._ports.fixed(request.port, name="page of Locust") if request.port else self._ports.free()
            options += ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(port)]
        else:
            options += ["--headless", "--only-summary"]
        if request.processes:
            options += ["--processes", str(request.processes), "--master-bind-host", "127.0.0.1"]
            options += ["--master-host", "127.0.0.1", *self._bind()]
        options += [USERS[kind] for kind in pool]
        timeout = self._stack.profile.api.timeout
        self._conductor.start(*options, host=self._target.api, users=json.dumps(pool), timeout=timeout)
        if request.page:
            told(f"Locust's page: http://127.0.0.1:{port} (stop with Ctrl-C)")

    def _bind(self) -> list[str]:
        port = str(self._ports.free())
        return ["--master-bind-port", port, "--master-port", port]

    def _sends(self, rows: list[Any]) -> None:
        if self._meter is not None:
            self._meter.sends(rows)

    def once(self, watch: Watch) -> Result:
        """One load, from the moment at which all users are ready until the last message has come to its end."""
        request, stack = self._request, self._stack
        # on Locust's page people choose how many users there are
        self._conductor.await_ready(processes=request.generating, within=None if request.page else 60)
        plan = request.plan.again()
        scheduled = arrivals(plan)
        self._prepare(plan, scheduled)
        start = time.time() + LEAD + len(scheduled) * 2e-5
        page = Page(self._conductor)
        meter = self._meter = Meter(
            stack.history,
            stack.profile,
            plan,
            arrivals=scheduled,
            start=start,
            on_stage=page.stage,
            late=request.observe == "account",
        )
        samples = Samples(self._backlog, Costs(self._names), meter, page=page, watch=watch, waits=self._waits.look)
        stop = threading.Event()
        with contextlib.ExitStack() as cleanup:
            # what is there already won't go away: the collector needn't look at it again and again
            gc.freeze()
            cleanup.callback(gc.unfreeze)
            cleanup.callback(samples.close)
            samples.start()
            cleanup.callback(stop.set)
            pausing = cleanup.enter_context(paused(stack, request.pause, start=start, stop=stop))
            self._conductor.go(plan, target=self._target, start=start, most=request.most())
            limit = start - time.time() + plan.duration + plan.patience + stack.profile.api.timeout
            self._conductor.await_done(processes=request.generating, within=limit)
            pausing()
            began = time.monotonic()
            found = self._drain(meter, samples)
            drained = time.monotonic() - began
        dropped = self._conductor.dropped()
        on_time = punctuality(
            scheduled, meter.started, own=meter.own, dropped=dropped, start=start, limit=request.late_after
        )
        accepted, _ = self._conductor.merged()
        page.end()
        meter.close()
        lacking = unknown(stack.facts, meter, self._backlog)
        judged = judge(request, stack, meter, found, on_time, samples, lacking=lacking)
        return Result(
            meter=meter,
            account=found,
            verdicts=judged.verdicts,
            held=judged.held,
            blamed=judged.blamed,
            spent=judged.spent,
            limits=judged.limits,
            punctuality=on_time,
            accepted=accepted,
            samples=samples.rows,
            holds=self._holds(start),
            drained_s=drained,
            profile=stack.profile.name,
            observe=request.observe,
            unknown=lacking,
        )

    def _prepare(self, plan: Plan, scheduled: list[Arrival]) -> None:
        url, profile = self._stack.driver.addresses.database, self._stack.profile
        if url is not None and "queue" in plan.kinds:
            table, status = profile.database.table, profile.statuses.queued
            rows = prepare(url, plan, scheduled, table=table, status=status, messages=profile.messages)
            self._stack.loop.run(rows, timeout=120)

    def _names(self) -> dict[int, str]:
        driver = self._stack.driver
        return {m.pid: m.name for role in self._stack.profile.roles for m in driver.members(role) if m.pid is not None}

    def _holds(self, start: float) -> list[tuple[float, float]]:
        windows = Facts(self._stack.history).windows("hold")
        return [(w.began.at - start, w.ended.at - start) for w in windows if w.ended and w.ended.at >= start]

    def _drain(self, meter: Meter, samples: Samples) -> Account:
        """The account once every message has come to its end, or none can any more, or it took too long."""
        stack, examined = self._stack, len(samples.rows)
        shows = shown_at_all(stack.facts)
        deadline = time.monotonic() + self._request.drain_within

        def look() -> bool | None:
            # each sample is examined once, so that a wait for a retry doesn't keep us busy
            fresh = len(samples.rows) > examined
            return True if fresh and (meter.outstanding == 0 or samples.empty or not shows) else None

        while True:
            stack.history.wait_until(look, deadline=deadline)
            examined = len(samples.rows)
            self._backlog.look()
            stack.settle()  # what was done before the look may not have been told yet
            found = account(stack.history, stack.profile, after=meter.first)
            if not found.of("unfinished") or not shows or time.monotonic() >= deadline:
                return found

    def close(self) -> None:
        self._conductor.close()
        self._backlog.close()
        self._waits.close()
        self._ports.close()
