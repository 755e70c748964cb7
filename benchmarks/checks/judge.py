"""Judges one history file as a run's end does, and prints what that took: `python -m benchmarks.checks.judge FILE`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from harness.checks import whole_record
from harness.checks.accounting import every_flow
from harness.checks.rest import owed
from harness.history import read
from harness.history.facts import Facts
from harness.profile import load


def main() -> None:
    """Prints an object: the numbers of events and messages, seconds of processor time, the most memory, the verdict."""
    profile = load(Path("harness.toml"), environ={})
    began = time.process_time()
    history = read(Path(sys.argv[1]))
    known = time.process_time()
    facts = Facts(history)
    debts = [owed(flow, facts, profile) for flow in every_flow(history)]
    rested = time.process_time()
    verdict = whole_record(history, profile)
    told = {
        "events": len(history),
        "messages": len(debts),
        "owing": sum(map(bool, debts)),
        "read_s": known - began,
        "rest_s": rested - known,
        "judge_s": time.process_time() - rested,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "outcome": verdict.outcome,
        "reason": verdict.reason,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
