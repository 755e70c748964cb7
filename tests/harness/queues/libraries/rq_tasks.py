"""A task for RQ; run as a script, it enqueues it for each word of its command line."""

from __future__ import annotations

import os
import sys

from first_time import work
from redis import Redis
from rq import Queue, Retry


def deliver(job: str) -> None:
    work(job)


if __name__ == "__main__":
    queue = Queue("mail", connection=Redis.from_url(os.environ["REDIS_URL"]))
    for word in sys.argv[1:]:
        queue.enqueue("rq_tasks.deliver", word, retry=Retry(max=2))
