"""The stack's processes: how they are started, or found where they run already."""

from __future__ import annotations

from pydantic import Field

from harness.profile.base import Section


class Process(Section):
    """A kind of process of the stack: `[processes.api]`, `[processes.worker]`, or any other name."""

    command: list[str] = Field(min_length=1)
    """The program and its words; `{python}` is our interpreter."""
    count: int = Field(default=1, ge=0, le=32)
    """How many of them run."""
    env: dict[str, str] = {}
    """Settings for these processes alone."""
    pid_file: str | None = None
    """Attached only: where the running process's number stands, so that it can be held."""
