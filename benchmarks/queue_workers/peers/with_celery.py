"""Celery on greenlets; its worker is `celery -A with_celery worker -P gevent`."""

from __future__ import annotations

import sys
from pathlib import Path

import job_sync
from celery import Celery

app = Celery("with_celery", broker=job_sync.REDIS)
app.conf.update(
    task_ignore_result=True,
    task_default_delivery_mode="transient",
    worker_prefetch_multiplier=4,
    worker_enable_remote_control=False,
)


@app.task(name="send")
def send(message_id: str) -> None:
    job_sync.do(message_id)


if __name__ == "__main__":
    for name in Path(sys.argv[1]).read_text(encoding="utf-8").split():
        send.delay(name)
