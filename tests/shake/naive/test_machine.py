"""What the machine decides: how long the tests' own work takes."""

import os
import time

BUDGET_S = float(os.environ["EXPORT_BUDGET_S"])
"""Measured on a calm machine, with room."""


def test_the_export_is_quick(team):
    message, _ = team.send()
    team.until(lambda: team.status(message) == "sent")
    began = time.perf_counter()
    rows = [str(number) * 3 for number in range(2_000_000)]
    assert len(rows) == 2_000_000
    assert time.perf_counter() - began < BUDGET_S
