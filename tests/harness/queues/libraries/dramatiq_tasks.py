"""An actor for dramatiq; run as a script, it sends it for each word of its command line."""

from __future__ import annotations

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from first_time import work

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


@dramatiq.actor(max_retries=2, min_backoff=50, max_backoff=100)
def deliver(job: str) -> None:
    work(job)


if __name__ == "__main__":
    for word in sys.argv[1:]:
        deliver.send(word)
