"""The short suite on the lowest and the highest versions that pyproject.toml allows, as a table; 1 where a row fails.

`python -m tests.packaging.ranges` takes Python 3.11 and the newest one that is here, with all extras; and once those
extras alone that leave the lowest HTTPX its choice.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.packaging.environments import ROOT, Environment, NoIndexError, Uv, built

TOLD = ("pytest", "httpx", "starlette", "fastapi", "sqlalchemy", "pydantic", "redis")
NEEDED_BY_TESTS = ("pytest-httpserver", "hypothesis", "respx", "jsonschema", "twilio", "sendgrid")
"""What the tests themselves import beside the extras."""
TESTS = {
    "all": (
        "tests/harness/checks",
        *(f"tests/harness/test_{name}.py" for name in ("profile", "facts", "overlap", "claims")),
        "tests/harness/probes/test_monitor_probe.py",
        *(f"tests/mocks/test_{name}.py" for name in ("records", "faults", "mail_send", "twilio_messages", "client")),
    ),
    "parts": (
        "tests/harness/checks",
        *(f"tests/mocks/test_{name}.py" for name in ("records", "faults", "mail_send", "twilio_messages", "client")),
    ),
}
EXTRAS = {"all": ("all",), "parts": ("attached", "mocks", "embedded", "explore")}
OLDEST, NEWEST = 11, 14
WIDTH = 140
AT_A_TIME = 2
COMMANDS = (
    ("verify",),
    ("load", "--duration", "2s", "--rate", "20", "--late-share", "1"),
    ("explore", "--seconds", "1", "--steps", "3"),
)
MODULES = """
import importlib, pkgutil
for top in ("harness", "mock_providers", "messaging_stack"):
    for one in pkgutil.walk_packages([importlib.import_module(top).__path__[0]], top + "."):
        if not one.name.endswith(("__main__", "migrations.env")) and not one.name.startswith("harness.load."):
            importlib.import_module(one.name)
"""
"""Imports each module, so that no part goes unseen of which no command is run here; Locust wants its own process."""
BAD = re.compile(r"^(?:FAILED|ERROR|E  |error:).*", re.MULTILINE)


@dataclass
class Row:
    """One set of versions; `failures` holds what went wrong with it."""

    python: Path
    resolution: str
    extras: str
    versions: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{minor(self.python)}-{self.resolution}-{self.extras}"


def minor(python: Path) -> int:
    """Which Python 3 it is; 0 for what doesn't run, such as a shim of a version that isn't installed."""
    code = "import sys; print(sys.version_info[1])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else 0


def interpreters() -> list[Path]:
    """The oldest Python that is supported, and the newest of those that are here."""
    places = [shutil.which(f"python3.{number}") for number in range(NEWEST, OLDEST - 1, -1)]
    found = [Path(sys.executable), *(Path(place) for place in places if place)]
    found += (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python")
    by_minor = {minor(python): python for python in reversed(found)}
    usable = [number for number in sorted(by_minor) if OLDEST <= number <= NEWEST]
    return [by_minor[number] for number in dict.fromkeys((usable[0], usable[-1]))]


def rows(pythons: Sequence[Path]) -> Iterator[Row]:
    for python in pythons:
        for resolution in ("lowest-direct", "highest"):
            yield Row(python, resolution, "all")
    yield Row(pythons[0], "lowest-direct", "parts")


def corners(pythons: Sequence[Path]) -> Iterator[Row]:
    """The two that are farthest apart: the lowest on the oldest Python, the highest on the newest."""
    yield Row(pythons[0], "lowest-direct", "all")
    yield Row(pythons[-1], "highest", "all")


def attempt(row: Row, uv: Uv, wheel: Path, directory: Path) -> Row:
    """The row, once its versions are installed and the short suite has run on them."""
    began = time.monotonic()
    try:
        lock = uv.lock(row.name, python=row.python, resolution=row.resolution, extras=EXTRAS[row.extras])
        row.versions = dict(re.findall(r"^([\w-]+)==(\S+)$", lock.read_text(encoding="utf-8"), re.MULTILINE))
        environment = uv.environment(row.name, python=row.python)
        uv.install(environment, "--requirements", lock, *NEEDED_BY_TESTS)
        uv.install(environment, "--no-deps", wheel)
    except RuntimeError as error:
        row.failures = [str(error).strip()]
    else:
        row.failures = [*tests(row, environment, directory)]
        if row.extras == "all":
            row.failures += commands(environment, directory / f"{row.name}-tests")
    row.seconds = time.monotonic() - began
    return row


def tests(row: Row, environment: Environment, directory: Path) -> Iterator[str]:
    """What the tests said where they failed; in a copy of their own, so that it is the wheel that they import."""
    place = directory / f"{row.name}-tests"
    for name in ("tests", "conftest.py", "harness.toml", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(exist_ok=True)
            shutil.copy(source, place / name)
    (place / "pytest.ini").write_text("[pytest]\nxfail_strict = true\n", encoding="utf-8")
    # old versions warn of themselves on a new Python; that is no fault of ours
    options = ("-q", "-W", "default", "-p", "no:cacheprovider")
    yield from failure(environment.run("pytest", *options, *TESTS[row.extras], cwd=place))


def commands(environment: Environment, place: Path) -> Iterator[str]:
    """What the modules and the commands said that didn't do what they should."""
    yield from failure(environment.run("python", "-W", "ignore", "-c", MODULES, cwd=place))
    for words in COMMANDS:
        yield from failure(environment.run("harness", *words, "--profile", "reference", cwd=place))


def failure(done: subprocess.CompletedProcess[str]) -> Iterator[str]:
    if done.returncode != 0:
        said = done.stdout + done.stderr
        yield "\n".join(BAD.findall(said)[:20] or said.splitlines()[-20:])


def table(found: Sequence[Row]) -> Table:
    shown = Table("python", "versions", "extras", *TOLD, "time", "result")
    for row in found:
        versions = (row.versions.get(name, "–") for name in TOLD)
        result = "failed" if row.failures else "passed"
        shown.add_row(f"3.{minor(row.python)}", row.resolution, row.extras, *versions, f"{row.seconds:.0f} s", result)
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.packaging.ranges", description=__doc__)
    parser.add_argument("--python", action="append", type=Path, default=[], help="instead of those that are found")
    parser.add_argument("--quick", action="store_true", help="the lowest on the oldest, the highest on the newest")
    options = parser.parse_args()
    console = Console(highlight=False, width=WIDTH)
    found = []
    with tempfile.TemporaryDirectory(prefix="ranges-") as private, ThreadPoolExecutor(AT_A_TIME) as pool:
        directory = Path(private)
        uv, wheel = Uv(directory), built(directory / "wheel")
        wanted = (corners if options.quick else rows)(options.python or interpreters())
        for row in pool.map(lambda row: attempt(row, uv, wheel, directory), wanted):
            found.append(row)
            console.print(f"{row.name}: {'failed' if row.failures else 'passed'} in {row.seconds:.0f} s")
            for line in row.failures:
                console.print(line, markup=False)
    console.print(table(found))
    failed = sum(bool(row.failures) for row in found)
    console.print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoIndexError as error:
        sys.exit(f"error: no package index can be reached ({error}); the versions can't be fetched")
