"""Right variations of how a stack is watched, of who else is at its Redis, and of what its profile doesn't say."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from harness.deploy import postgres
from tests.quality.right import finishing
from tests.quality.right.finishing import ack, by
from tests.quality.right.of_attached import NO_WIRE, TAIL, WHO
from tests.quality.right.profiles import beside, reference
from tests.quality.right.variation import NotHere, Variation, unknown, written

LIBRARIES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1")
SAMPLED = (
    unknown("sampled"),
    unknown("the database isn't watched"),
    # only its answer says which row is the message's
    unknown("the API's answer never came", "message-queued"),
)


def neighbour(name: str, kind: str, **more: object) -> str:
    """A profile whose worker's parent starts somebody else who uses the same Redis."""
    worker = beside(name, "worker", f"tests.quality.right.neighbour {kind}")
    return reference(name, worker=worker, **more)


def ahead(seconds: float):
    """Deploys PostgreSQL with a clock that is ahead of ours, by libfaketime; NotHere without it."""

    def deployed(variation: Variation, build: Path) -> Iterator[Path]:
        found = [place for pattern in LIBRARIES for place in Path("/").glob(pattern.lstrip("/"))]
        if not found:
            raise NotHere("libfaketime isn't installed (apt-get install faketime)")
        real, wrapped = postgres.binaries(), (build / "postgres").resolve()
        wrapped.mkdir(exist_ok=True)
        for program in ("postgres", "initdb"):
            path = wrapped / program
            told = (
                f"LD_PRELOAD={found[0]} FAKETIME={seconds:+g} DONT_FAKE_MONOTONIC=1 " if program == "postgres" else ""
            )
            path.write_text(f'#!/bin/sh\n{told}exec {real / program} "$@"\n', encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        yield from written(variation, build)

    return deployed


def clock(name: str, build: str) -> str:
    return reference(name, "[deploy]", f'postgres_bin = "{Path(build, name, "postgres").resolve()}"')


NEIGHBOURS = (
    Variation(
        name="a-second-group",
        what="another group reads and acknowledges the same streams, from a connection of its own",
        profile=neighbour("a-second-group", "audit", finish="ack"),
        install=by(ack),
        fast=True,
    ),
    Variation(
        name="a-second-group-of-the-worker",
        what="another group reads and acknowledges the same streams, in the worker's own process tree",
        profile=neighbour("a-second-group-of-the-worker", "audit-here", finish="ack"),
        install=by(ack),
        quick=True,
    ),
    Variation(
        name="a-second-group-and-deletion",
        what="another group reads what the worker deletes when it is done",
        profile=neighbour("a-second-group-and-deletion", "audit"),
        install=by(ack, finishing.delete, pause_s=0.01),
        fast=True,
    ),
    Variation(
        name="dashboard",
        what="somebody in the worker's process tree looks at everything, and reads the streams again and again",
        profile=neighbour("dashboard", "dashboard"),
        fast=True,
    ),
    Variation(
        name="other-users",
        what="others write streams of their own, keep entries, and use the same names in another database",
        profile=neighbour("other-users", "user"),
        fast=True,
    ),
    Variation(
        name="other-users-monitored",
        what="the same, seen by MONITOR",
        profile=neighbour("other-users-monitored", "user", queue='observe = "monitor"'),
        doubts=(NO_WIRE,),
    ),
)

WATCHING = (
    Variation(
        name="monitor-bytes-in-entries",
        what="entries with bytes that are no text, seen by MONITOR",
        profile=reference("monitor-bytes-in-entries", queue='observe = "monitor"'),
        install=finishing.with_bytes,
        doubts=(NO_WIRE,),
    ),
    Variation(
        name="monitor-ids-of-its-own",
        what="entries with ids of the API's own, seen by MONITOR",
        profile=reference("monitor-ids-of-its-own", queue='observe = "monitor"'),
        install=finishing.with_ids_of_its_own,
        doubts=(NO_WIRE,),
    ),
    Variation(
        name="another-database",
        what="the stack's streams are in Redis' database 1",
        profile=reference("another-database", "[env]", 'REDIS_DB = "1"'),
        doubts=(unknown("was sent to database 1, which isn't the one that is watched"),),
        proven=("sync-processing-disabled", "webhooks"),
    ),
    Variation(
        name="monitor",
        what="a stack of ours, seen by MONITOR instead of the wire",
        profile=reference("monitor", queue='observe = "monitor"'),
        doubts=(NO_WIRE,),
        quick=True,
    ),
    Variation(
        name="monitor-xack-then-xdel",
        what="XACK and XDEL 20 ms apart, seen by MONITOR",
        profile=reference("monitor-xack-then-xdel", queue='observe = "monitor"'),
        install=by(ack, finishing.delete, pause_s=0.02),
        doubts=(NO_WIRE,),
    ),
    Variation(
        name="tail",
        what="a stack of ours of whose queue only the entries are read",
        profile=reference("tail", queue='observe = "tail"'),
        doubts=(NO_WIRE, WHO, *TAIL),
        proven=("sync-processing-disabled", "webhooks"),
    ),
    Variation(
        name="database-by-the-api",
        what="statuses are asked of the API",
        profile=reference("database-by-the-api", "[database]", 'observe = "api"'),
        doubts=(*SAMPLED, unknown("the status is only looked at now and then, through the API", "whole-record")),
        proven=("sync-processing-disabled", "message-queued", "asynchronous", "queue-operations"),
    ),
    Variation(
        name="nothing-claimed",
        what="a profile that claims nothing and says nothing of how entries are finished",
        profile=reference("nothing-claimed", finish=None, claims=False),
        fast=True,
    ),
    Variation(
        name="clock-behind",
        what="PostgreSQL's clock is 2 s behind ours",
        profile=clock("clock-behind", "build/quality-right"),
        deployed=ahead(-2),
        fast=True,
    ),
    Variation(
        name="clocks-apart",
        what="PostgreSQL's clock is 0.3 s ahead of ours",
        profile=clock("clocks-apart", "build/quality-right"),
        deployed=ahead(0.3),
    ),
)

OBSERVING = (*NEIGHBOURS, *WATCHING)
