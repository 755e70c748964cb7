"""Right variations of who is who: processes of names and roles of their own, and attached ones held in other ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.quality.right.of_attached import NO_WIRE, NOT_OURS, WHO, Change, Table, attached, up
from tests.quality.right.profiles import CLAIMS
from tests.quality.right.variation import Variation, unknown

NAMED = """
name = "names-of-its-own"
migrate = ["{python}", "-m", "messaging_stack", "migrate"]

[processes.beat]
command = ["{python}", "-c", "import signal; print('tick', flush=True); signal.pause()"]
ready = { log = "^tick" }

[processes.front]
role = "api"
command = ["{python}", "-m", "messaging_stack", "api"]

[processes.mail-sender]
role = "worker"
command = ["{python}", "-m", "messaging_stack", "worker"]

[processes.text-sender]
role = "worker"
command = ["{python}", "-m", "messaging_stack", "worker"]
env = { MESSAGING_NOTE = "{redis_url}" }

[queue]
finish = "ack-delete"
"""


def by_command_line(table: Table) -> None:
    """Each is known by its command line, which has the variation's name in it."""
    table["processes"] = {role: {"match": rf"right\.process \S+by-command-line {role}"} for role in ("api", "worker")}


def by_commands(hold: str, release: str, *, named: bool) -> Change:
    """The workers are held and released by a shell, which has their numbers as $PIDS."""

    def change(table: Table) -> None:
        worker: dict[str, Any] = table["processes"]["worker"]
        known = f"PIDS=$(cat {Path(worker['pid_file'])}); "
        worker |= {"hold": ["sh", "-c", known + hold], "release": ["sh", "-c", known + release]}
        if not named:
            del worker["pid_file"]

    return change


STOP, GO = "kill -STOP $PIDS", "kill -CONT $PIDS"

NAMING = (
    Variation(
        name="names-of-its-own",
        what="an API called front, two kinds of workers, and a clock that nobody asks",
        profile=NAMED + CLAIMS.format(redelivery="true"),
        quick=True,
    ),
    Variation(
        name="attached-by-command-line",
        what="processes are known by their command lines",
        profile=up("attached-by-command-line", count=2),
        deployed=attached(by_command_line),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-held-by-commands",
        what="commands hold the workers, of whom the numbers are known",
        profile=up("attached-held-by-commands"),
        deployed=attached(by_commands(STOP, GO, named=True)),
        doubts=(NO_WIRE, NOT_OURS),
    ),
    Variation(
        name="attached-held-by-commands-alone",
        what="commands hold the workers, of whom nothing else is known",
        profile=up("attached-held-by-commands-alone"),
        deployed=attached(by_commands(STOP, GO, named=False)),
        doubts=(NO_WIRE, NOT_OURS, WHO),
    ),
    Variation(
        name="attached-hold-does-nothing",
        what="the command that is said to hold the workers holds nobody",
        profile=up("attached-hold-does-nothing"),
        deployed=attached(by_commands("true", "true", named=True)),
        doubts=(NO_WIRE, NOT_OURS, unknown("hold"), unknown("held")),
        proven=("message-queued", "webhooks", "worker-processed", "whole-record"),
    ),
)
