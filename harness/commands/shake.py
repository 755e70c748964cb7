"""`harness shake`: exit code 0 all stable, 1 some timing-dependent, 2 some could not be decided, 3 unusable."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import UsageError
from harness.extras import need

if TYPE_CHECKING:
    from harness.shaking.disturbance import Disturbed
    from harness.shaking.runs import Runner
    from harness.shaking.searching import Search


@click.command(context_settings={"ignore_unknown_options": True})
@options.profile
@options.deploy
@options.build("build/shake", "Where the records and shake.json go.")
@options.stack_env
@click.option(
    "--env",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting for the tests; {api}, {mocks}, {redis} and {database} in it stand for the stack's addresses.",
)
@click.option("--only", multiple=True, metavar="DISTURBANCE", help="No search: one run with this; `none` for nothing.")
@click.option("--times", type=click.IntRange(1, 10_000), default=1, metavar="N", help="--only: so many runs.")
@click.option("--runs", type=click.IntRange(2, 100_000), default=40, show_default=True, help="Most runs of a test.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=1800, show_default=True, help="Begins nothing after so long."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the combinations.")
@click.option(
    "--below", type=click.FloatRange(0.1, 50), default=10, show_default=True, metavar="PERCENT",
    help="Stable: sure by 95 % that it flips in fewer of such runs.",
)  # fmt: skip
@click.option("--slowest", type=options.SECONDS, default="1s", show_default=True, help="No delay is longer.")
@click.option(
    "--test-seconds",
    type=click.FloatRange(min=1),
    default=120,
    show_default=True,
    help="A test that takes longer hangs.",
)
@click.option("--time-scale", type=click.FloatRange(min=0.01), default=1.0, metavar="X", help="Multiplies deadlines.")
@click.option("--list", "listed", is_flag=True, help="Lists the disturbances.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def shake(
    profile: Path,
    deploy: str | None,
    build: Path,
    stack_env: Sequence[str],
    settings: Sequence[str],
    only: Sequence[str],
    times: int,
    runs: int,
    seconds: float,
    seed: int,
    below: float,
    slowest: float,
    test_seconds: float,
    time_scale: float,
    listed: bool,
    pytest_args: Sequence[str],
) -> int:
    """Runs tests under disturbances of the pipeline: which hang on timing, on what, and whose fault it is."""
    from harness.shaking.disturbance import SORTS, parse

    if listed:
        for sort in SORTS:
            click.echo(f"{sort.name:<24} {sort.words}")
        return 0
    need("rich", "pydantic", "pytest")
    from harness.keeping import reserved
    from harness.plugin.options import parse_env
    from harness.profile import load
    from harness.session import sensible
    from harness.shaking.runs import Asked, Runner
    from harness.shaking.searching import Bounds, Search

    disturbed = () if list(only) == ["none"] else tuple(parse(text) for text in only)
    known = parse_env(stack_env)
    sensible(load(profile, driver=deploy), without=frozenset(), stack_env=known)
    refuse_words(pytest_args)
    if not slowest:
        raise UsageError("--slowest 0: expected a time above 0, such as 1s")
    asked = Asked(
        profile=profile,
        build=build,
        deploy=deploy,
        stack_env=known,
        env=settings_of(settings),
        words=pytest_args,
        time_scale=time_scale,
        test_s=test_seconds,
    )
    with reserved(build):
        runner = Runner(asked)
        if only:
            try:
                return runs_of_one(runner, disturbed, times=times)
            finally:
                runner.close()
        bounds = Bounds(runs=runs, seconds=seconds, share=below / 100, seed=seed, slowest=slowest)
        search = Search(runner, bounds, click.echo)
        return searched(search, options=again(profile, deploy, stack_env, settings))


def searched(search: Search, *, options: Sequence[str]) -> int:
    """Carries the search out and tells what it found, also where it is interrupted."""
    from harness.keeping import keep
    from harness.reports.console import UNSEEN_WIDTH, terminal
    from harness.shaking.telling import as_json, show

    interrupted = False
    try:
        search.search()
    except KeyboardInterrupt:
        interrupted = True
        search.stopped = "interrupted"
    finally:
        search.close()
    click.echo("")
    if search.cases:
        width = None if sys.stdout.isatty() else UNSEEN_WIDTH
        show(search, terminal(width=width), options=options)
        keep(search.runner.asked.build / "shake.json", json.dumps(as_json(search, options=options), indent=1) + "\n")
    found = [case.finding for case in search.cases.values() if case.finding]
    search.runner.forget({run.directory for one in found for run in (one.failed, one.passed)})
    if interrupted:
        raise KeyboardInterrupt
    verdicts = {case.verdict for case in search.cases.values()}
    return 1 if "timing-dependent" in verdicts else 2 if "undecided" in verdicts or not verdicts else 0


def runs_of_one(runner: Runner, disturbed: Disturbed, *, times: int) -> int:
    """Runs of what pytest's words name, with these disturbances; 0 where all passed, 1 where a test failed."""
    from harness.shaking.disturbance import shown

    side = next((int(one.strength) for one in disturbed if one.sort.what == "side-by-side"), 0)
    apart = any(one.family == "tests" for one in disturbed)
    counts: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    session = None
    for _ in range(times):
        if session is None or apart or session.closed:
            if session is not None:
                session.close()
            session = runner.fresh(side=side)
        run = session.side_by_side(disturbed) if side else session.run(disturbed, chosen(session.collected, disturbed))
        if run.error:
            raise UsageError(run.error)
        for text, reason in run.unmade.items():
            raise UsageError(f"{text} can't be made here: {reason}")
        for name, told in run.tests.items():
            counts[name] += 1
            bad[name] += told.outcome == "failed"
            message = told.message.partition("\n")[0]
            click.echo(f"{told.outcome:<8} {name}" + (f": {message}" if message else ""))
    if session is None or not counts:
        raise UsageError("pytest ran no test; name some that there are")
    session.close()
    for name in counts if times > 1 else ():
        click.echo(f"{name}: failed {bad[name]} of {counts[name]}")
    click.echo(f"{sum(map(bool, bad.values()))} of {len(counts)} tests failed, {shown(disturbed)}; {session.directory}")
    if session.whole and session.whole["verdict"] == "fail":
        click.echo(f"the record is judged wrong: {session.whole['reason']}")
    return 1 if any(bad.values()) else 0


def chosen(collected: Sequence[str], disturbed: Disturbed) -> list[str]:
    """The tests of a run in its order."""
    names = [*collected]
    before = [one.target for one in disturbed if one.sort.what == "after"]
    for one in disturbed:
        if one.sort.what == "reversed":
            names.reverse()
        elif one.sort.what == "shuffled":
            random.Random(int(one.strength)).shuffle(names)  # noqa: S311 - reason: an order, no secret
    if strangers := [name for name in before if name not in names]:
        raise UsageError(f"tests=after:{strangers[0]}: no such test was collected; name it behind the options, too")
    return [*before, *(name for name in names if name not in before or len(names) == 1)]


def refuse_words(words: Sequence[str]) -> None:
    """Raises UsageError for what would run the tests otherwise than a search does."""
    for word in words:
        if word in ("-x", "--exitfirst", "-n", "--pdb", "--lf", "--last-failed", "--ff") or word.startswith(
            ("--maxfail", "--reruns", "--numprocesses", "--count")
        ):
            raise UsageError(f"{word}: harness shake decides itself what runs, how often and beside what; leave it out")


def settings_of(pairs: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--env {pair!r}: expected NAME=VALUE, such as API_URL={{api}}")
        found[name] = value
    return found


def again(profile: Path, deploy: str | None, stack_env: Sequence[str], settings: Sequence[str]) -> list[str]:
    """The options that a command needs to reproduce what was found; no secret, since a name alone stays one."""
    words = ["--profile", str(profile)] if profile != Path("harness.toml") else []
    words += ["--deploy", deploy] if deploy else []
    words += [word for pair in stack_env for word in ("--stack-env", pair)]
    return [*words, *(word for pair in settings for word in ("--env", pair))]
