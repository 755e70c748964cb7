"""What a worker costs a message: ours beside a bare loop and seven peers: `python -m benchmarks.queue_workers`.

All do the same job on the same PostgreSQL, Valkey and provider, one process each, in turns: a message's row is read,
the provider is called, the row is written with the provider's id. Rows and jobs are there before a worker starts. The
rate is taken from its first call to its last row, the processor time of its process and its children alike. A run that
leaves a message unsent, or calls twice for one, is an error. A peer that can't be had here is told and left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from rich.console import Console

from benchmarks.queue_workers.children import Children, Failed
from benchmarks.queue_workers.contenders import BY_NAME, CONNECTIONS, IN_HAND, QUICK, Contender
from benchmarks.queue_workers.environments import BUILD, Absent, programs, version
from benchmarks.queue_workers.measuring import FEW, Bench, Run, affordable
from benchmarks.queue_workers.messages import Messages
from benchmarks.queue_workers.services import services
from benchmarks.queue_workers.table import Row, picture, show
from harness.errors import DeployError
from harness.loop import Loop

MESSAGES, ROUNDS, LIMIT_S = 5000, 5, 20.0
QUICK_MESSAGES, QUICK_ROUNDS = 500, 2
GRACE = 4.0
"""How much longer than the limit a run may take before it is given up: a busy machine is no loss."""


def main() -> None:
    """Prints the table; exit code 1 where a run lost a message or sent one twice."""
    options = asked()
    console = Console(highlight=False, width=140)
    console.print(f"at most {IN_HAND} messages in hand and {CONNECTIONS} connections each; versions:", end=" ")
    missing: dict[str, str] = {}
    wrong: dict[str, str] = {}
    installed = had(options.contenders, missing)
    told = [f"{name} {version(BY_NAME[name], folder)}" for name, folder in installed.items() if folder]
    console.print(", ".join(told) or "no peer")
    try:
        rows = measured(console, options, installed, missing=missing, wrong=wrong)
    except (DeployError, Failed) as error:
        console.print(f"error: {error}", markup=False)
        sys.exit(1)
    show(console, rows, missing, wrong)
    if options.plot and rows:
        options.plot.write_text(picture(rows), encoding="utf-8")
        console.print(f"drawn into {options.plot}")
    sys.exit(1 if wrong or any(not BY_NAME[name].needs for name in missing) else 0)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.queue_workers", description="What a worker costs a message.")
    parser.add_argument("--messages", type=int, help=f"in each run (default {MESSAGES:,})")
    parser.add_argument("--rounds", type=int, help=f"in turns (default {ROUNDS})")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT_S,
        help=f"seconds of a run (default {LIMIT_S:g}): who would take longer, by a first run of {FEW} messages that "
        "isn't counted, gets fewer messages",
    )
    parser.add_argument("--only", action="append", choices=list(BY_NAME), help="one of them; may be said again")
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} with {QUICK_MESSAGES} messages")
    parser.add_argument("--plot", type=Path, help="an SVG file for the bars")
    options = parser.parse_args()
    options.messages = options.messages or (QUICK_MESSAGES if options.quick else MESSAGES)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    if options.messages < 1 or options.rounds < 1 or options.limit <= 0:
        parser.error("--messages, --rounds and --limit must be above 0")
    names = options.only or (QUICK if options.quick else tuple(BY_NAME))
    options.contenders = [BY_NAME[name] for name in names]
    return options


def had(contenders: Sequence[Contender], missing: dict[str, str]) -> dict[str, Path | None]:
    """Those that can be had, with the folder of their programs, None for our own; the others are `missing`."""
    found: dict[str, Path | None] = {}
    for one in contenders:
        try:
            found[one.name] = programs(one) if one.needs else None
        except Absent as why:
            missing[one.name] = str(why)
    return found


def measured(
    console: Console,
    options: argparse.Namespace,
    installed: Mapping[str, Path | None],
    *,
    missing: dict[str, str],
    wrong: dict[str, str],
) -> list[Row]:
    """All rounds; who can't begin is `missing` from then on, who doesn't send all just once is `wrong`."""
    with ExitStack() as cleanup:
        children = Children(BUILD / "logs")
        cleanup.callback(children.close)
        where = cleanup.enter_context(services(children, logs=BUILD / "logs" / "services"))
        loop = Loop()
        cleanup.callback(loop.close)
        messages = Messages(loop, database=where.database, redis_url=where.redis, provider=where.provider)
        cleanup.enter_context(closing(messages))
        bench = Bench(children, where, messages, build=BUILD)
        numbers: dict[str, int] = {}
        runs: dict[str, list[Run]] = {name: [] for name in installed}
        for turn in range(options.rounds + 1):
            for name in turned(list(installed), turn):
                if name in missing or name in wrong:
                    continue
                number = numbers.get(name, FEW)
                try:
                    run = bench.run(BY_NAME[name], installed[name], number=number, within=GRACE * options.limit)
                except (Absent, Failed) as why:
                    (missing if isinstance(why, Absent) else wrong)[name] = str(why)
                    continue
                if turn:
                    runs[name].append(run)
                else:
                    numbers[name] = affordable(run, wanted=options.messages, limit_s=options.limit)
            console.print(f"{'first runs' if not turn else f'round {turn}'} done", style="dim")
    return [Row(name=name, title=BY_NAME[name].title, runs=found) for name, found in runs.items() if found]


def turned(names: Sequence[str], turn: int) -> list[str]:
    """The same ones, each time begun with another: who comes first is no better off."""
    start = turn % len(names)
    return [*names[start:], *names[:start]]


if __name__ == "__main__":
    main()
