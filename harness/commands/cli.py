"""The `harness` command: what each of its commands is called and takes; what it does is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.commands import options
from harness.commands.capacity import capacity
from harness.commands.explore import explore
from harness.commands.guard import guarded
from harness.commands.init import init
from harness.commands.lint import lint
from harness.commands.load import load
from harness.commands.profile import profile as profile_group
from harness.commands.replay import replay
from harness.commands.report import report
from harness.commands.shake import shake
from harness.commands.trace import trace
from harness.errors import UsageError
from harness.extras import DISTRIBUTION
from harness.results import UNUSABLE
from harness.visible import visible


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=DISTRIBUTION, message="%(package)s %(version)s")
def app() -> None:
    """Verifies asynchronous messaging backends by evidence."""


@app.command()
@options.profile
@options.deploy
@options.build("build/verify")
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Only this check.")
@click.option(
    "--repeat", type=click.IntRange(1, 10_000), default=1, metavar="N", help="Runs every scenario so many times."
)
@options.stack_env
@options.without
@click.option("--provider-latency", type=options.SECONDS, default="0s", help="Slows every provider call.")
@click.option("--time-scale", type=click.FloatRange(min=0.01), default=1.0, metavar="X", help="Multiplies deadlines.")
@click.option(
    "--parallel", "-n", type=click.IntRange(0, 16), default=0, metavar="N", help="Stacks side by side (pytest-xdist)."
)
@click.option("--scenarios", type=options.FILE, metavar="PATH", help="A suite of your own.")
@click.option("--keyword", "-k", default="", metavar="WORDS", help="Only scenarios whose names match.")
@click.option("--deep", is_flag=True, help="Also the scenarios that take long.")
@click.option("--explain", is_flag=True, help="Prints each claim with its witnesses.")
@click.option("-x", "first", is_flag=True, help="Ends at the first scenario that doesn't pass.")
@click.option("--maxfail", type=click.IntRange(min=1), metavar="N", help="Ends after N scenarios that didn't pass.")
@click.option("--faults", is_flag=True, help="Instead of scenarios: traffic under a seeded schedule of faults.")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="--faults: the same seed gives the same schedule."
)
@click.option(
    "--fault-count", type=click.IntRange(1, 10_000), metavar="N", help="--faults: how many faults; by default 100."
)
@click.option(
    "--messages", type=click.IntRange(1, 100_000), metavar="N", help="--faults: at least so many; by default 5000."
)
def verify(
    profile: Path,
    deploy: str | None,
    build: Path,
    checks: Sequence[str],
    repeat: int,
    stack_env: Sequence[str],
    without: Sequence[str],
    provider_latency: float,
    time_scale: float,
    parallel: int,
    scenarios: Path | None,
    keyword: str,
    deep: bool,
    explain: bool,
    first: bool,
    maxfail: int | None,
    faults: bool,
    seed: int | None,
    fault_count: int | None,
    messages: int | None,
) -> int:
    """Deploys a stack, judges what it does, and says why: exit code 0 pass, 1 fail, 2 unknown, 3 unusable."""
    from harness.commands.verify import Request, run

    given = {"--seed": seed, "--fault-count": fault_count, "--messages": messages}
    if faults:
        from harness.commands.faults import Faults, refuse
        from harness.commands.faults import run as run_faults

        words = {"--check": checks, "--repeat": repeat > 1, "--scenarios": scenarios, "--keyword": keyword}
        words |= {"--parallel": parallel, "--deep": deep, "--without": without, "--provider-latency": provider_latency}
        refuse([name for name, value in {**words, "-x": first, "--maxfail": maxfail}.items() if value])
        asked = Faults(
            profile=profile,
            build=build,
            deploy=deploy,
            stack_env=tuple(stack_env),
            time_scale=time_scale,
            seed=seed,
            count=fault_count or 100,
            messages=messages or 5000,
            explain=explain,
        )
        return run_faults(asked)
    if alone := [name for name, value in given.items() if value is not None]:
        raise UsageError(f"{', '.join(alone)}: only of a schedule of faults; add --faults")
    request = Request(
        profile=profile,
        deploy=deploy,
        build=build,
        checks=checks,
        repeat=repeat,
        stack_env=stack_env,
        without=without,
        provider_latency=provider_latency,
        time_scale=time_scale,
        parallel=parallel,
        scenarios=scenarios,
        keyword=keyword,
        deep=deep,
        explain=explain,
        maxfail=1 if first else maxfail or 0,
    )
    return run(request)


@app.command()
@options.profile
@options.deploy
@options.up
@options.stack_env
@options.without
def up(profile: Path, deploy: str | None, build: Path, stack_env: Sequence[str], without: Sequence[str]) -> None:
    """Starts a stack that stays up, observed, until `harness down`."""
    from harness.commands.up import ATTACHED, start

    known = start(profile=profile, deploy=deploy, build=build, stack_env=stack_env, without=without)
    print(f"up (process {known['pid']}); stop it with `harness down`")
    for name in ("api", "mocks", "redis"):
        print(f"  {name:<6} {known[name]}")
    print(f"  a profile that attaches to it: {build / ATTACHED}")


@app.command(hidden=True)
@options.profile
@options.deploy
@options.up
@click.option("--tell", type=int)
@options.without
def serve_up(profile: Path, deploy: str | None, build: Path, tell: int | None, without: Sequence[str]) -> None:
    """What `harness up` runs in the background; the settings for the stack come in by standard input, as JSON."""
    import json

    from harness.commands.up import serve
    from harness.session import Options

    settings = Options(build=build, stack_env=json.load(sys.stdin), without=frozenset(without))
    serve(profile=profile, deploy=deploy, options=settings, tell=tell)


@app.command()
@options.up
@click.option("--orphans", is_flag=True, help="Instead, removes the containers and networks that dead runs left.")
def down(build: Path, orphans: bool) -> None:
    """Stops the stack that `harness up` started."""
    if orphans:
        from harness.deploy.engine import connect, sweep_all

        swept = sweep_all(connect())
        print(f"removed {swept.containers} containers and {swept.networks} networks of {swept.runs} dead runs")
        return
    from harness.commands.up import stop

    print(f"stopped (process {stop(build)})")


@app.command()
@options.up
def restart(build: Path) -> None:
    """Restarts API and workers of the stack that is up; database, queue and mocks go on."""
    from harness.commands.up import ask, running

    for member in ask(running(build), "restart")["members"]:
        print(f"{member['name']} runs as process {member['pid']}")


@app.command()
@options.up
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(build: Path, as_json: bool) -> None:
    """Shows the processes and streams of the stack that is up."""
    from harness.commands.up import ask, running

    known = running(build)
    said = ask(known, "status")
    if as_json:
        import json

        where = {name: known[name] for name in ("pid", "api", "mocks", "redis")}
        print(json.dumps({**where, **said}, indent=1))
        return
    from harness.commands.status import show

    show(said)


@app.command()
@click.option("--type", "channel", default="sms", show_default=True, help="sms, mms or email.")
@click.option("--to", metavar="ADDRESS", help="The recipient; by default one that was never used.")
@click.option("--body", default="hello", show_default=True, help="The text; a unique token is put behind it.")
@click.option(
    "--profile", type=options.FILE, metavar="FILE", help="A stack that runs already, instead of that of `up`."
)
@options.up
def send(channel: str, to: str | None, body: str, profile: Path | None, build: Path) -> None:
    """Sends one message through the stack that is up (or that a profile is attached to), and prints its id."""
    from harness.commands.up import ask, running
    from harness.profile.base import CHANNELS

    if channel not in CHANNELS:
        raise UsageError(f"--type {channel!r} is none of {', '.join(CHANNELS)}")
    if profile is not None:
        from harness.commands.send import send as send_by

        said = send_by(profile, channel=channel, to=to, body=body)
        if said["id"] is None:
            print(
                f"answered {said['status']}, and its id isn't where [send] id says: {visible(said['body'])}",
                file=sys.stderr,
            )
        print(visible(said["id"] or said["body"]))
        return
    answer = ask(running(build), "send", channel=channel, to=to, body=body)
    if answer["status"] >= 300:
        raise UsageError(f"the API refused the message with {answer['status']}: {answer['body']}")
    print(visible(answer["id"]))
    print(f"follow it with `harness trace {visible(answer['id'])}`", file=sys.stderr)


@app.command()
@options.profile
def doctor(profile: Path) -> int:
    """Says what is missing on this machine, and how to get it; exit code 3 when something needed is."""
    from harness.commands.doctor import examine
    from harness.commands.status import show_findings

    findings = examine(profile)
    show_findings(findings)
    return UNUSABLE if any(finding.needed and not finding.good for finding in findings) else 0


app.add_command(trace)
app.add_command(report)
app.add_command(init)
app.add_command(load)
app.add_command(capacity)
app.add_command(explore)
app.add_command(replay)
app.add_command(shake)
app.add_command(lint)
app.add_command(profile_group)


def main() -> None:
    """The entry point of the `harness` command."""
    sys.exit(guarded(lambda: app.main(prog_name="harness", standalone_mode=False)))


if __name__ == "__main__":
    main()
