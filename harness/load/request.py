"""What `harness load` was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Literal, get_args

from harness.errors import UsageError
from harness.load.plan import MOST_USERS, Kind, Plan
from harness.load.schedule import peak
from harness.profile import Profile
from harness.profile.thresholds import Threshold, threshold

Observe = Literal["full", "stages", "account"]
"""Everything; what tells each message's stages, without the wire; or nothing, and what became of each at the end."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """All workers stopped, `at` seconds after the start, for `seconds`."""

    at: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Request:
    """A load run: the plan, and everything around it."""

    profile: Profile
    plan: Plan
    build: Path
    asked: bool = False
    """Whether the mix is the caller's own: what can't be of it is an error then, and not left out."""
    stack_env: Mapping[str, str] = field(default_factory=dict)
    processes: int = 0
    """Workers beside a master; 0: one process alone."""
    users: int = 0
    """Users of each kind; 0: as many as half a second of the greatest rate, and more as they are needed."""
    observe: Observe = "full"
    """How much of the stack is watched meanwhile."""
    pause: Pause | None = None
    provider_latency: float = 0.0
    drain_within: float = 60.0
    late_after: float = 0.1
    """A start is late when it comes so many seconds after its time."""
    late_share: float = 0.05
    """The share of starts that may be late."""
    thresholds: Sequence[Threshold] = ()
    """What must hold, beside those of the profile's `[load]`."""
    warm_up: float = 0.0
    """Seconds in which messages arrive that no threshold asks about."""
    page: bool = False
    """Locust's own page."""
    port: int = 0
    locustfile: Path | None = None
    """Users of the caller's own; None: those that come with the harness."""

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("processes", self.processes, 0, 16),
            ("users", self.users, 0, MOST_USERS),
            ("drain-within", self.drain_within, 0.1, 3600),
            ("late-after", self.late_after, 0.001, 60),
            ("late-share", self.late_share, 0, 1),
        ):
            if not least <= value <= most:
                raise UsageError(f"--{name} {value:g} is out of range; give one from {least:g} to {most:g}")
        if self.locustfile is not None and not self.locustfile.is_file():
            raise UsageError(
                f"--locustfile {self.locustfile} is no file; copy the folder loadtests and name its locustfile.py"
            )
        if self.observe not in get_args(Observe):
            known = ", ".join(get_args(Observe))
            raise UsageError(f"--observe {self.observe!r} isn't known; known are {known}")
        if self.observe == "account":
            self._readable_at_the_end()
        if not 0 <= self.warm_up < self.plan.duration:
            raise UsageError(
                f"--warm-up {self.warm_up:g} s leaves nothing of {self.plan.duration:g} s; give a shorter one"
            )
        if self.pause and not 0 <= self.pause.at < self.plan.duration:
            raise UsageError(
                f"--pause-at {self.pause.at:g} s is not within the run of {self.plan.duration:g} s; give an earlier one"
            )

    def _readable_at_the_end(self) -> None:
        database, driver = self.profile.database, self.profile.deploy.driver
        if driver == "attached":
            raise UsageError(
                "--observe account reads the whole table of messages, which on an attached stack may be any size; "
                "give --observe stages"
            )
        if database.kind != "postgres" or not database.watched:
            raise UsageError("--observe account reads rows from PostgreSQL; give --observe stages on this stack")

    @property
    def asked_of_it(self) -> list[Threshold]:
        """Every threshold of the run, the profile's first."""
        return [*map(threshold, self.profile.load.thresholds), *self.thresholds]

    @property
    def generating(self) -> int:
        """How many processes send."""
        return max(1, self.processes)

    def most(self) -> dict[Kind, int] | None:
        """Up to how many users of each kind there may come to be, where all wait; None: as many as asked."""
        return None if self.users else dict.fromkeys(self.plan.kinds, MOST_USERS)

    def pool(self) -> dict[Kind, int]:
        """Users of each kind at first: enough that a stall of half a second makes no start late."""
        weights = sum(self.plan.mix.values())
        wanted = {kind: ceil(0.5 * peak(self.plan) * self.plan.mix[kind] / weights) + 8 for kind in self.plan.kinds}
        return {kind: max(self.generating, min(MOST_USERS, self.users or count)) for kind, count in wanted.items()}
