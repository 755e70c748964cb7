"""`harness verify` on a stack with a defect, or on the right one, and what it said."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.profile.base import CHANNELS
from tests.quality.defects import Defect

RIGHT = "(the right stack)"
LONGEST_S = 600
PROFILE = """
name = "{name}"
migrate = ["{{python}}", "-m", "messaging_stack", "migrate"]

[processes.api]
command = ["{{python}}", "-m", "tests.quality.defective", "{name}", "api"]

[processes.worker]
command = {worker}

{deadlines}
"""
WORKER = '["{{python}}", "-m", "tests.quality.defective", "{name}", "worker"]'
SUPERVISED = """["sh", "-c", '"$0" -m tests.quality.defective "$1" worker; true', "{{python}}", "{name}"]"""
"""A parent that does nothing itself, and forwards no signal."""
DEADLINES = """
[waits]
within = 3

[policy]
queued_within = 2
finished_within = 3
taken_up_within = 20
recovers_within = 8
"""
MODES = ("plain", "latency", "supervisor", "deadlines", "monitor")
"""plain: short deadlines; the others differ from it in one thing: slow providers, a parent above the worker, the
deadlines of harness.toml, MONITOR in place of the wire."""


class Named(Protocol):
    """What is to be caught: the check that must fail, and words that must stand in its reason."""

    @property
    def caught_by(self) -> str: ...
    @property
    def because(self) -> str: ...


@dataclass(frozen=True)
class Row:
    """What the suite said of one stack: its verdicts, each with its reason."""

    name: str
    verdicts: tuple[dict[str, Any], ...]
    error: str = ""

    @property
    def checks(self) -> list[str]:
        """Those that gave a verdict, in their order."""
        return list(dict.fromkeys(verdict["check"] for verdict in self.verdicts))

    def outcome(self, check: str) -> str:
        """The worst verdict of a check; empty where it gave none."""
        said = {v["verdict"] for v in self.verdicts if v["check"] == check}
        order = ("fail", "error", "unknown", "pass", "not asked")
        return next((outcome for outcome in order if outcome in said), "")

    def catches(self, defect: Named) -> bool:
        """Whether the check that names the defect failed, and for the right reason, be it not the first of several."""
        return bool(self._catching(defect))

    def caught_after(self, defect: Named) -> float | None:
        """How many seconds after the run's begin the defect was caught; None where it wasn't."""
        return min((float(verdict["after_s"]) for verdict in self._catching(defect)), default=None)

    def _catching(self, defect: Named) -> list[dict[str, Any]]:
        mine = [v for v in self.verdicts if v["check"] == defect.caught_by and v["verdict"] == "fail"]
        return [v for v in mine if any(defect.because in reason for reason in failing(v))]


def failing(verdict: dict[str, Any]) -> list[str]:
    """Why a verdict is a fail: its own reason, and each other that it gives for it."""
    reasons = [f"fail: {verdict['reason']}", *verdict.get("also", ())]
    return [reason for reason in reasons if reason.startswith("fail: ")]


def profile_of(name: str, mode: str) -> str:
    """A profile of the stack with a defect, with all that harness.toml claims."""
    worker = (SUPERVISED if mode == "supervisor" else WORKER).format(name=name).replace("{{", "{").replace("}}", "}")
    claims = Path("harness.toml").read_text(encoding="utf-8").partition("[queue]\n")[2]
    queue = '[queue]\nobserve = "monitor"\n' if mode == "monitor" else "[queue]\n"
    deadlines = "" if mode == "deadlines" else DEADLINES
    return PROFILE.format(name=name, worker=worker, deadlines=deadlines) + queue + claims


def verify(defect: Defect | None, *, number: int = 1, mode: str = "plain", build: Path) -> Row:
    """Runs the suite on the stack with a defect, or on the right one; `number` tells repeated runs apart."""
    name = RIGHT if defect is None else defect.name
    folder = build / mode / (name.strip("()").replace(" ", "-") + ("" if number == 1 else f"-{number}"))
    folder.mkdir(parents=True, exist_ok=True)
    profile, words = Path("harness.toml"), ["--provider-latency", "0.1"] if mode == "latency" else []
    if defect is not None:
        profile = folder / "profile.toml"
        profile.write_text(profile_of(name, mode), encoding="utf-8")
        left_out = [f"not {channel}" for channel in CHANNELS if channel not in defect.channels]
        words += [*(["--keyword", " and ".join(left_out)] if left_out else []), *defect.options]
    command = [sys.executable, "-m", "harness", "verify", "--profile", str(profile), "--build", str(folder / "verify")]
    try:
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return Row(name, (), error=f"it wasn't judged within {LONGEST_S} s")
    (folder / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    try:
        verdicts = json.loads((folder / "verify" / "verdicts.json").read_text(encoding="utf-8"))["checks"]
    except (OSError, ValueError) as error:
        return Row(name, (), error=f"no verdicts ({error}); see {folder / 'output.txt'}")
    return Row(name, tuple(verdicts))
