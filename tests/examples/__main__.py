"""`make examples`: each example stack is installed, verified, and verified again with each of its mistakes.

Exit code 1 when a right one isn't found right or a mistake isn't caught for the right reason. What can't be installed
here is left out, unless MESSAGING_HARNESS_REQUIRE_INDEX=1 makes that a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tests.examples.catalogue import EXAMPLES, Defect, Example
from tests.examples.installing import Installed, NoNodeError
from tests.examples.judging import Judged, of_defect, of_right
from tests.packaging.environments import NoIndexError
from tests.quality.verifying import Row

BUILD = Path("build/examples")
REQUIRED = "MESSAGING_HARNESS_REQUIRE_INDEX"
LONGEST_S = 5400


def verify(installed: Installed, *options: str, name: str) -> tuple[int, Row]:
    """The exit code and the verdicts of `harness verify` in an example's folder."""
    results = installed.build / name
    (results / "verdicts.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "harness", "verify", "--profile", "harness.toml", "--build", str(results)]
    done = subprocess.run(
        [*command, *options],
        cwd=installed.folder,
        env=installed.environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=LONGEST_S,
        check=False,
    )
    results.mkdir(parents=True, exist_ok=True)
    (results / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    try:
        verdicts = json.loads((results / "verdicts.json").read_text(encoding="utf-8"))["checks"]
    except (OSError, ValueError) as error:
        said = (done.stdout + done.stderr).strip().splitlines()[-1:]
        return done.returncode, Row(name, (), error=f"no verdicts ({error}): {' '.join(said)}")
    return done.returncode, Row(name, tuple(verdicts))


def right(installed: Installed, *, repeat: int) -> Judged:
    code, row = verify(installed, "--repeat", str(repeat), name="right")
    return of_right(installed.example, row, code=code, profile=installed.folder / "harness.toml")


def wrong(installed: Installed, defect: Defect, *, quick: bool) -> Judged:
    example = installed.example
    options = ["--stack-env", f"{example.setting}={defect.name}", *(["--keyword", defect.ask] if quick else [])]
    _, row = verify(installed, *options, name=defect.name)
    return of_defect(example, defect, row)


def show(console: Console, lines: Sequence[Judged]) -> None:
    """Prints one line for each stack that was verified."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("example", "variant", "check", "expected", "seen"):
        table.add_column(name)
    table.add_column(no_wrap=True, min_width=5)
    for line in lines:
        sign = Text("WRONG", style="bold red") if line.wrong else Text("ok", style="green")
        table.add_row(line.example, line.variant, line.check, line.expected, line.seen, sign)
    console.print(table)
    for line in lines:
        if line.wrong:
            console.print(Text(f"{line.example} {line.variant}: {line.wrong}", style="red"))


def installed_ones(console: Console, examples: Sequence[Example]) -> list[Installed]:
    """The examples that can be installed here; exits with 1 where one can't, and it must."""
    found = []
    for example in examples:
        one = Installed(example, build=BUILD)
        try:
            one.install()
        except (NoIndexError, NoNodeError) as error:
            console.print(Text(f"{example.name} is left out: {error}; {REQUIRED}=1 makes this a failure"))
            if os.environ.get(REQUIRED) == "1":
                sys.exit(1)
            continue
        found.append(one)
    return found


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this example.")
@click.option("--repeat", type=click.IntRange(min=1), default=1, help="Runs each scenario of the right ones so often.")
@click.option("--quick", is_flag=True, help="Of the wrong ones, only the scenarios that show their mistake.")
@click.option("--parallel", type=click.IntRange(1, 8), default=2)
def main(only: Sequence[str], repeat: int, quick: bool, parallel: int) -> None:
    """Verifies the example stacks, right and wrong, and prints one table."""
    console = Console(highlight=False, width=max(160, Console().width))
    if strangers := set(only) - set(EXAMPLES):
        console.print(f"error: no example {', '.join(sorted(strangers))}; known are {', '.join(EXAMPLES)}")
        sys.exit(3)
    chosen = installed_ones(console, [example for example in EXAMPLES.values() if not only or example.name in only])
    jobs: list[Callable[[], Judged]] = []
    for one in chosen:
        jobs.append(lambda one=one: right(one, repeat=repeat))  # type: ignore[misc]  # reason: mypy infers no such lambda
        jobs += [lambda one=one, defect=defect: wrong(one, defect, quick=quick) for defect in one.example.defects]  # type: ignore[misc]  # reason: as above
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(parallel) as pool:
        task = progress.add_task("stacks", total=len(jobs))
        lines = []
        for line in pool.map(lambda job: job(), jobs):
            lines.append(line)
            progress.advance(task)
    if lines:
        show(console, lines)
    bad = sum(bool(line.wrong) for line in lines)
    console.print(f"{len(lines) - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
