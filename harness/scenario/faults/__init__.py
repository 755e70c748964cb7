"""What a scenario can do to what a stack stands on: the links between its parts, its servers, its processes."""

from __future__ import annotations

from harness.scenario.faults.links import Links
from harness.scenario.faults.postgres import Postgres
from harness.scenario.faults.processes import Processes
from harness.scenario.faults.redis import Redis

__all__ = ["Faults"]


class Faults(Links, Redis, Postgres, Processes):
    """Every fault of a stack, each for as long as its block runs.

    Each is in the record with its begin, its end and how often it was met (`hits`): one that nothing met didn't happen.
    Each heals on every way out of its block. What this deployment can't do raises Unobservable.
    """
