"""Dramatiq on greenlets; its worker is `dramatiq-gevent with_dramatiq`."""

from __future__ import annotations

import sys
from pathlib import Path

import dramatiq
import job_sync
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=job_sync.REDIS))


@dramatiq.actor
def send(message_id: str) -> None:
    job_sync.do(message_id)


if __name__ == "__main__":
    for name in Path(sys.argv[1]).read_text(encoding="utf-8").split():
        send.send(name)
