"""`harness profile`: the schema of profiles, and whether one fits the stack that it describes."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.results import UNUSABLE

if TYPE_CHECKING:
    from harness.discovery.answering import Answered
    from harness.discovery.tried import Sight, Tried
    from harness.profile import Profile


@click.group()
def profile() -> None:
    """Tells what a profile can say, and whether one fits its stack."""


@profile.command()
def schema() -> None:
    """Prints the JSON Schema of a profile (version 2), for editors that check TOML by one."""
    from harness.profile.schema import text

    print(text(), end="")


@profile.command()
@options.profile
@click.option("--start", is_flag=True, help="Deploys a stack that doesn't run yet, to look at it, and takes it down.")
@click.option("--send", is_flag=True, help="Sends one message, and tells where what was seen differs from the profile.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def check(profile: Path, start: bool, send: bool, as_json: bool) -> int:
    """Tries each address, permission and name of a profile, and says which checks can answer.

    Exit code 0: all of them; 2: some can't, or not everything; 3: nothing can be run.
    """
    from harness.discovery.answering import answers
    from harness.discovery.tried import Sight
    from harness.profile import load

    loaded, sight = load(profile), Sight()
    tried = list(examined(loaded, sight, start=start, send=send))
    answered = list(answers(loaded, sight))
    if as_json:
        import json

        rows = [vars(one) for one in tried]
        print(json.dumps({"tried": rows, "checks": [vars(one) for one in answered]}, indent=1))
    else:
        show(tried, answered)
        if loaded.deploy.driver != "attached" and not start:
            print("\nIt isn't started: what is inside it (tables, queues, the API) wasn't tried; --start tries it too.")
    if sight.runs:
        return UNUSABLE
    return 2 if any(one.answer in ("no", "partly") for one in answered) else 0


def examined(loaded: Profile, sight: Sight, *, start: bool, send: bool) -> Iterator[Tried]:
    """Tries all parts of a stack that runs, or what one needs that is to be started."""
    from harness.discovery import examining, examining_deploy

    if loaded.deploy.driver == "attached":
        yield from examining.examine(loaded, sight)
        if send and not sight.runs:
            yield from examining.sent(loaded, sight)
        return
    yield from examining_deploy.examine(loaded, sight)
    if start and not sight.runs:
        yield from started(loaded, sight, send=send)


def started(loaded: Profile, sight: Sight, *, send: bool) -> Iterator[Tried]:
    """Deploys the stack, and tries its parts where they then are."""
    from harness.discovery import examining
    from harness.discovery.stack import placed
    from harness.discovery.tried import Sight as Other
    from harness.discovery.tried import Tried
    from harness.errors import HarnessError
    from harness.session import Options, deployed

    with tempfile.TemporaryDirectory(prefix="messaging-harness-check-") as build, contextlib.ExitStack() as cleanup:
        try:
            stack = cleanup.enter_context(deployed(loaded, Options(build=Path(build))))
        except HarnessError as error:
            yield Tried(part="deploy", what="start it", found=str(error), good=False, remedy="mend what it says")
            sight.runs.append("it doesn't start")
            return
        yield Tried(part="deploy", what="start it", found="it is up")
        there, own = placed(loaded, stack.driver.addresses), Other()
        for one in examining.examine(there, own):
            if one.part != "processes":  # they are ours, so nobody has to find them
                yield one
        sight.runs += own.runs
        if send and not own.runs:
            yield from examining.sent(there, sight)


def show(tried: Sequence[Tried], answered: Sequence[Answered]) -> None:
    """Prints both tables."""
    from rich.table import Table
    from rich.text import Text

    from harness.reports.console import terminal

    console = terminal()
    parts = Table(show_edge=False, pad_edge=False)
    remedies = [one.remedy if one.good is not True else "" for one in tried]
    for name in ("part", "tried", "", "found", *(["remedy"] if any(remedies) else [])):
        parts.add_column(name, overflow="fold")
    marks = {True: Text("ok", "green"), False: Text("wrong", "bold red"), None: Text("?", "yellow")}
    before = ""
    for one, remedy in zip(tried, remedies, strict=True):
        part, before = "" if one.part == before else one.part, one.part
        row = [Text(part), Text(one.what), marks[one.good], Text(one.found), Text(remedy)]
        parts.add_row(*row[: len(parts.columns)])
    console.print(parts)
    console.print()
    checks = Table(show_edge=False, pad_edge=False)
    for name in ("check", "can answer", "why"):
        checks.add_column(name, overflow="fold")
    colours = {"yes": "green", "partly": "yellow", "no": "bold red", "not asked": "dim"}
    for each in answered:
        checks.add_row(each.check, Text(each.answer, colours[each.answer]), Text(each.why))
    console.print(checks)
