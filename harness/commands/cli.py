"""The `harness` command."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.commands.explore import explore
from harness.commands.guard import guarded
from harness.commands.load import load
from harness.commands.options import (
    DEFAULT_BUILD,
    DEFAULT_PROFILE,
    DEFAULT_UP,
    BuildOption,
    DeployOption,
    EnvOption,
    ProfileOption,
    UpOption,
    WithoutOption,
    seconds,
)
from harness.errors import UsageError
from harness.results import UNUSABLE

app = typer.Typer(
    help="Verifies asynchronous messaging backends by evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def harness() -> None:
    """Verifies asynchronous messaging backends by evidence."""


@app.command()
def verify(
    profile: ProfileOption = DEFAULT_PROFILE,
    deploy: DeployOption = None,
    build: BuildOption = DEFAULT_BUILD,
    check: Annotated[list[str] | None, typer.Option("--check", help="Only this check.", metavar="NAME")] = None,
    repeat: Annotated[int, typer.Option("--repeat", help="Runs every scenario so many times.", min=1)] = 1,
    stack_env: EnvOption = None,
    without: WithoutOption = None,
    provider_latency: Annotated[float, typer.Option(parser=seconds, help="Slows every provider call.")] = "0s",  # type: ignore[assignment]  # reason: Typer parses the default too
    time_scale: Annotated[float, typer.Option(help="Multiplies every deadline.", min=0.01)] = 1.0,
    parallel: Annotated[int, typer.Option("--parallel", "-n", help="Stacks side by side.", min=0, max=16)] = 0,
    scenarios: Annotated[Path | None, typer.Option(help="A suite of your own.", metavar="PATH")] = None,
    keyword: Annotated[str, typer.Option("--keyword", "-k", help="Only scenarios whose names match.")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Prints each claim with its witnesses.")] = False,
    first: Annotated[bool, typer.Option("-x", help="Ends at the first scenario that doesn't pass.")] = False,
    maxfail: Annotated[
        int | None, typer.Option("--maxfail", help="Ends after N scenarios that didn't pass.", min=1, metavar="N")
    ] = None,
) -> None:
    """Deploys a stack, judges what it does, and says why: exit code 0 pass, 1 fail, 2 unknown, 3 unusable."""
    from harness.commands.verify import Request, run

    request = Request(
        profile=profile,
        deploy=deploy,
        build=build,
        checks=check or [],
        repeat=repeat,
        stack_env=stack_env or [],
        without=without or [],
        provider_latency=provider_latency,
        time_scale=time_scale,
        parallel=parallel,
        scenarios=scenarios,
        keyword=keyword,
        explain=explain,
        maxfail=1 if first else maxfail or 0,
    )
    raise typer.Exit(run(request))


@app.command()
def up(
    profile: ProfileOption = DEFAULT_PROFILE,
    deploy: DeployOption = None,
    build: UpOption = DEFAULT_UP,
    stack_env: EnvOption = None,
    without: WithoutOption = None,
) -> None:
    """Starts a stack that stays up, observed, until `harness down`."""
    from harness.commands.up import ATTACHED, start

    known = start(profile=profile, deploy=deploy, build=build, stack_env=stack_env or [], without=without or [])
    print(f"up (process {known['pid']}); stop it with `harness down`")
    for name in ("api", "mocks", "redis"):
        print(f"  {name:<6} {known[name]}")
    print(f"  a profile that attaches to it: {build / ATTACHED}")


@app.command(hidden=True)
def serve_up(
    profile: ProfileOption,
    build: UpOption,
    deploy: DeployOption = None,
    tell: Annotated[int | None, typer.Option()] = None,
    stack_env: EnvOption = None,
    without: WithoutOption = None,
) -> None:
    """What `harness up` runs in the background."""
    from harness.commands.up import serve
    from harness.plugin import parse_env
    from harness.session import Options

    options = Options(build=build, stack_env=parse_env(stack_env or []), without=frozenset(without or []))
    serve(profile=profile, deploy=deploy, options=options, tell=tell)


@app.command()
def down(
    build: UpOption = DEFAULT_UP,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Instead, remove the containers and networks that dead runs left.")
    ] = False,
) -> None:
    """Stops the stack that `harness up` started."""
    if orphans:
        from harness.deploy.engine import connect, sweep_all

        swept = sweep_all(connect())
        print(f"removed {swept.containers} containers and {swept.networks} networks of {swept.runs} dead runs")
        return
    from harness.commands.up import stop

    print(f"stopped (process {stop(build)})")


@app.command()
def restart(build: UpOption = DEFAULT_UP) -> None:
    """Restarts API and workers of the stack that is up; database, queue and mocks go on."""
    from harness.commands.up import ask, running

    for member in ask(running(build), "restart")["members"]:
        print(f"{member['name']} runs as process {member['pid']}")


@app.command()
def status(build: UpOption = DEFAULT_UP) -> None:
    """Shows the processes and streams of the stack that is up."""
    from harness.commands.status import show
    from harness.commands.up import ask, running

    show(ask(running(build), "status"))


@app.command()
def send(
    type_: Annotated[str, typer.Option("--type", help="sms, mms or email.")] = "sms",
    to: Annotated[str | None, typer.Option(help="The recipient; by default one that was never used.")] = None,
    body: Annotated[str, typer.Option(help="The text; a unique token is put behind it.")] = "hello",
    build: UpOption = DEFAULT_UP,
) -> None:
    """Sends one message through the stack that is up, and prints its id."""
    from harness.commands.up import running
    from harness.history import History
    from harness.profile import Api
    from harness.profile.model import CHANNELS
    from harness.scenario.client import ApiClient
    from harness.scenario.messages import message

    channel = next((known for known in CHANNELS if known == type_), None)
    if channel is None:
        raise UsageError(f"--type {type_!r} is none of {', '.join(CHANNELS)}")
    with contextlib.closing(ApiClient(History(), url=running(build)["api"], paths=Api())) as client:
        answer = client.send(message(channel, body, to=to))
    if answer["status"] != 201:
        raise UsageError(f"the API refused the message with {answer['status']}: {answer['body']}")
    print(answer["body"]["id"])
    print(f"follow it with `harness trace {answer['body']['id']}`", file=sys.stderr)


@app.command()
def trace(
    message_id: Annotated[str, typer.Argument(help="The message's id (or its beginning), token, or provider id.")],
    history: Annotated[Path | None, typer.Option(help="A history.jsonl; by default the newest.")] = None,
    html: Annotated[Path | None, typer.Option(help="Writes the timeline as a page.", metavar="FILE")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Goes on while the stack is up.")] = False,
    build: UpOption = DEFAULT_UP,
) -> None:
    """Shows everything that happened to one message, as a timeline."""
    from harness.reports import trace as shown

    if follow:
        if history or html:
            raise UsageError("--follow reads the stack that is up; it goes with neither --history nor --html")
        from harness.commands.follow import growth
        from harness.commands.up import running

        pid, path = int(running(build)["pid"]), build / "history.jsonl"
        with contextlib.suppress(KeyboardInterrupt):  # that is how one stops following
            shown.follow(path, message_id, wait=growth(path, pid=pid))
        return
    path = history or shown.newest([build / "history.jsonl", DEFAULT_BUILD / "history.jsonl"])
    found = shown.find(path, message_id)
    if html is None:
        shown.show(found)
    else:
        from harness.reports.timeline import write

        write(html, found.timeline, verdicts=found.verdicts)
        print(f"wrote {html}")


@app.command()
def report(
    build: BuildOption = DEFAULT_BUILD,
    output: Annotated[Path | None, typer.Option(help="Where the report goes.", metavar="DIR")] = None,
) -> None:
    """Builds the HTML report of the last verification (Allure 3), with the history of earlier ones."""
    from harness.reports.html import build as build_report

    root = build.parent
    history = root / "allure-history.jsonl"
    page = build_report(root / "allure-results", output=output or root / "allure-report", history=history)
    print(f"wrote {page}; look at it with `python3 -m http.server --bind 127.0.0.1 --directory {page.parent}`")


@app.command()
def doctor(profile: ProfileOption = DEFAULT_PROFILE) -> None:
    """Says what is missing on this machine, and how to get it; exit code 3 when something needed is."""
    from harness.commands.doctor import examine
    from harness.commands.status import show_findings

    findings = examine(profile)
    show_findings(findings)
    if any(finding.needed and not finding.good for finding in findings):
        raise typer.Exit(UNUSABLE)


app.command()(load)
app.command()(explore)


def main() -> None:
    """The entry point of the `harness` command."""
    sys.exit(guarded(lambda: app(prog_name="harness", standalone_mode=False))())


if __name__ == "__main__":
    main()
