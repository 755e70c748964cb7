"""RQ; its worker is `rq worker --worker-class rq.SimpleWorker`, which runs jobs in its own process."""

from __future__ import annotations

import sys
from pathlib import Path

import job_sync
from redis import Redis
from rq import Queue


def send(message_id: str) -> None:
    job_sync.do(message_id)


if __name__ == "__main__":
    queue = Queue(connection=Redis.from_url(job_sync.REDIS))
    for name in Path(sys.argv[1]).read_text(encoding="utf-8").split():
        queue.enqueue("with_rq.send", name, result_ttl=0)
