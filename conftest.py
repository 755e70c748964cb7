"""Shared by every test: the messaging-harness plugin brings the fixtures, this file the settings of Hypothesis."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# examples start real servers and the machine may be busy: no deadline, and the seed is printed on a failure
settings.register_profile(
    "ci",
    deadline=None,
    print_blob=True,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")
