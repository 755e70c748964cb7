"""Who is measured: what each needs, and by which command its worker is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
IN_HAND = 128
"""Messages that a worker may have in hand at once, for each that can say so; it is the reference worker's default."""
CONNECTIONS = 16
"""Connections to the database, likewise."""
OURS, BARE = "ours", "bare loop"
ALONE = ("asyncio", "gevent")
"""The job of the peers without any queue."""

_ASYNC = ("aiohttp", "asyncpg", "uvloop", "hiredis")
_GREENLETS = ("gevent", "psycopg[binary]", "requests", "hiredis")


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A worker that may be measured. One that `needs` nothing runs in our own environment."""

    name: str
    title: str
    command: tuple[str, ...]
    """Its worker's: a program of its environment, and `{redis}` for where Redis is."""
    program: str = ""
    """The file that puts its jobs into the queue; none where entries of our stream are all there is."""
    needs: tuple[str, ...] = ()
    tells: str = ""
    """The package whose version is told."""


CONTENDERS = (
    Contender(
        name=OURS,
        title="messaging_stack, guarantees on",
        command=(sys.executable, "-m", "messaging_stack", "worker"),
    ),
    Contender(
        name=BARE,
        title="bare loop, batches of 100",
        command=(sys.executable, str(PEERS / "bare_loop.py")),
    ),
    Contender(
        name=ALONE[0],
        title="the job alone, asyncio",
        command=(sys.executable, str(PEERS / "alone.py")),
    ),
    Contender(
        name=ALONE[1],
        title="the job alone, gevent",
        command=("python", "alone_sync.py"),
        needs=_GREENLETS,
        tells="gevent",
    ),
    Contender(
        name="taskiq",
        title="taskiq, Redis stream broker",
        command=(
            *("taskiq", "worker", "with_taskiq:broker", "--workers", "1", "--max-async-tasks", str(IN_HAND)),
            *("--max-prefetch", str(IN_HAND), "--no-parse", "--log-level", "WARNING"),
        ),
        program="with_taskiq.py",
        needs=("taskiq", "taskiq-redis", *_ASYNC),
        tells="taskiq",
    ),
    Contender(
        name="saq",
        title="SAQ",
        command=("saq", "with_saq.settings"),
        program="with_saq.py",
        needs=("saq[hiredis]", *_ASYNC),
        tells="saq",
    ),
    Contender(
        name="arq",
        title="arq",
        command=("python", "with_arq.py", "work"),
        program="with_arq.py",
        needs=("arq", *_ASYNC),
        tells="arq",
    ),
    Contender(
        name="streaq",
        title="streaQ",
        command=("python", "with_streaq.py", "work"),
        program="with_streaq.py",
        needs=("streaq", "aiohttp", "asyncpg", "uvloop"),
        tells="streaq",
    ),
    Contender(
        name="dramatiq",
        title="Dramatiq, gevent",
        command=("dramatiq-gevent", "with_dramatiq", "--processes", "1", "--threads", str(IN_HAND)),
        program="with_dramatiq.py",
        needs=("dramatiq[redis]", *_GREENLETS),
        tells="dramatiq",
    ),
    Contender(
        name="celery",
        title="Celery, gevent",
        command=(
            *("celery", "-A", "with_celery", "worker", "-P", "gevent", "-c", str(IN_HAND), "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        program="with_celery.py",
        needs=("celery[redis]", *_GREENLETS),
        tells="celery",
    ),
    Contender(
        name="rq",
        title="RQ, SimpleWorker",
        command=("rq", "worker", "--worker-class", "rq.SimpleWorker", "--quiet", "--url", "{redis}"),
        program="with_rq.py",
        needs=("rq", "psycopg[binary]", "requests", "hiredis"),
        tells="rq",
    ),
)
BY_NAME = {one.name: one for one in CONTENDERS}
QUICK = (OURS, BARE, "taskiq")
