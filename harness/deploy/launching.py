"""How the stack's processes are started: in the profile's order, each waited for where the profile says by what."""

from __future__ import annotations

import asyncio
import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from functools import partial

from harness.deploy.driver import Addresses, Member, Role
from harness.deploy.looks import listened
from harness.deploy.output import Output
from harness.deploy.processes import Process
from harness.deploy.ready import answering_api, coming, probed
from harness.deploy.roster import Roster
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.profile import Process as Kind
from harness.profile import Profile


class Launching(ABC):
    """What every deployment of ours has in common; one that starts processes otherwise says how in `_begin`."""

    _profile: Profile
    _history: History
    _roster: Roster
    _output: Output
    addresses: Addresses

    @abstractmethod
    async def _begin(self, name: str, kind: str, spec: Kind, *, until: re.Pattern[str] | None) -> Process:
        """Starts one more process of `[processes.KIND]` and follows its output, for a line that matches `until`."""

    @abstractmethod
    def _tcp_of(self, process: Process, port: int | None) -> tuple[str, int]:
        """Where a port of a process is reached from here; None is the one that the API is to listen on."""

    async def start_stack(self) -> None:
        awaited: list[tuple[str, list[Process]]] = []
        for kind, spec in self._profile.processes.items():
            fresh = await self._add(kind, spec.count)
            if spec.ready is None:
                awaited.append((kind, fresh))
            else:
                await self._await_ready(kind, fresh)
        try:
            async with asyncio.TaskGroup() as group:
                for kind, fresh in awaited:
                    group.create_task(self._await_ready(kind, fresh))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def launch(self, role: Role, *, count: int | None = None, but: Collection[str] = ()) -> None:
        for kind, number in self._shares(role, count).items():
            await self._await_ready(kind, await self._add(kind, number, but=but))

    async def launch_with(self, role: Role, env: Mapping[str, str]) -> None:  # noqa: ARG002 - reason: who can says so
        raise Unobservable(
            f"the {role} can't be given other settings for a while in containers",
            remedy='[deploy] driver = "embedded"',
        )

    def _shares(self, role: Role, count: int | None) -> dict[str, int]:
        """How many of each kind of a role are wanted; of a number that was given each has the profile's share."""
        kinds = self._profile.of_role(role)
        if count is None or not kinds:
            return {kind: spec.count for kind, spec in kinds.items()}
        turns = [kind for kind, spec in kinds.items() for _ in range(spec.count)] or list(kinds)
        chosen = list(itertools.islice(itertools.cycle(turns), count))
        return {kind: chosen.count(kind) for kind in kinds}

    async def _add(self, kind: str, wanted: int, *, but: Collection[str] = ()) -> list[Process]:
        """Starts so many; of an API, which has one address, only those that don't run yet."""
        spec = self._profile.processes[kind]
        alive = len(self._roster.named(kind)) if spec.role == "api" else 0
        log = spec.ready.log if spec.ready else None
        until = re.compile(log) if log else None
        missing = range(max(0, wanted - alive))
        return [await self._begin(self._roster.free_name(kind, but=but), kind, spec, until=until) for _ in missing]

    async def _await_ready(self, kind: str, fresh: list[Process]) -> None:
        spec = self._profile.processes[kind]
        if not fresh:
            return
        within = spec.start_within or self._profile.deploy.start_within
        ready = spec.ready
        if ready is None and spec.role != "api":
            return
        if ready is None or ready.path is not None:
            await answering_api(
                fresh[-1],
                self._profile,
                name="the API" if spec.role == "api" else fresh[-1].name,
                url=self.addresses.api,
                path=ready.path if ready else None,
                within=within,
                output=self._output,
                history=self._history,
            )
            return
        for process in fresh:
            if ready.log is not None:
                await self._printed(process, ready.log, within)
            elif ready.port is not None:
                host, port = self._tcp_of(process, None if ready.port == "{port}" else int(ready.port))
                await probed(
                    process,
                    partial(listened, host, port),
                    name=process.name,
                    output=self._output,
                    within=within,
                    history=self._history,
                )
        if ready.consumer:
            await coming(
                fresh[-1],
                self._profile,
                url=self.addresses.redis or "",
                output=self._output,
                within=within,
                history=self._history,
            )

    async def _printed(self, process: Process, log: str, within: float) -> None:
        try:
            found = await self._output.await_match(process, within=within)
        except TimeoutError as error:
            raise DeployError(
                f"{process.name} was not ready within {within:g} s: no line of its output matches {log!r} ([processes] "
                f"ready); look at the logs in {self._output.directory}"
            ) from error
        if not found:
            raise DeployError(f"{process.name} {self._output.end_of(process, when=' at its start')}")

    def members(self, role: Role) -> list[Member]:
        return self._roster.members(role)

    def name_of_host(self, host: str) -> str | None:  # noqa: ARG002 - reason: on this machine all have the same
        return None

    def restarts(self, role: Role) -> bool:  # noqa: ARG002 - reason: whom we started we end and start ourselves
        return False

    def logs(self, name: str) -> str:
        return self._output.tail(name)
