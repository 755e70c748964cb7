"""The record of what happened. Knows nobody: probes write it, checks and reports read it."""

from harness.history.event import KINDS, Event, key
from harness.history.flow import Flow
from harness.history.history import History
from harness.history.journal import Journal, merge, read, read_runs

__all__ = ["KINDS", "Event", "Flow", "History", "Journal", "key", "merge", "read", "read_runs"]
