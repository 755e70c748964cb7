"""The plugin's options: each on pytest's command line, in the environment and in the ini file, by the same words."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.content import REFERENCE
from harness.errors import UsageError

Read = Callable[[str], object]
MOST_TIMES = 10_000


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option; `--harness-NAME`, `HARNESS_NAME` and `harness_name` all follow from its name."""

    name: str
    help: str
    metavar: str = ""
    read: Read = str
    many: bool = False
    """It can be given several times: a word each in the environment, a line each in the ini file."""

    @property
    def flag(self) -> str:
        return f"--harness-{self.name}"

    @property
    def key(self) -> str:
        """The ini key, and the attribute of `config.option`."""
        return f"harness_{self.name}".replace("-", "_")

    @property
    def variable(self) -> str:
        return self.key.upper()

    @property
    def switch(self) -> bool:
        return self.read is truth


def positive(text: str) -> float:
    value = number(text)
    if value == 0:
        raise ValueError("it isn't above 0")
    return value


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("it isn't a number") from None
    if not 0 <= value < math.inf:
        raise ValueError("it isn't a number from 0 on")
    return value


def times(text: str) -> int:
    # as many are made before the first is run, and each is a test
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_TIMES or len(text) > 9:
        raise ValueError(f"it isn't a whole number from 1 to {MOST_TIMES}")
    return int(text)


def truth(text: str) -> bool:
    if text.lower() not in ("true", "1", "yes", "on", "false", "0", "no", "off"):
        raise ValueError("it is neither true nor false")
    return text.lower() in ("true", "1", "yes", "on")


OPTIONS = (
    Option(name="profile", metavar="FILE", read=Path, help="how to reach the stack and read it"),
    Option(name="deploy", metavar="DRIVER", help="embedded, containers, compose, attached; by default the profile's"),
    Option(name="time-scale", metavar="X", read=positive, help="multiplies every deadline"),
    Option(name="build", metavar="DIR", read=Path, help="where verdicts, history and logs go"),
    Option(name="check", metavar="NAME", many=True, help="only the scenarios of this check"),
    Option(name="repeat", metavar="N", read=times, help="runs every scenario N times"),
    Option(
        name="stack-env",
        metavar="NAME[=VALUE]",
        many=True,
        help="a setting for the stack; without a value it takes the one of the environment",
    ),
    Option(name="without", metavar="NAME", many=True, help="a process, or a role, that is never started"),
    Option(name="deep", read=truth, help="also the scenarios that take long"),
    Option(name="explain", read=truth, help="prints each claim with its witnesses, also when it passed"),
    Option(name="lint", read=truth, help="warns of each place in a test that is decided by who is faster"),
    Option(name="watch", read=truth, help="deploys, or attaches to, the stack also where no test takes it"),
    Option(name="provider-latency", metavar="SECONDS", read=number, help="slows every provider call"),
)
RENAMED = "harness_fixtures"
"""The ini key that gives our fixtures other names."""
COMMAND = pytest.StashKey[bool]()
"""Set where `harness verify` runs the session: every test is one of the suite's, and its line decides alone."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a session's options say."""

    profile: Path = Path("harness.toml")
    deploy: str | None = None
    time_scale: float = 1.0
    build: Path = Path("build/verify")
    check: tuple[str, ...] = ()
    repeat: int = 1
    stack_env: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    deep: bool = False
    explain: bool = False
    lint: bool = False
    watch: bool = False
    provider_latency: float = 0.0
    sources: Mapping[str, str] = field(default_factory=dict)
    """How each of the options is given; for the lines that tell what is wrong with one."""

    def told(self, line: str) -> str:
        """A line that names options as the command `harness` has them, in the words in which they are given here."""
        named: set[str] = set()

        def words(found: re.Match[str]) -> str:
            said = self.sources.get(found[1], found[0])
            again = found[1] in named and said != found[0]
            named.add(found[1])
            return f"--harness-{found[1]}" if again else said

        return NAMED.sub(words, line)


SETTINGS = pytest.StashKey[Settings]()
NAMED = re.compile(rf"(?<![\w-])--({'|'.join(option.name for option in OPTIONS)})(?![\w-])")


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("messaging-harness", "verification of asynchronous messaging stacks")
    for option in OPTIONS:
        # what isn't given stays None, so that the environment and the ini file are asked
        how: dict[str, Any] = {"dest": option.key, "default": None, "help": option.help}
        if option.switch:
            how["action"] = "store_true"
        else:
            how |= {"metavar": option.metavar, "action": "append" if option.many else "store"}
        group.addoption(option.flag, **how)
        kind: Any = "bool" if option.switch else "linelist" if option.many else "string"
        parser.addini(option.key, f"{option.help} (as {option.flag})", type=kind, default=None)
    parser.addini(RENAMED, "other names for the fixtures, a line each: stack = messaging_stack", type="linelist")


def settings_of(config: pytest.Config) -> Settings:
    """The session's settings, read once; raises pytest.UsageError that names where a bad value came from."""
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = read(config)
    return config.stash[SETTINGS]


def by_command(config: pytest.Config) -> bool:
    """Whether `harness verify` runs the session, also in a worker of xdist's."""
    return config.stash.get(COMMAND, False) or COMMANDED in getattr(config, "workerinput", {})


COMMANDED = "messaging-harness-command"
"""What a worker is given where the command runs the session."""
RUN = "messaging-harness-run"
"""What a worker is given: the process whose run it is of."""


def read(config: pytest.Config) -> Settings:
    values: dict[str, Any] = {}
    sources = {}
    for option in OPTIONS:
        source, found, base = given(config, option)
        sources[option.name] = f"--{option.name}" if by_command(config) else source
        if found is not None:
            value = parsed(option, found, source)
            if isinstance(value, Path) and (value != REFERENCE or (base / value).exists()):
                value = base / value
            values[option.key.removeprefix("harness_")] = value
    return Settings(**values, sources=sources)


def refuse_bad_line(config: pytest.Config) -> None:
    """Raises pytest.UsageError for a bad value on the command line, also where no scenario is run."""
    for option in OPTIONS:
        value = getattr(config.option, option.key, None)
        if value is not None:
            parsed(option, value, f"--{option.name}" if by_command(config) else option.flag)


def given(config: pytest.Config, option: Option) -> tuple[str, Any, Path]:
    """Where the value comes from, the value as it stands there, and what a relative path counts from.

    The value is None where it is given nowhere; what `harness verify` runs is given on its own line alone.
    """
    value = getattr(config.option, option.key, None)
    if value is not None or by_command(config):
        return option.flag, value, Path()
    written = os.environ.get(option.variable, "")
    if written:
        return option.variable, words(option, written), Path()
    place = f"{option.key} in {config.inipath.name if config.inipath else 'an ini setting'}"
    try:
        value = config.getini(option.key)
    except (TypeError, ValueError, pytest.UsageError) as error:  # each of pytest's versions has its own
        raise pytest.UsageError(f"{place}: {error}") from error
    if not value:
        return option.flag, None, Path()
    return place, value, config.inipath.parent if config.inipath else config.rootpath


def words(option: Option, written: str) -> Any:
    """What stands in an environment variable, as the command line would give it."""
    try:
        return shlex.split(written) if option.many else written
    except ValueError as error:
        raise pytest.UsageError(f"{option.variable} can't be split into words: {error}") from error


def parsed(option: Option, value: Any, source: str) -> Any:
    if option.many:
        return tuple(map(str, value))  # TOML has lists of other things too
    if not isinstance(value, str):
        return value
    try:
        return option.read(value)
    except ValueError as error:
        raise pytest.UsageError(f"{source} {value!r}: {error}") from error


def parse_env(pairs: Sequence[str]) -> dict[str, str]:
    """The settings that `NAME=VALUE` and `NAME` stand for; a name alone takes its value from the environment.

    So a secret needn't stand in a command line, which every user of a machine can read. Raises UsageError.
    """
    settings = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name:
            raise UsageError(f"--stack-env {pair!r} is neither NAME=VALUE nor NAME")
        if not equals:
            if name not in os.environ:
                raise UsageError(f"--stack-env {name}: the environment has no {name}; set it, or write {name}=VALUE")
            value = os.environ[name]
        settings[name] = value
    return settings


def watches(config: pytest.Config) -> bool:
    """Whether the session's stack is wanted also where no test takes it; a wrong value is told by whoever needs it."""
    try:
        return not by_command(config) and settings_of(config).watch
    except pytest.UsageError:
        return False
