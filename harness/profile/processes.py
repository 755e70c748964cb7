"""The stack's processes: how they are started, or found where they run already."""

from __future__ import annotations

import re
import signal
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harness.profile.base import KeyWrong, Positive, Section

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
FOUND_BY: Final = ("pid_file", "match", "unit", "container", "service")
"""The keys that say which running process is meant."""


def named(value: object) -> object:
    if isinstance(value, str) and not NAME.fullmatch(value):
        raise ValueError(f'{value!r} is no name of processes; write small letters, digits, _ and -: "mail-worker"')
    return value


def pattern(value: object) -> object:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from error
    return value


def signalled(value: object) -> object:
    if isinstance(value, str) and not hasattr(signal.Signals, value):
        raise ValueError(f'{value!r} is no signal; write "SIGTERM", "SIGINT" …, or a command: ["…"]')
    return value


ProcessName = Annotated[str, BeforeValidator(named)]
Pattern = Annotated[str, BeforeValidator(pattern)]
Command = Annotated[list[str], Field(min_length=1)]


class Ready(Section):
    """By what it is told that a process is ready; one of the four."""

    path: str | None = None
    """It answers 2xx: a path on the API's address, or a whole URL."""
    port: Annotated[int, Field(ge=1, le=65535)] | Literal["{port}"] | None = None
    """It accepts TCP there; `"{port}"` is the API's."""
    log: Pattern | None = None
    """A regular expression, which a line of its output matches."""
    consumer: bool = False
    """Someone has come to the queue since: `[queue] group` has a consumer, or a client of Redis waits for entries."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        said = [name for name, value in self if value not in (None, False)]
        if len(said) != 1:
            what = f"it says {' and '.join(said)}" if said else "it says nothing"
            raise ValueError(f'{what}; say one of path, port, log, consumer: {{ log = "listening on" }}')
        return self


class Process(Section):
    """A kind of process of the stack: `[processes.api]`, `[processes.worker]`, or any other name."""

    role: ProcessName = ""
    """What it is: `api` and `worker` are the roles that checks speak of, and several may share one; others are
    started, restarted and told of. Not said: its name."""
    command: Command | None = None
    """The program and its words; `{python}` is our interpreter, `{profile}` this file's folder."""
    count: int = Field(default=1, ge=0, le=32)
    """How many of them run."""
    env: dict[str, str] = {}
    """Settings for these processes alone; placeholders are filled in as in `[env]`."""
    cwd: str | None = None
    """Where it runs: relative to this file's folder; not said: where the harness runs. In containers: a folder of the
    image."""
    ready: Ready | None = None
    """When it is ready: `{ path = "/healthz" }`, `{ port = 8025 }`, `{ log = "ready" }` or `{ consumer = true }`; what
    follows in this file is started after that. Not said: an API by `[api] ready`, others at once."""
    start_within: Positive | None = None
    """Seconds that it has to become ready; not said: those of `[deploy]`."""
    stop: Annotated[str | Command, BeforeValidator(signalled)] = "SIGTERM"
    """How it is asked to stop: a signal, or a command: `["{python}", "stop.py"]`."""
    pid_file: str | None = None
    """Attached only: where the running process's number stands, so that it can be held."""
    match: Pattern | None = None
    """Attached only: a regular expression, which its command line matches; processes of this user alone."""
    unit: str | None = None
    """Attached only: the systemd unit whose main process it is."""
    container: str | None = None
    """Attached only: the name or id of its container."""
    service: str | None = None
    """The compose service: of `[deploy] compose` (not said: its name), or of containers that run: `"worker"`, or
    `"project/worker"`."""
    hold: Command | None = None
    """Attached only: a command that stops it where signals can't; `release` lets it go on."""
    release: Command | None = None
    """Attached only: the command that ends a hold; it is also run where the harness dies in between."""
    kill: Command | None = None
    """Attached only: a command that ends it without warning."""
    restart: Command | None = None
    """Attached only: a command that starts it (again)."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = [name for name in FOUND_BY if getattr(self, name) is not None]
        if len(found) > 1:
            raise KeyWrong(found[1], f"{found[0]} says already which process it is; leave one of them out")
        for one, other in (("hold", "release"), ("release", "hold")):
            if getattr(self, one) is not None and getattr(self, other) is None:
                raise KeyWrong(one, f'it needs {other} = ["…"] beside it, the command that does the opposite')
        return self

    @property
    def found_by(self) -> str | None:
        """The key that says which running process it is; None where none does."""
        return next((name for name in FOUND_BY if getattr(self, name) is not None), None)

    @property
    def held_by(self) -> bool:
        """Whether something says how it can be held where it runs already."""
        return self.found_by is not None or self.hold is not None


def kind_of(process: object) -> str:
    """The name in the profile of a process that runs: `mail-worker-2` is one of `[processes.mail-worker]`."""
    return str(process).rpartition("-")[0]
