"""The record of what happened. Knows nobody: probes write it, checks and reports read it."""

from harness.history.event import Event, key
from harness.history.flow import Flow
from harness.history.history import History
from harness.history.journal import Journal, merge, read, read_runs
from harness.history.kinds import KINDS

__all__ = ["KINDS", "Event", "Flow", "History", "Journal", "key", "merge", "read", "read_runs"]
