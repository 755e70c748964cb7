"""What a profile can say, as a model: each table of the TOML file, its keys and their defaults."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Literal

from pydantic import PrivateAttr, field_validator

from harness.profile.base import Names, Port, Positive, Section
from harness.profile.database import Database
from harness.profile.features import Claims, Retries
from harness.profile.messages import Messages
from harness.profile.processes import Process, ProcessName
from harness.profile.providers import Providers
from harness.profile.queue import Queue
from harness.profile.requests import Api, Conversations, Listing, Look, Pace, Send
from harness.profile.statuses import Statuses
from harness.profile.thresholds import Load
from harness.profile.webhooks import Webhooks


class Deploy(Section):
    """How the stack comes to run."""

    driver: Literal["embedded", "containers", "compose", "attached"] = "embedded"
    """`embedded`: processes on this machine; `containers`: Docker; `compose`: a compose file of your own; `attached`:
    it runs already."""
    compose: str = "compose.yaml"
    """Compose only: the file, relative to this one's folder."""
    redis_server: str | None = None
    """Embedded only: a `redis-server` or `valkey-server` program, instead of the one from a wheel."""
    postgres_bin: str | None = None
    """Embedded only: a directory with `postgres` and `initdb`, instead of those from a wheel."""
    api_port: Port = 0
    """A fixed port for the API; 0 is any free one."""
    start_within: Positive = 30.0
    """Seconds that each part has to become ready."""


class Images(Section):
    """Containers only: the images by name; of several, the first that the engine has."""

    stack: Names = ["messaging-harness/stack:local"]
    """API, workers and migrations."""
    tools: Names = ["messaging-harness/stack:local"]
    """The mock providers and the wire."""
    postgres: Names = ["postgres:17.4-bookworm", "messaging-harness/postgres:offline"]
    """The database."""
    redis: Names = ["redis:7.4.2-bookworm", "messaging-harness/redis:offline"]
    """Redis or Valkey."""


class Policy(Section):
    """What is wrong and what is allowed."""

    delivery: Literal["at-least-once", "effectively-once"] = "at-least-once"
    """`effectively-once` lets no duplicate pass, whatever explains it."""
    queued_within: Positive = 5.0
    """Seconds after its acceptance by which a message must be on its stream; later is a failure, not unknown."""
    finished_within: Positive = 10.0
    """Seconds after its message's end by which an entry must be finished, and after its answer by which a report or
    reply must have its effect; later is a failure, not unknown."""
    taken_up_within: Positive = 40.0
    """Seconds after a worker's end by which another has taken up what it had, where `[claims] redelivery` says that one
    does."""
    recovers_within: Positive = 20.0
    """Seconds after an outage by which the stack works as before, where `[claims] outages` says that it does."""


class Waits(Section):
    """How long a scenario waits."""

    within: Positive = 10.0
    """Seconds that an expectation waits before its verdict is unknown."""


class Profile(Section):
    """How to reach a stack and how to read it; every part has the reference stack's values as defaults."""

    version: Literal[1, 2] | None = None
    """The version of this file's keys; 2 makes a key of version 1 an error that names the new one."""
    name: str = "reference"
    """What the stack is called in reports."""
    deploy: Deploy = Deploy()
    images: Images = Images()
    cwd: str | None = None
    """Embedded only: where the stack's processes and `migrate` run, relative to this file's folder: `"."`; not said:
    where the harness is called."""
    env: dict[str, str] = {}
    """Settings for every process of the stack; `{database_url}`, `{redis_port}` and so on are filled in."""
    migrate: list[str] = []
    """The command that brings the schema up to date, before the stack starts."""
    processes: dict[ProcessName, Process] = {}
    api: Api = Api()
    send: Send = Send()
    look: Look = Look()
    listing: Listing = Listing()
    messages: Messages = Messages()
    webhooks: Webhooks = Webhooks()
    conversations: Conversations = Conversations()
    pace: Pace = Pace()
    load: Load = Load()
    queue: Queue = Queue()
    database: Database = Database()
    statuses: Statuses = Statuses()
    providers: Providers = Providers()
    policy: Policy = Policy()
    claims: Claims = Claims()
    retries: Retries = Retries()
    waits: Waits = Waits()

    _written: dict[str, Any] = PrivateAttr(default_factory=dict)
    _folder: Path = PrivateAttr(default_factory=Path.cwd)

    @property
    def written(self) -> dict[str, Any]:
        """The tables that the file says, in this version's keys."""
        return copy.deepcopy(self._written)

    @property
    def folder(self) -> Path:
        """The folder of the profile's file; where the harness runs, for a profile without one."""
        return self._folder

    @field_validator("processes")
    @classmethod
    def _named(cls, processes: dict[str, Process]) -> dict[str, Process]:
        return {name: one if one.role else one.model_copy(update={"role": name}) for name, one in processes.items()}

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that its processes have, in the file's order."""
        return tuple(dict.fromkeys(one.role for one in self.processes.values()))

    def of_role(self, role: str) -> dict[str, Process]:
        """The kinds of processes of a role, by name."""
        return {name: one for name, one in self.processes.items() if one.role == role}

    def count(self, role: str) -> int:
        """How many processes of a role it starts."""
        return sum(one.count for one in self.of_role(role).values())

    def without(self, names: frozenset[str]) -> Profile:
        """The same, of which processes of these names or roles are never started."""
        processes = {
            name: one.model_copy(update={"count": 0}) if names & {name, one.role} else one
            for name, one in self.processes.items()
        }
        return self.model_copy(update={"processes": processes})
