"""The record of what happened. Knows nobody: probes write it, checks and reports read it."""

from harness.history.event import Event, key
from harness.history.flow import Flow
from harness.history.history import History
from harness.history.journal import FORMAT, Journal, merge
from harness.history.kinds import KINDS
from harness.history.reading import read, read_runs

__all__ = ["FORMAT", "KINDS", "Event", "Flow", "History", "Journal", "key", "merge", "read", "read_runs"]
