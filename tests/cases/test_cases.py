"""Each shape of a right stack is found right where the profile describes it, and never wrong where it doesn't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cases.cases import CASES, CLAIMS, Case

pytestmark = pytest.mark.unmeasured
ASKED = "sms or the_api_does_not_wait"
"""One scenario or two of each check."""
DENIED = {"mms", "email"}
CHECKS = {"sync-processing-disabled", "message-queued", "asynchronous", "worker-processed", "queue-operations"}


@dataclass(frozen=True)
class Run:
    """How a verification ended: its exit code, what it printed, and its verdicts."""

    code: int
    output: str
    verdicts: tuple[dict[str, Any], ...]

    def of(self, *outcomes: str) -> list[dict[str, Any]]:
        return [one for one in self.verdicts if one["verdict"] in outcomes]

    @property
    def passed(self) -> set[str]:
        return {one["check"] for one in self.of("pass")}


def verified(case: Case, directory: Path, *, described: bool, asked: str = ASKED) -> Run:
    """Verifies the stack of a case with a profile that describes it, or doesn't; `asked` are the scenarios."""
    profile, build = directory / "profile.toml", directory / "verify"
    profile.write_text(case.profile(described=described), encoding="utf-8")
    command = [sys.executable, "-m", "harness", "verify", "--profile", str(profile), "--build", str(build)]
    command += ["-k", asked]
    env = {**os.environ, **{f"SHAPED_{name}": value for name, value in case.env.items()}}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=env)
    kept = build / "verdicts.json"
    verdicts = json.loads(kept.read_text(encoding="utf-8"))["checks"] if kept.exists() else []
    return Run(done.returncode, done.stdout + done.stderr, tuple(verdicts))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_stack_that_is_described_is_found_right(case: Case, tmp_path: Path) -> None:
    run = verified(case, tmp_path, described=True)
    bad = [one for one in run.of("fail", "error", "unknown") if not any(words in one["reason"] for words in case.open)]
    assert bad == [], run.output
    assert run.passed >= CHECKS - ({"worker-processed"} if case.open else set()), run.output
    assert run.code == (0 if not run.of("unknown") else 2)


@pytest.mark.parametrize("case", [case for case in CASES if not case.alike], ids=lambda case: case.name)
def test_what_is_not_described_is_unknown_and_named_never_a_fail(case: Case, tmp_path: Path) -> None:
    run = verified(case, tmp_path, described=False)
    if case.unusable:
        assert run.code == 3, run.output
        assert case.unusable in " ".join(run.output.split())
        return
    assert run.of("fail", "error") == [], run.output
    reasons = [one["reason"] for one in run.of("unknown")]
    for words in case.without:
        assert any(words in reason for reason in reasons), run.output
    assert run.code == 2


@pytest.mark.parametrize(
    ("claims", "missing"),
    [("", DENIED), (CLAIMS, {*DENIED, "webhooks", "idempotency"})],
    ids=["by its streams", "by its claims"],
)
def test_what_a_stack_has_not_is_not_asked_and_the_table_says_so(
    claims: str, missing: set[str], tmp_path: Path
) -> None:
    asked = "accepted_message_is_on" + (" or a_text_reply_is_stored_once or idempotency" if claims else "")
    run = verified(Case(name="texts alone", claims=claims), tmp_path, described=True, asked=asked)
    assert run.code == 0, run.output
    for name in missing:
        assert any(name.partition("_")[0] in one["reason"] for one in run.of("not asked")), run.output
    assert "not asked: mms, email" in run.output
