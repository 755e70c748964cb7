"""An RQ worker, and a queue, by which a worker's death is noticed within seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from rq import Queue, Worker
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job
from rq.utils import now

import postbox.jobs  # noqa: F401 - reason: what jobs need is loaded once, not in each process that a job is forked into

SILENT: Final = 8
"""Seconds; RQ gives a silent job a minute before it is put back, since a job may be anything. These take seconds."""


class PostWorker(Worker):
    """A job that it began, and of which nothing was heard for so long, is another's."""

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - reason: RQ's own names
        return SILENT


class Handed(IntermediateQueue):
    """Jobs that a worker was given, and hasn't begun."""

    def should_be_cleaned_up(self, job_id: str) -> bool:
        seen = self.get_first_seen(job_id)
        return seen is not None and now() - seen > timedelta(seconds=SILENT)


class PostQueue(Queue):
    """A job that a worker was given and didn't begin for so long is another's."""

    @property
    def intermediate_queue(self) -> IntermediateQueue:
        return Handed(self.key, connection=self.connection)
