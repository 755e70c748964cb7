"""What `harness init` does: looks, writes what it guessed, sends one message, and mends the profile by what it saw."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from harness.discovery import project
from harness.discovery.draft import Draft
from harness.discovery.finishing import finished
from harness.discovery.operations import Operation
from harness.discovery.stack import Places, Stack, addresses, channel_of, placed, places_of, without
from harness.discovery.writing import written
from harness.errors import HarnessError, ProfileError, UsageError
from harness.keeping import advice
from harness.profile import Profile, load
from harness.session import Options, deployed
from harness.visible import visible

SCHEMA: Final = "./profile.schema.json"
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line says."""

    directory: Path
    output: Path
    api: str | None
    redis: str | None
    database: str | None
    mocks: str | None
    token: str | None
    send: bool
    yes: bool
    force: bool


def attach(asked: Asked) -> None:
    """Writes the profile of a stack that runs."""
    assert asked.api is not None  # noqa: S101 - reason: `init` has seen it
    places = Places(
        api=asked.api.rstrip("/"), redis=asked.redis, database=asked.database, mocks=asked.mocks, token=asked.token
    )
    draft = Draft()
    draft.put(("name",), asked.directory.resolve().name or "stack", "the directory's name", "guess")
    draft.put(("deploy", "driver"), "attached", "an address of its API was given", "seen")
    for key, value in addresses(places):
        draft.put(key, value, "the command line", "seen")
    without(draft, places)
    with contextlib.closing(Stack(places)) as stack:
        print("Looking:")
        stack.look(draft, attached=True, say=say)
        write(asked, draft)
        if asked.send and confirmed(asked, draft, places):
            print("What was seen:")
            profile = loaded(asked.output)
            stack.send(profile, draft, channel=channel_of(draft), say=say)
            write(asked, draft)
    close(asked, draft)


def embed(asked: Asked) -> None:
    """Writes the profile of a project that is started from its folder."""
    draft = Draft()
    draft.put(("name",), asked.directory.resolve().name or "stack", "the directory's name", "guess")
    home = os.path.relpath(asked.directory.resolve(), asked.output.resolve().parent)
    draft.put(("cwd",), home, "the project's folder, in which its commands run", "seen")
    draft.put(("deploy", "driver"), "embedded", "a folder was given, and no address of an API", "seen")
    print("Looking:")
    known = project.look(asked.directory, draft, say=say)
    write(asked, draft)
    missing = [role for role in ("api", "worker") if not draft.get("processes", role, "command")]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        say(f"nothing is started: how the {' and the '.join(missing)} {verb} started isn't known")
    elif asked.send and may_start(asked, draft):
        tried(asked, draft, known)
    else:
        say("nothing was started: what [queue], [database] and [statuses] don't say is as in the reference stack")
    close(asked, draft)


def may_start(asked: Asked, draft: Draft) -> bool:
    """Says what would be started, and whether it may be."""
    print(
        "To see what becomes of a message, the stack is started here with mocks of its providers, and taken down again:"
    )
    for key in (("migrate",), ("processes", "api", "command"), ("processes", "worker", "command")):
        if draft.get(*key):
            say(shlex.join(draft.get(*key)))
    if asked.yes:
        return True
    if not sys.stdin.isatty():
        say("not started: without a terminal to ask at, --yes is needed")
        return False
    return click.confirm("Start it?", default=True)


def tried(asked: Asked, draft: Draft, known: Sequence[Operation]) -> None:
    """Starts the stack, looks at it as at any that runs, and sends one message."""
    with tempfile.TemporaryDirectory(prefix="messaging-harness-init-") as build, contextlib.ExitStack() as cleanup:
        first = loaded(asked.output)
        # what is in its database isn't known before it runs
        blind = first.model_copy(update={"database": first.database.model_copy(update={"observe": "none"})})
        blind._written = first.written
        try:
            stack = cleanup.enter_context(deployed(blind, Options(build=Path(build))))
        except HarnessError as error:
            say(f"it didn't start: {error}")
            return
        where = stack.driver.addresses
        places = places_of(placed(first, where))
        with contextlib.closing(Stack(places)) as running:
            running.look(draft, known=known, attached=False, say=say)
            for key in (("providers", "accounts", "twilio"), ("providers", "accounts", "sendgrid")):
                draft.drop(key)
            write(asked, draft)
            if open_ones := lacking(draft):
                say(f"no message is sent: {' and '.join(open_ones)} must be filled in first")
            else:
                print("What was seen of one message:")
                running.send(placed(loaded(asked.output), where), draft, channel=channel_of(draft), say=say)
                for key in (("providers", "accounts", "twilio"), ("providers", "accounts", "sendgrid")):
                    draft.drop(key)
                write(asked, draft)


def lacking(draft: Draft) -> list[str]:
    """What must be filled in before a message can be sent."""
    return [f"[{'.'.join(key[:-1])}] {key[-1]}" for key in draft.open if key in (("send", "path"), ("send", "body"))]


def say(line: str) -> None:
    print(f"  {visible(line)}")


def confirmed(asked: Asked, draft: Draft, places: Places) -> bool:
    """Says what would be sent, and whether it may be; on a terminal somebody is asked."""
    if open_ones := lacking(draft):
        say(f"no message is sent: {' and '.join(open_ones)} must be filled in first")
        return False
    where = f"{places.api}{draft.get('send', 'path', default=Profile().send.path)}"
    to = (
        f"its providers should be the mocks at {places.mocks}" if places.mocks else "NO mocks were named: it may go out"
    )
    heard = "; until it is through, what its Redis runs is listened to (MONITOR)" if places.redis else ""
    print(f"One {channel_of(draft)} is sent now to {where}; {to}{heard}.")
    if asked.yes or (places.mocks and not sys.stdin.isatty()):
        return True
    if not sys.stdin.isatty():
        say("not sent: without mocks, and without a terminal to ask at, --yes is needed")
        return False
    return click.confirm("Send it?", default=bool(places.mocks))


def write(asked: Asked, draft: Draft) -> None:
    """Writes the profile as far as it is known; private, since addresses may hold passwords."""
    text = written(finished(draft), schema=SCHEMA)
    try:
        descriptor = os.open(asked.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(advice(error, f"the profile can't be written to {asked.output}", option="--output")) from error


def loaded(path: Path) -> Profile:
    try:
        return load(path)
    except ProfileError as error:
        raise UsageError(f"the profile as it was guessed makes no sense, so nothing was sent: {error}") from error


def close(asked: Asked, draft: Draft) -> None:
    """Says what is written, and what is still unknown."""
    print(f"wrote {asked.output}")
    for key, one in finished(draft).open.items():
        name = f"[{'.'.join(key[:-1])}] {key[-1]}" if len(key) > 1 else key[0]
        say(f"still unknown: {name}: {one.what}")
    print(f"next: harness profile check --profile {asked.output}, then harness verify --profile {asked.output}")
