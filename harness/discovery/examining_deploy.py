"""Whether a stack can be started: its programs, directories, servers and images; nothing is started to see that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.deploy import engine, postgres, valkey
from harness.discovery import compose
from harness.discovery.tried import Sight, Tried
from harness.errors import DeployError, UsageError
from harness.profile import Profile
from harness.profile.placeholders import told_of_redis


def examine(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """Tries what a deployment needs; what it finds lacking is noted in `sight`."""
    inside = profile.deploy.driver != "embedded"
    if profile.migrate:
        whole = place(profile, profile.cwd)
        yield from program(profile, "migrate", profile.migrate, whole, sight, inside=inside)
    for name, process in profile.processes.items():
        cwd = process.cwd if process.cwd is not None else profile.cwd
        folder = place(profile, cwd)
        if folder is not None and not inside:
            good = folder.is_dir()
            yield Tried(
                part="processes", what=f"{name}'s directory", found=str(folder) if good else f"{folder} isn't there",
                good=good, remedy=f"[processes.{name}] cwd" if process.cwd is not None else "cwd",
            )  # fmt: skip
            if not good:
                sight.runs.append(f"{folder} isn't there")
        yield from program(profile, name, process.command or [], folder, sight, inside=inside)
    if profile.deploy.driver == "compose":
        yield from composed(profile, sight)
    if inside:
        yield from images(profile, sight)
    else:
        yield from servers(profile, sight)
    claims(profile, sight)


def place(profile: Profile, cwd: str | None) -> Path | None:
    """The folder that a profile names; None where it names none."""
    return None if cwd is None else profile.folder / cwd.replace("{profile}", str(profile.folder))


def program(
    profile: Profile, name: str, command: list[str], folder: Path | None, sight: Sight, *, inside: bool
) -> Iterator[Tried]:
    """Whether a command's program is there; one that runs in a container can't be looked for from here."""
    if not command or inside:
        return
    word = command[0].replace("{profile}", str(profile.folder))
    if "{python}" in word:
        yield Tried(part="processes", what=f"{name}: {word}", found="the interpreter that runs the harness")
        return
    there = str(folder / word) if folder is not None and "/" in word and not os.path.isabs(word) else word  # noqa: PTH117 - reason: a word of a command, not yet a path
    found = shutil.which(there)
    remedy = f"install it, or activate its environment, or mend the command of {name}"
    yield Tried(
        part="processes", what=f"{name}: {word}", found=found or "not on PATH", good=found is not None, remedy=remedy
    )
    if found is None:
        sight.runs.append(f"{word} is not on PATH")


def servers(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """The servers that a deployment on this machine brings."""
    wanted: list[tuple[str, Callable[[], Path], str]] = [
        ("Redis or Valkey", lambda: valkey.binary(profile.deploy.redis_server), "[deploy] redis_server")
    ]
    if profile.database.kind == "postgres":
        wanted.append(("PostgreSQL", lambda: postgres.binaries(profile.deploy.postgres_bin), "[deploy] postgres_bin"))
    for name, look, remedy in wanted:
        try:
            yield Tried(part="servers", what=name, found=str(look()))
        except (UsageError, ModuleNotFoundError) as error:
            yield Tried(part="servers", what=name, found=str(error), good=False, remedy=remedy)
            sight.runs.append(f"no {name} here")


def composed(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """The compose file with the profile's services, and a program that reads it."""
    from harness.deploy.project import binary

    try:
        yield Tried(part="compose", what="compose", found=" ".join(binary()))
    except DeployError as error:
        yield Tried(part="compose", what="compose", found=str(error), good=False, remedy="install it")
        sight.runs.append("no compose is to be had")
    file = profile.folder / profile.deploy.compose
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None
    found = str(file) if text is not None else f"{file} isn't there"
    yield Tried(part="compose", what="its file", found=found, good=text is not None, remedy="[deploy] compose")
    if text is None:
        sight.runs.append(f"there is no {file}")
        return
    known = {service.name for service in compose.read(text)}
    for name, process in profile.processes.items():
        service = process.service or name
        there = service in known
        said = "it is there" if there else f"none; there are {', '.join(sorted(known))}"
        remedy = f"[processes.{name}] service"
        # what a file takes from others isn't read here
        yield Tried(part="compose", what=f"service {service}", found=said, good=there or None, remedy=remedy)


def images(profile: Profile, sight: Sight) -> Iterator[Tried]:
    """The images, where an engine can be asked for them."""
    if not engine.listening():
        yield Tried(part="images", what="a container engine", found="none answers", good=False, remedy="start dockerd")
        sight.runs.append("no container engine answers")
        return
    from harness.deploy.images import first

    client = engine.connect()
    for part, names in profile.images:
        if profile.deploy.driver == "compose" and part != "tools":
            continue  # the compose file names them
        try:
            yield Tried(part="images", what=part, found=first(client, names, part=part))
        except DeployError as error:
            yield Tried(part="images", what=part, found=str(error), good=False, remedy=f"[images] {part}")
            sight.runs.append(f"no image for {part}")


def claims(profile: Profile, sight: Sight) -> None:
    """What can't be seen of a stack although the harness deploys it: by what the profile says of it."""
    queue, database = profile.queue, profile.database
    if profile.deploy.driver == "compose":
        named_by_addresses(profile, sight)
    if queue.base == "none":
        for what in ("queue", "takers", "counters", "gates"):
            sight.lack(what, '[queue] kind = "none": the broker isn\'t Redis')
    if queue.observe in ("monitor", "tail"):
        sight.lack("gates", f'[queue] observe = "{queue.observe}": no wire stands between, so nothing can be withheld')
    if queue.observe == "tail":
        sight.lack("takers", '[queue] observe = "tail" doesn\'t see who takes an entry')
    if database.kind == "none" or database.observe in ("api", "none"):
        sight.lack("transitions", "rows are only sampled through the API: [database] kind, observe")
        if not profile.look.path or database.observe == "none":
            sight.lack("rows", "nobody looks at a message's status: [database], or [look] path")
    if profile.providers.observe == "none":
        sight.lack("calls", 'the stack mocks its providers inside ([providers] observe = "none")')
    if not profile.count("worker"):
        for what in ("hold", "kill"):
            sight.lack(what, 'no process that is started is a worker: [processes.worker], or role = "worker"')


def named_by_addresses(profile: Profile, sight: Sight) -> None:
    """What can't be seen of a compose file's services, as long as no address says which is which."""
    if not told_of_redis(profile):
        why = "no wire stands between: a setting of [env] that names {redis_url} or {redis_host} would lead to it"
        sight.lack("gates", why)
    if profile.queue.url is None:
        for what in ("queue", "takers", "counters"):
            sight.lack(what, "[queue] url doesn't say which service is Redis")
    if profile.database.url is None and profile.database.kind != "none":
        sight.lack("transitions", "rows are only sampled through the API: [database] url names no service")
