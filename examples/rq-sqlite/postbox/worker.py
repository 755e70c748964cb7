"""An RQ worker whose death is noticed within seconds."""

from __future__ import annotations

from typing import Final

from rq import Worker
from rq.job import Job

import postbox.jobs  # noqa: F401 - reason: what jobs need is loaded once, not in each process that a job is forked into

HEARTBEAT: Final = 2
"""Seconds between the signs of life of a running job: `rq worker --job-monitoring-interval`."""


class PostWorker(Worker):
    """RQ gives a silent job a minute before it is put back, since a job may be anything; these take seconds."""

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - reason: RQ's own names
        return 4 * HEARTBEAT
