"""What a right variation is: a stack's profile, and what of it may stay open, by the source that can't show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.profile.claims import FEATURES, WHERE_CLAIMED

CHECKS = (
    "sync-processing-disabled",
    "message-queued",
    "asynchronous",
    "worker-processed",
    "provider-failures",
    "webhooks",
    "queue-operations",
    "whole-record",
)


class NotHere(Exception):
    """This machine lacks what the variation needs; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """What a variation may leave open: verdicts whose reason has these words, of these checks (none named: all)."""

    words: str
    checks: tuple[str, ...] = ()
    outcome: str = "unknown"

    def excuses(self, verdict: Mapping[str, Any]) -> bool:
        """Whether a verdict of verdicts.json is one of these."""
        mine = not self.checks or verdict["check"] in self.checks
        return mine and verdict["verdict"] == self.outcome and self.words in verdict["reason"]


def unknown(words: str, *checks: str) -> Doubt:
    return Doubt(words=words, checks=checks)


def not_asked(words: str, *checks: str) -> Doubt:
    return Doubt(words=words, checks=checks, outcome="not asked")


SILENT = (
    *(not_asked(f"the profile claims no {FEATURES[feature]}") for feature in sorted(WHERE_CLAIMED)),
    not_asked("the profile names no {metadata} in [send] body", "content"),
    not_asked("no call that carries none of our words could be told", "api-promises"),
    not_asked("what no worker can read of", "entry-life"),
    not_asked(
        "the profile doesn't say where a reason stands, or a report in the stack's own names has none", "webhooks"
    ),
    not_asked("replies come in the stack's own names, so each has an id", "webhooks"),
    not_asked("the stack takes no mail without a Message-ID", "webhooks"),
    not_asked("entries stay on their stream, so a new group would be given them all again", "entry-life"),
)
"""What is asked only of who claims it: a profile that doesn't say so needs no excuse."""
Deployed = Callable[["Variation", Path], Iterator[Path]]
"""Brings a stack up in a directory, yields the profile to verify it with, and takes it down."""


def written(variation: Variation, build: Path) -> Iterator[Path]:
    """The profile as it stands: the harness deploys the stack itself."""
    profile = build / "profile.toml"
    profile.write_text(variation.profile, encoding="utf-8")
    yield profile


@dataclass(frozen=True, kw_only=True)
class Variation:
    """A right stack; `what` says in a sentence what is unusual about it."""

    name: str
    what: str
    profile: str
    install: Callable[[], None] | None = None
    """Replaces a seam in each process of the reference stack; see `process.py`."""
    options: tuple[str, ...] = ()
    """More words for `harness verify`."""
    doubts: tuple[Doubt, ...] = ()
    proven: tuple[str, ...] = CHECKS
    """The checks of which at least one scenario must pass: a stack of which nothing is shown is no proof."""
    deployed: Deployed = field(default=written, repr=False)
    fast: bool = False
    """Nothing in it waits: it is what `--repeat` repeats."""
    quick: bool = False
    """One of the handful that stand for all."""
    wrong: str = ""
    """Set only for a wrong stack, which shows that the suite can fail here: words of the reason that must fail it."""

    @contextmanager
    def up(self, build: Path) -> Iterator[Path]:
        """The stack, as far as it isn't the harness's to deploy; yields the profile."""
        yield from self.deployed(self, build)

    def findings(self, verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
        """What is wrong with what the suite said: every fail, and all that is open without an excuse."""
        if self.wrong:
            caught = any(v["verdict"] == "fail" and self.wrong in v["reason"] for v in verdicts)
            return [] if caught else [f"it is wrong, and nothing failed with {self.wrong!r}"]
        excuses = (*self.doubts, *SILENT)
        open_ones = [v for v in verdicts if v["verdict"] != "pass" and not any(one.excuses(v) for one in excuses)]
        found = told(open_ones)
        passed = {v["check"] for v in verdicts if v["verdict"] == "pass"}
        return found + [f"nothing passed of {check}" for check in self.proven if check not in passed]

    def idle_doubts(self, verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
        """Excuses that nothing needed."""
        return [doubt.words for doubt in self.doubts if not any(doubt.excuses(v) for v in verdicts)]


def told(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Verdicts in lines, those of one check that say the same together."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for verdict in sorted(verdicts, key=lambda one: one["verdict"] != "fail"):
        words = (verdict["verdict"], verdict["check"], verdict["reason"])
        alike.setdefault(words, []).append(verdict["scenario"])
    return [f"{len(names)} {said}: {check}: {why} ({names[0]})" for (said, check, why), names in alike.items()]
