"""Runs generated programs against a deployed stack for a given time, and tells what was found.

Exit code 0 when nothing was found; 1 with the smallest program that failed as a scenario; 2 when a verdict was unknown.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.checks.lacking import refusal
from harness.errors import Inconclusive, Refuted
from harness.exploration.acts import acting
from harness.exploration.finding import Finding
from harness.exploration.searching import SHRINK_S, Search
from harness.profile import Profile
from harness.profile.base import CHANNELS
from harness.profile.claims import claimed
from harness.scenario.stack import Stack
from harness.session import Options, deployed

ENV = {"RETRY_BASE_S": "0.05", "RETRY_MAX_S": "0.5", "MAX_RETRIES": "8", "WORKER_CLAIM_IDLE_MS": "6000"}
"""Retries and takeovers come quickly, so that a program with errors and crashes ends soon."""
EXAMPLES = 25
"""Programs after which Hypothesis begins anew: the longer it goes on, the more its programs are alike."""


def explore(stack: Stack, *, build: Path, examples: int, steps: int, shrink: bool = True) -> Finding | None:
    """What `examples` generated programs of up to `steps` steps find; it is kept in `build`, as small as it gets."""
    search = Search(stack)
    found = search.generated(examples=examples, steps=steps)
    if found is not None and shrink:
        search.smaller()
        found = search.found
    kept = found or search.unknown
    if kept is not None:
        kept.keep(build)
    return kept


def look(
    console: Console, *, seconds: float, profile: Profile, build: Path, steps: int, shrink: float = SHRINK_S
) -> int:
    """The exit code of so many seconds of looking, of which at most `shrink` go into making a finding smaller."""
    attached = profile.deploy.driver == "attached"  # its settings are its own
    options = Options(build=build, history_name="all.jsonl", stack_env={} if attached else ENV)
    with deployed(profile, options) as stack:
        if why := hidden(stack):
            console.print(
                f"nothing can be concluded of this stack, whatever a program does: {why}", soft_wrap=True, markup=False
            )
            return 2
        began = time.monotonic()
        search = Search(stack, until=began + seconds, told=partial(progress, console))
        found = search.first()
        while found is None and not search.over:
            found = search.generated(examples=EXAMPLES, steps=steps)
        took = time.monotonic() - began
        if found is not None:
            found.keep(build)  # whatever comes of making it smaller
            again = search.smaller(seconds=shrink)
            found = search.found or found
            found.keep(build)
            tell(console, found, build, what=f"found in program {search.programs}, after {took:.1f} s")
            if shrink and not again:
                said = "it failed once and not when it was run again: its outcome hangs on the stack's timing"
                console.print(said, soft_wrap=True)
            return 1
        if search.unknown is not None:
            search.unknown.keep(build)
            tell(console, search.unknown, build, what="nothing is proven, and of this program it can't be told")
            return 2
        console.print(f"nothing found in {search.programs} programs, {took:.0f} s")
    return 0


def progress(console: Console, programs: int, what: str, seconds: float) -> None:
    console.print(f"program {programs} ({what}): {seconds:.1f} s", style="dim", highlight=False)


def hidden(stack: Stack) -> str | None:
    """Why not even one plain message can be judged; None where it can, or is judged to be wrong."""
    plain = next(channel for channel in CHANNELS if claimed(stack.profile, channel) is not False)
    try:
        with acting(stack) as acts:
            sent = acts.send(plain).flow
            sent.answer()
            acts.conclude()
            if not sent.now.taken:
                return refusal(sent.now)
    except Inconclusive as error:
        return str(error)
    except Refuted:
        return None  # a program will find that
    return None


def tell(console: Console, found: Finding, build: Path, *, what: str) -> None:
    """Prints the program as a scenario, why it is wrong, and where its history is."""
    console.print(what, style="bold red")
    for name in ("scenario.py", "why.txt"):
        console.print((build / name).read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    steps = len(found.program)
    console.print(f"{steps} steps; their history: {build / 'history.jsonl'}", soft_wrap=True)
