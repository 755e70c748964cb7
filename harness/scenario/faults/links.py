"""Faults of the links between a role's processes and what they speak to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from harness.errors import Unobservable, UsageError
from harness.history import Event
from harness.scenario.faults.window import Window, positive
from harness.scenario.steps import step

PARTS: Final = ("redis", "postgres")
"""What a process may have a link to, as faults call it."""


class Links(Window):
    """A link is what lies between the processes of a role and a server: `("worker", "redis")`."""

    @contextlib.contextmanager
    @step(lambda _, role, part: f"cut the link of the {role} to {part}")
    def cut(self, role: str, part: str) -> Iterator[Event]:
        """Closes the role's connections to a part, and has new ones refused."""
        with self._link("cut", role, part) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, part: f"reset what the {role} says to {part}")
    def reset(self, role: str, part: str) -> Iterator[Event]:
        """Resets the role's connections to a part, and new ones as soon as they are made."""
        with self._link("reset", role, part) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, part: f"swallow what the {role} and {part} say to each other")
    def half_open(self, role: str, part: str) -> Iterator[Event]:
        """Lets what is said between a role and a part arrive nowhere; the connections are reset at the end."""
        with self._link("half-open", role, part) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, part: f"lose what {part} answers to the {role}")
    def unheard(self, role: str, part: str) -> Iterator[Event]:
        """Lets what a role says to a part arrive, and no answer come back; the connections are reset at the end."""
        with self._link("unheard", role, part) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, part, seconds, **__: f"delay what the {role} and {part} say by {seconds:g} s")
    def delay(self, role: str, part: str, *, seconds: float, jitter: float = 0.0) -> Iterator[Event]:
        """Makes all that is said between a role and a part `seconds` later each way, and up to `jitter` s more."""
        positive(seconds, "seconds")
        if jitter < 0:
            raise UsageError(f"jitter = {jitter!r}: expected seconds, 0 or more")
        with self._link("delay", role, part, seconds=seconds, jitter=jitter) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, part, bytes_per_s: f"slow the link of the {role} to {part} down to {bytes_per_s:g} bytes/s")
    def slow(self, role: str, part: str, *, bytes_per_s: float) -> Iterator[Event]:
        """Lets only so many bytes a second pass between a role and a part, each way."""
        with self._link("slow", role, part, bytes_per_s=positive(bytes_per_s, "bytes_per_s")) as begin:
            yield begin

    @property
    def links(self) -> list[tuple[str, str]]:
        """The links that faults can be put on: roles, each with a part that its processes reach through the wire."""
        if self._wire is None or self._wire.control is None:
            return []
        known = self._loop.run(self._wire.control.ask("links"))["links"]
        facts = self._waiting.facts
        return sorted({(facts.role(process), part) for process, part in known})

    @contextlib.contextmanager
    def _link(self, what: str, role: str, part: str, **more: float) -> Iterator[Event]:
        if part not in PARTS:
            raise UsageError(f"{part!r} is no part that a link leads to; there are {', '.join(PARTS)}")
        kinds = " ".join(self._waiting.profile.of_role(self._role(role)) or [role])
        control = self._wire.control if self._wire is not None else None
        if control is None or (role, part) not in self.links:
            ours = self._waiting.facts.manages_processes
            through = "--deep" if part == "postgres" else '[queue] observe = "wire"'
            remedy = through if ours else "let the harness deploy the stack"
            reason = f"no wire stands between the {role} and {part}, so nothing can be wrong there"
            raise Unobservable(reason, remedy=remedy)

        def start(begin: Event) -> None:
            ask = control.ask("disturb", fault=begin.data["number"], process=kinds, part=part, what=what, **more)
            self._loop.run(ask)

        def heal(begin: Event) -> int:
            return int(self._loop.run(control.ask("heal", fault=begin.data["number"]))["hits"])

        with self._window(what, role, start=start, heal=heal, more={"part": part, **more}) as begin:
            yield begin
