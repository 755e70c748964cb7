"""What every deployment can do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

Role = str
"""What a process is for: `api` and `worker`, of which checks speak, or whatever a profile calls it."""


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the parts of a stack are reached; None for a part that this deployment doesn't show."""

    api: str
    database: str | None = None
    redis: str | None = None
    mocks: str | None = None
    twilio_account: str | None = None
    sendgrid_account: str | None = None
    mocks_token: str | None = field(default=None, repr=False)
    """What the mocks' control plane asks for where it isn't on loopback only."""

    @property
    def mocks_headers(self) -> dict[str, str]:
        return bearer(self.mocks_token)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One running process (or container) of the stack, with all that it started; `pid` is the first of them.

    Its name is its kind's in the profile with a number: `mailer-1` may be a worker.
    """

    name: str
    role: Role
    pid: int | None = None
    held: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """Whom a hold or a kill has reached: members by name, and every process that belongs to them.

    `unsure` are those of the names who were told to stop and weren't seen to.
    """

    names: tuple[str, ...] = ()
    pids: frozenset[int] = frozenset()
    unsure: frozenset[str] = frozenset()


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


class Servers(Protocol):
    """Redis and PostgreSQL of a deployment, by the names `redis` and `postgres`, as a fault may disturb them.

    What is awaited runs in the harness's loop.
    """

    def has(self, part: str) -> bool: ...

    def runs(self, part: str) -> bool: ...

    def pid(self, part: str) -> int: ...

    async def end(self, part: str, ask: Callable[[], None]) -> None:
        """Ends a server by what `ask` does; returns when it has ended, raises DeployError where it doesn't."""

    async def start(self, part: str) -> None:
        """Starts a server that has ended, on what it has kept; returns when it is ready."""

    def said(self, part: str) -> int:
        """How many lines a server has said so far, for `count`."""

    def count(self, part: str, pattern: str, *, since: int) -> int:
        """How many lines match that a server has said since."""

    def limit_files(self, part: str, most: int) -> None:
        """No file of a server may grow beyond so many bytes; -1 takes the limit away. Its children have it from birth.

        To the server that is a full disk: a write fails (EFBIG in place of ENOSPC), and no disk is filled by it.
        """


class Driver(Protocol):
    """One way to run a stack: embedded, in containers, or one that already runs.

    What a driver can't do raises Unobservable, so that the checks that need it are unknown and never green.
    All methods run in the harness's loop.
    """

    addresses: Addresses
    manages_processes: bool
    """Whether it knows which processes run, so that "no consumer" can be said."""

    @property
    def services(self) -> Servers | None:
        """The servers, where a fault may end and limit them."""

    async def start_services(self) -> None:
        """Starts database, queue and mocks, and brings the schema up to date; the probes start after this."""

    async def start_stack(self) -> None:
        """Starts the stack's processes, in the profile's order; returns when those are ready that tell of it."""

    async def stop(self) -> None:
        """Ends everything that this driver started, and nothing else."""

    def members(self, role: Role) -> list[Member]:
        """The processes of a role that run now."""

    def pids(self, role: Role) -> frozenset[int]:
        """Every process of a role that runs now, with all that its members started; of this machine's numbers."""

    def name_of_pid(self, pid: int) -> str | None:
        """The name of the member that a process belongs to, also where it was started by it; None for a stranger."""

    def name_of_host(self, host: str) -> str | None:
        """The name of the member that has this network address to itself, as a container has; None for a stranger."""

    async def hold(self, role: Role) -> Reached:
        """Stops all processes of a role where they stand, with all that they started; returns when they have stopped.

        A hold of what is held already lasts until the last release.
        """

    async def release(self, role: Role) -> None:
        """Lets held processes go on."""

    async def kill(self, role: Role) -> Reached:
        """Ends all processes of a role without warning (SIGKILL), with all that they started; none is left."""

    async def terminate(self, role: Role) -> None:
        """Asks all processes of a role to stop (SIGTERM to each, or as the profile says), and kills what is left."""

    async def launch(self, role: Role, *, count: int | None = None, but: Collection[str] = ()) -> None:
        """Starts the processes of a role (again); `count` overrides the profile's numbers, whose shares stay.

        They get the first names that are free, and none of `but`: a worker of another name is another consumer.
        """

    async def launch_with(self, role: Role, env: Mapping[str, str]) -> None:
        """Starts the profile's processes of a role with more settings than it says; raises Unobservable."""

    def restarts(self, role: Role) -> bool:
        """Whether `launch` alone both ends and starts the processes of a role, because a command of theirs does."""

    def logs(self, name: str) -> str:
        """The last lines of a process's output."""
