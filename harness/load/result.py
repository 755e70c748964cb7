"""What a run came to, as data: for the table, the page, JSON and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.checks import Account, Verdict, worst
from harness.load.blame import Blamed
from harness.load.histogram import Histogram
from harness.load.holding import Held
from harness.load.judge import Punctuality
from harness.load.limits import Limits
from harness.load.meter import STAGES, Meter
from harness.load.parts import Spent
from harness.results import EXIT_CODES

MOST_NAMES = 1000


@dataclass(frozen=True, kw_only=True)
class Result:
    """One load run, judged."""

    meter: Meter
    account: Account
    verdicts: Sequence[Verdict]
    punctuality: Punctuality
    held: Sequence[Held]
    blamed: Sequence[Blamed]
    spent: Spent
    limits: Limits
    accepted: dict[str, Histogram]
    """Merged from the generator's processes."""
    samples: Sequence[dict[str, Any]]
    holds: Sequence[tuple[float, float]]
    drained_s: float
    profile: str
    observe: str
    unknown: Sequence[dict[str, str]] = ()
    """What the run can't know: `what`, `why`, `remedy`."""

    @property
    def outcome(self) -> str:
        return worst([verdict.outcome for verdict in self.verdicts])

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[worst([verdict.outcome for verdict in self.verdicts])]

    def latencies(self, kind: str, stage: str) -> dict[int, float]:
        """Seconds from the intended start to a stage, by number."""
        it = self.meter
        return {
            number: at - it.start - it.arrivals[number].at
            for number, at in it.reached[stage].items()
            if it.arrivals[number].kind == kind
        }

    def stages(self) -> dict[str, Histogram]:
        """The latency of every stage of every kind of user that reached it."""
        found: dict[str, Histogram] = {}
        for kind in self.meter.plan.kinds:
            for stage in STAGES:
                if stage == "accepted" and kind in self.accepted:
                    found[f"{kind}: {stage}"] = self.accepted[kind]
                elif latencies := self.latencies(kind, stage):
                    found[f"{kind}: {stage}"] = Histogram(latencies.values())
        return found

    def whole(self, stage: str, *, since: float = 0.0) -> Histogram:
        """The latency of a stage over all kinds of users, of messages due `since` seconds after the start or later."""
        it = self.meter
        arrived = ((it.arrivals[number], at) for number, at in it.reached[stage].items())
        return Histogram(at - it.start - arrival.at for arrival, at in arrived if arrival.at >= since)

    def sent_times(self) -> list[float]:
        """When messages were sent; where their rows are read at the end, when their providers were called."""
        reached = self.meter.reached
        return sorted(reached["called" if self.meter.late else "sent"].values())

    def rates(self) -> dict[str, float]:
        """Messages a second: as planned, as started, and as the workers sent them."""
        it = self.meter
        sent = self.sent_times()
        span = sent[-1] - sent[0] if len(sent) > 1 else 0.0
        return {
            "intended": round(len(it.arrivals) / it.plan.duration, 1),
            "started": round(len(it.started) / it.plan.duration, 1),
            "sustained": round((len(sent) - 1) / span, 1) if span > 0 else 0.0,
            "peak": float(max(per_second(sent, it.start), default=0)),
        }

    def series(self) -> dict[str, Any]:
        """What the charts show, second by second; latencies stand at the second of the intended start."""
        it = self.meter
        stages: dict[str, Any] = {}
        for kind in it.plan.kinds:
            for stage in STAGES:
                if latencies := self.latencies(kind, stage):
                    bins: dict[int, list[float]] = {}
                    for number, latency in latencies.items():
                        bins.setdefault(int(it.arrivals[number].at), []).append(latency)
                    stages[f"{kind}: {stage}"] = [
                        [second, *(round(v * 1000, 3) for v in quantiles(bins[second]))] for second in sorted(bins)
                    ]
        return {
            "intended": per_second([it.start + a.at for a in it.arrivals], it.start),
            "started": per_second(sorted(it.started.values()), it.start),
            "sent": per_second(self.sent_times(), it.start),
            "stages": stages,
            "samples": list(self.samples),
            "holds": [[round(begin, 3), round(end, 3)] for begin, end in self.holds],
        }

    def to_json(self) -> dict[str, Any]:
        it, on_time = self.meter, self.punctuality
        plan = asdict(it.plan)
        plan.pop("nonce")
        return {
            "verdict": self.outcome,
            "exit_code": self.exit_code,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
            "profile": self.profile,
            "observe": self.observe,
            "began": datetime.fromtimestamp(it.start, UTC).isoformat(timespec="seconds"),
            "plan": plan,
            "rates": self.rates(),
            "stages": {name: histogram.summary() for name, histogram in self.stages().items()},
            "account": self.account.counts,
            "lost": self.account.of("lost")[:MOST_NAMES],
            "unexpected": self.account.of("unexpected")[:MOST_NAMES],
            "unfinished": self.account.of("unfinished")[:MOST_NAMES],
            "duplicated": dict(list(self.account.duplicated.items())[:MOST_NAMES]),
            "not_accepted": it.refused,
            "not_accepted_such_as": it.such_as,
            "put_off": it.put_off,
            "unknown": list(self.unknown),
            "drained_s": round(self.drained_s, 3),
            "thresholds": [asdict(one) for one in self.held],
            "named": [asdict(one) for one in self.blamed],
            "where": self.spent.to_json(),
            "limits": self.limits.to_json(),
            "generator": {
                "scheduled": on_time.scheduled,
                "started": on_time.started,
                "dropped": on_time.dropped,
                "late": on_time.late,
                "held_up": on_time.held_up,
                "late_after_ms": on_time.limit * 1000,
                "lateness": on_time.lateness.summary(),
            },
            "series": self.series(),
        }

    def write(self, build: Path) -> dict[str, Any]:
        """Writes result.json, stages.csv, seconds.csv and samples.csv; returns what is in the first."""
        found = self.to_json()
        build.mkdir(parents=True, exist_ok=True)
        (build / "result.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        stages = [{"stage": name, **summary} for name, summary in found["stages"].items()]
        write_csv(build / "stages.csv", stages)
        series = found["series"]
        length = max((len(series[name]) for name in ("intended", "started", "sent")), default=0)
        write_csv(
            build / "seconds.csv",
            [
                {"second": second, **{n: at(series[n], second) for n in ("intended", "started", "sent")}}
                for second in range(length)
            ],
        )
        flat = [{k: v for k, v in sample.items() if k not in ("costs", "waits")} for sample in self.samples]
        costs = [
            {f"{name} {what}": value for name, cost in sample["costs"].items() for what, value in cost.items()}
            for sample in self.samples
        ]
        write_csv(build / "samples.csv", [{**one, **cost} for one, cost in zip(flat, costs, strict=True)])
        return found


def at(values: Sequence[int], place: int) -> int:
    return values[place] if place < len(values) else 0


def per_second(times: Sequence[float], start: float) -> list[int]:
    """How many of the times fall into each second after the start."""
    counts: list[int] = []
    for time in times:
        second = max(0, int(time - start))
        counts += [0] * (second + 1 - len(counts))
        counts[second] += 1
    return counts


def quantiles(values: list[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and maximum."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return ordered[last // 2], ordered[min(last, int(0.99 * len(ordered)))], ordered[last]


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=names)
        writer.writeheader()
        writer.writerows(rows)
