"""Right variations of attaching: one right stack that is up already, and less and less that may be asked of it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis
from tomli_w import dumps

from tests.quality.right import finishing
from tests.quality.right.profiles import reference
from tests.quality.right.variation import Deployed, Variation, unknown, written

Table = dict[str, Any]
Change = Callable[[Table], None]

NO_WIRE = unknown("no wire stands between this stack and Redis")
NOT_OURS = unknown("of an attached stack is not ours to")
GONE = unknown("nothing of it was seen on a stream: what a worker was given can't be seen")
"""An entry that was deleted before it was read."""
TAIL = (unknown("MONITOR isn't used"), GONE)
"""The tail alone: who acknowledged isn't seen, nor an entry that was deleted before it was read."""
WHO = unknown("which processes spoke to Redis can't be seen here", "asynchronous")
NO_MONITOR = "MONITOR is refused"
NO_CALLS = unknown("provider")


def up(name: str, **more: Any) -> str:
    """The profile that brings the stack up: its processes reach Redis themselves, with no wire between."""
    return reference(name, queue='observe = "tail"', **more)


def attached(*changes: Change) -> Deployed:
    """Starts the variation's stack with `harness up`, and attaches to it with a profile that is changed so."""

    def deployed(variation: Variation, build: Path) -> Iterator[Path]:
        state = build / "up"
        for profile in written(variation, build):
            harness("up", "--profile", str(profile), "--build", str(state))
            try:
                table = tomllib.loads((state / "attached.toml").read_text(encoding="utf-8"))
                base = tomllib.loads(variation.profile)
                table["claims"] = base["claims"]
                table["queue"]["finish"] = base["queue"]["finish"]
                # that is how it was brought up, with no wire between; attached, MONITOR is there
                table["queue"].pop("observe", None)
                for change in changes:
                    change(table)
                changed = build / "attached.toml"
                changed.write_text(dumps(table), encoding="utf-8")
                yield changed
            finally:
                harness("down", "--build", str(state))

    return deployed


def harness(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "harness", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"harness {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")


def without(*commands: str) -> Change:
    """Reaches Redis as a user who may say anything but these."""

    def change(table: Table) -> None:
        where = urlsplit(table["queue"]["url"])
        with redis.Redis.from_url(table["queue"]["url"]) as admin:
            rules = ["on", ">secret", "~*", "&*", "+@all", *(f"-{command}" for command in commands)]
            admin.execute_command("ACL", "SETUSER", "observer", *rules)
        parts = where._replace(netloc=f"observer:secret@{where.hostname}:{where.port}")
        table["queue"]["url"] = urlunsplit(parts)

    return change


def setting(section: str, **values: Any) -> Change:
    def change(table: Table) -> None:
        table.setdefault(section, {}).update(values)

    return change


def no_section(name: str) -> Change:
    def change(table: Table) -> None:
        table.pop(name, None)

    return change


def no_processes(table: Table) -> None:
    """Nobody says which processes the stack's are."""
    del table["processes"]


def one_worker_named(table: Table) -> None:
    """The pid file names one of the workers."""
    pids = Path(table["processes"]["worker"]["pid_file"])
    one = pids.with_name("one-worker.pid")
    one.write_text(pids.read_text(encoding="utf-8").split()[0], encoding="utf-8")
    table["processes"]["worker"]["pid_file"] = str(one)


ATTACHED = (
    Variation(
        name="attached",
        what="a stack that is up already",
        profile=up("attached"),
        deployed=attached(),
        doubts=(NO_WIRE, NOT_OURS),
        quick=True,
    ),
    Variation(
        name="attached-xack-then-xdel",
        what="XACK and XDEL 20 ms apart",
        profile=up("attached-xack-then-xdel"),
        install=finishing.by(finishing.ack, finishing.delete, pause_s=0.02),
        deployed=attached(),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-through-a-proxy",
        what="the processes reach Redis through a proxy, so that who speaks can't be seen",
        profile=reference("attached-through-a-proxy"),
        deployed=attached(),
        doubts=(NO_WIRE, NOT_OURS, WHO),
    ),
    Variation(
        name="attached-two-workers",
        what="two workers, both named",
        profile=up("attached-two-workers", count=2),
        deployed=attached(),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-one-of-two-workers-named",
        what="two workers, and the pid file names one: a hold of it holds nobody up",
        profile=up("attached-one-of-two-workers-named", count=2),
        deployed=attached(one_worker_named),
        doubts=(NO_WIRE, NOT_OURS, unknown("hold"), unknown("held"), WHO),
        proven=("message-queued", "webhooks", "worker-processed", "whole-record"),
    ),
    Variation(
        name="attached-without-pids",
        what="no process is named",
        profile=up("attached-without-pids"),
        deployed=attached(no_processes),
        doubts=(NO_WIRE, NOT_OURS, unknown("can't be held unless"), WHO),
        proven=("message-queued", "webhooks", "worker-processed", "whole-record"),
    ),
    Variation(
        name="attached-without-monitor",
        what="Redis refuses MONITOR",
        profile=up("attached-without-monitor"),
        deployed=attached(without("monitor")),
        doubts=(NO_WIRE, NOT_OURS, unknown(NO_MONITOR), WHO, GONE),
        proven=("sync-processing-disabled", "message-queued", "webhooks"),
    ),
    Variation(
        name="attached-without-xinfo",
        what="Redis refuses XINFO",
        profile=up("attached-without-xinfo"),
        deployed=attached(without("xinfo")),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-without-xpending",
        what="Redis refuses XPENDING",
        profile=up("attached-without-xpending"),
        deployed=attached(without("xpending")),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-without-either",
        what="Redis refuses XPENDING, XINFO and MONITOR",
        profile=up("attached-without-either"),
        deployed=attached(without("xpending", "xinfo", "monitor")),
        doubts=(NO_WIRE, NOT_OURS, unknown("is refused"), unknown("Redis refuses"), WHO, GONE),
        proven=("sync-processing-disabled", "webhooks"),
    ),
    Variation(
        name="attached-tail",
        what="MONITOR isn't used",
        profile=up("attached-tail"),
        deployed=attached(setting("queue", observe="tail")),
        doubts=(NO_WIRE, NOT_OURS, WHO, *TAIL),
        proven=("sync-processing-disabled", "message-queued", "webhooks"),
    ),
    Variation(
        name="attached-without-providers",
        what="the profile says nothing of providers",
        profile=up("attached-without-providers"),
        deployed=attached(no_section("providers")),
        doubts=(NO_WIRE, NOT_OURS, NO_CALLS),
        proven=("message-queued", "queue-operations"),
    ),
    Variation(
        name="attached-calls-unseen",
        what="mocks for webhooks, and the stack's calls go elsewhere",
        profile=up("attached-calls-unseen"),
        deployed=attached(setting("providers", observe="none")),
        doubts=(NO_WIRE, NOT_OURS, NO_CALLS),
        proven=("message-queued", "queue-operations", "webhooks"),
    ),
    Variation(
        name="attached-by-the-api",
        what="statuses are asked of the API, nothing is changed in the database",
        profile=up("attached-by-the-api"),
        deployed=attached(setting("database", observe="api")),
        doubts=(NO_WIRE, NOT_OURS, unknown("sampled"), unknown("the database isn't watched")),
        proven=("sync-processing-disabled", "message-queued", "queue-operations"),
    ),
    Variation(
        name="attached-without-database",
        what="the profile says nothing of the database",
        profile=up("attached-without-database"),
        deployed=attached(no_section("database")),
        doubts=(NO_WIRE, NOT_OURS, unknown("sampled"), unknown("the database isn't watched")),
        proven=("sync-processing-disabled", "message-queued", "queue-operations"),
    ),
)
