"""What a verification found: one result a scenario, and the worst of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.checks.verdict import RANKS, Outcome, worst

EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "unknown": 2}
UNUSABLE = 3
"""The exit code when what was asked for can't be done."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one scenario; `verdicts` are those of its checks, as JSON."""

    scenario: str
    check: str
    outcome: Outcome
    reason: str
    elapsed_s: float
    story: str = ""
    verdicts: tuple[dict[str, Any], ...] = ()

    def dumps(self) -> str:
        """The result as text, to cross from one process to another."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Result:
        table = json.loads(text)
        return cls(**{**table, "verdicts": tuple(table["verdicts"])})


@dataclass
class Results:
    """All results of a run."""

    items: list[Result] = field(default_factory=list)
    unusable: str = ""
    """Why nothing could be verified at all; empty where something was."""
    ready_s: float = 0.0
    """How long the deployment took; of several side by side, the slowest."""

    def add(self, result: Result) -> None:
        self.items.append(result)

    @property
    def verdict(self) -> Outcome:
        return worst([item.outcome for item in self.items])

    @property
    def exit_code(self) -> int:
        return UNUSABLE if self.unusable else EXIT_CODES[self.verdict]

    def by_check(self) -> dict[str, list[Result]]:
        """The results by check, in order of first appearance."""
        groups: dict[str, list[Result]] = {}
        for item in self.items:
            groups.setdefault(item.check, []).append(item)
        return groups

    def to_json(self, *, stack: dict[str, Any]) -> dict[str, Any]:
        """The whole run as it stands in verdicts.json."""
        return {
            "verdict": self.verdict,
            "checks": [
                {**verdict, "check": item.check, "scenario": item.scenario}
                for item in self.items
                for verdict in verdicts_of(item)
            ],
            "stack": stack,
        }

    def write(self, path: Path, *, stack: dict[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(stack=stack), indent=1) + "\n", encoding="utf-8")


def verdicts_of(item: Result) -> Sequence[dict[str, Any]]:
    """A scenario's verdicts; where it ended before any check judged, one for the scenario itself."""
    own = {
        "name": item.check,
        "verdict": item.outcome,
        "claim": item.scenario,
        "reason": item.reason,
        "witnesses": [],
        "elapsed_s": round(item.elapsed_s, 6),
    }
    judged = worst([v["verdict"] for v in item.verdicts]) if item.verdicts else "pass"
    if item.verdicts and RANKS[judged] >= RANKS[item.outcome]:
        return item.verdicts
    return [*item.verdicts, own]
