"""What a verification found: one result a scenario, and the worst of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.keeping import keep

Said = Literal["not asked", "skipped", "xfailed", "pass", "unknown", "error", "fail"]
RANKS: dict[Said, int] = {"not asked": -3, "skipped": -2, "xfailed": -1, "pass": 0, "unknown": 1, "error": 2, "fail": 3}
"""The worst of several is the highest; what is below a pass counts in no verdict."""
EXIT_CODES: dict[Said, int] = {"pass": 0, "fail": 1, "error": 1, "unknown": 2}
UNUSABLE = 3
"""The exit code when what was asked for can't be done, or a part died while it was."""
WHOLE_RECORD = "whole-record"
"""The check that judges the record of the run, and is no scenario."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one scenario, as pytest has it; `verdicts` are those of its checks, as JSON."""

    scenario: str
    check: str
    outcome: Said
    reason: str
    elapsed_s: float
    story: str = ""
    verdicts: tuple[dict[str, Any], ...] = ()
    witnesses: tuple[dict[str, Any], ...] = ()
    """Events, as JSON, that tell why it ended so where no check judged."""
    remedy: str = ""
    """The line of the profile, or the permission, that would turn an unknown into an answer."""
    missing: tuple[str, ...] = ()
    """What it needs and the profile doesn't claim."""
    note: str = ""
    """What is to be told of it though it passed: that it was flaky, or expected to fail."""
    after_s: float = 0.0
    """How long after the run began it was known."""
    file: str = ""
    """The file in which it ended so, as seen from the current directory; the test's own where nobody raised."""
    line: int = 0
    run: str = ""
    """Which of several runs side by side it is of, as their joined history calls them; "" where there is one."""
    span: tuple[int, int] | None = None
    """The place of the first event of its run that came while it ran, and of the first that came after it."""

    @property
    def rank(self) -> int:
        return RANKS[self.outcome]

    @property
    def counts(self) -> bool:
        """Whether it counts in the verdict: it was asked, and it judged."""
        return self.rank >= 0

    @property
    def bad(self) -> bool:
        return self.rank > 0

    def dumps(self) -> str:
        """The result as text, to cross from one process to another."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Result:
        table = json.loads(text)
        return cls(
            **{
                **table,
                "verdicts": tuple(table["verdicts"]),
                "witnesses": tuple(table["witnesses"]),
                "missing": tuple(table["missing"]),
                "span": pair(table["span"]),
            }
        )


@dataclass
class Results:
    """All results of a run."""

    items: list[Result] = field(default_factory=list)
    whole: list[Result] = field(default_factory=list)
    """What was said of each stack's whole record."""
    unusable: str = ""
    """Why it couldn't be verified, or not to the end, or not be kept; empty where it could."""
    interrupted: str = ""
    """"after 38 of 62: SIGINT" where not every scenario was run to its end; empty where all were."""
    remarks: list[str] = field(default_factory=list)
    """What is to be told of the run as a whole, a line each."""
    ready_s: float = 0.0
    """How long the deployment took; of several side by side, the slowest."""
    ending_s: float = 0.0
    """How long judging the whole record and stopping the stack took; 0.0 where several did so side by side."""
    began: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> dict[str, float]:
        """Seconds by what they went into; nothing where there wasn't one stack from begin to end of the run."""
        last = max((item.after_s for item in self.items), default=0.0)
        suite = last - self.ready_s - self.ending_s
        if not self.ready_s or not self.ending_s or suite < 0:
            return {}
        return {"deploy": self.ready_s, "suite": suite, "teardown": self.ending_s}

    def add(self, result: Result) -> None:
        self.items.append(self._known_now(result))

    def add_whole(self, results: Iterable[Result]) -> None:
        self.whole += map(self._known_now, results)

    def _known_now(self, result: Result) -> Result:
        return replace(result, after_s=round(time.monotonic() - self.began, 3))

    @property
    def everything(self) -> list[Result]:
        return [*self.items, *self.whole]

    @property
    def counted(self) -> list[Result]:
        """The scenarios that count."""
        return [item for item in self.items if item.counts]

    @property
    def passed(self) -> int:
        return sum(item.outcome == "pass" for item in self.items)

    @property
    def verdict(self) -> Said:
        """The worst of all; no better than unknown where the run didn't come to its end, or judged nothing."""
        found = worst(self.everything)
        incomplete = self.interrupted or self.unusable or RANKS[found] < 0
        return "unknown" if incomplete and RANKS[found] <= 0 else found

    @property
    def exit_code(self) -> int:
        return UNUSABLE if self.unusable else EXIT_CODES[self.verdict]

    def by_check(self) -> dict[str, list[Result]]:
        """The results by check, in order of first appearance; the whole record last."""
        groups: dict[str, list[Result]] = {}
        for item in self.everything:
            groups.setdefault(item.check, []).append(item)
        return groups

    def to_json(self, *, stack: dict[str, Any]) -> dict[str, Any]:
        """The whole run as it stands in verdicts.json."""
        return {
            "verdict": self.verdict,
            **({"interrupted": self.interrupted} if self.interrupted else {}),
            **({"error": self.unusable} if self.unusable else {}),
            **({"remarks": self.remarks} if self.remarks else {}),
            "checks": [
                {**verdict, "check": item.check, "scenario": item.scenario, "after_s": item.after_s, **where(item)}
                for item in self.everything
                for verdict in verdicts_of(item)
            ],
            "stack": stack,
        }

    def write(self, path: Path, *, stack: dict[str, Any]) -> None:
        keep(path, json.dumps(self.to_json(stack=stack), indent=1) + "\n")


def where(item: Result) -> dict[str, Any]:
    """Which events of which run are of a scenario, as far as that is known."""
    return {**({"run": item.run} if item.run else {}), **({"span": list(item.span)} if item.span else {})}


def pair(told: Any) -> tuple[int, int] | None:
    return (told[0], told[1]) if told else None


def worst(items: Iterable[Result]) -> Said:
    """The worst outcome of several; what doesn't count only where nothing else is there."""
    return max((item.outcome for item in items), key=RANKS.__getitem__, default="unknown")


def verdicts_of(item: Result) -> Sequence[dict[str, Any]]:
    """A scenario's verdicts; where no check judged, or none as badly as it ended, one for the scenario itself."""
    own: dict[str, Any] = {
        "name": item.check,
        "verdict": item.outcome,
        "claim": item.scenario,
        "reason": item.reason,
        "witnesses": [*item.witnesses],
        "elapsed_s": round(item.elapsed_s, 6),
        **({"remedy": item.remedy} if item.remedy else {}),
    }
    if not item.counts:
        # what its checks said was expected to be bad, or of no matter: it must not read as a verdict
        return [{**own, "witnesses": [w for v in item.verdicts if v["verdict"] != "pass" for w in v["witnesses"]]}]
    judged = max((RANKS[verdict["verdict"]] for verdict in item.verdicts), default=-1)
    return item.verdicts if judged >= item.rank else [*item.verdicts, own]
