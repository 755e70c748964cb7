"""What is fuzzed, and for how long."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil
from hypothesis import strategies as st

from mock_providers.client import MockProviders, SendGrid, Twilio

SECONDS = float(os.environ.get("FUZZ_SECONDS", "12"))
"""How long all the fuzzing takes together: `FUZZ_SECONDS=300` for the long run."""

GROWTH = 400 * 1024 * 1024
ANSWER_WITHIN_S = 10.0

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
"""Any JSON value."""


@dataclass
class Target:
    """A server with an account of each vendor."""

    server: MockProviders
    twilio: Twilio
    sendgrid: SendGrid
    process: psutil.Process

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])
