"""A Celery app over Redis; run as a script, it sends a task for each word of its command line."""

from __future__ import annotations

import os
import sys

from celery import Celery
from first_time import work

app = Celery("celery_tasks", broker=os.environ["REDIS_URL"])
app.conf.update(broker_connection_retry_on_startup=True, task_ignore_result=True, worker_prefetch_multiplier=1)


@app.task(acks_late=True, autoretry_for=(RuntimeError,), default_retry_delay=0, max_retries=2)
def deliver(job: str) -> None:
    work(job)


if __name__ == "__main__":
    for number, word in enumerate(sys.argv[1:]):
        deliver.apply_async([word], priority=6 * number)
