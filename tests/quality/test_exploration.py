"""Generated programs: none breaks the right stack, and a defect is found and told as a scenario."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis.errors import FlakyFailure
from rich.console import Console

from harness.errors import CheckFailed
from harness.exploration import machine
from harness.exploration.looking import ENV, explore, look
from harness.profile import Profile, load, parse
from harness.session import Options, deployed
from tests.quality.right.of_small import small

pytestmark = [pytest.mark.xdist_group("exploration"), pytest.mark.unmeasured]


def defective(name: str) -> Profile:
    """A stack with a defect, with all that harness.toml claims: what isn't claimed would excuse a duplicate."""
    said = tomllib.loads(Path("harness.toml").read_text(encoding="utf-8"))
    table = {
        "migrate": ["{python}", "-m", "messaging_stack", "migrate"],
        "processes": {
            role: {"command": ["{python}", "-m", "tests.quality.defective", name, role]} for role in ("api", "worker")
        },
        "queue": said["queue"],
        "claims": said["claims"],
    }
    return parse(table, source="a defect", environ={})


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "explore"


def test_the_right_stack_survives_generated_programs(build: Path) -> None:
    with deployed(load(Path("harness.toml")), Options(build=build, history_name="all.jsonl", stack_env=ENV)) as stack:
        for _ in range(5):  # what is generated differs each time; now and then nothing that is sent is valid
            explore(stack, build=build, examples=4, steps=8)
            if stack.history.events("database.inserted"):
                break
        assert stack.history.events("database.inserted"), "the programs sent nothing"
    assert not (build / "scenario.py").exists()


def test_a_defect_is_found_and_told_as_a_scenario(build: Path) -> None:
    profile = defective("resends after success")
    with (
        deployed(profile, Options(build=build, history_name="all.jsonl", stack_env=ENV)) as stack,
        # a generated fault may meet the second call as well as the first, so a program need not fail twice
        pytest.raises((CheckFailed, FlakyFailure)),
    ):
        explore(stack, build=build, examples=10, steps=6, shrink=False)
    assert "delivered more than once" in (build / "why.txt").read_text(encoding="utf-8")
    program = (build / "scenario.py").read_text(encoding="utf-8")
    compile(program, "scenario.py", "exec")
    assert "stack.send" in program
    assert "conclude(stack" in program
    assert (build / "history.jsonl").stat().st_size > 0


def test_a_failure_that_does_not_come_again_is_told_as_one(
    build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude, failed = machine.conclude, []

    def fails_once(*given: Any, **options: Any) -> None:
        conclude(*given, **options)
        if not failed:
            failed.append(True)
            raise CheckFailed("seen once")

    monkeypatch.setattr(machine, "conclude", fails_once)
    code = look(Console(width=120), seconds=1, profile=load(Path("harness.toml")), build=build, steps=3)
    said = capsys.readouterr().out
    assert code == 1, said
    assert "CheckFailed: seen once" in said
    assert "def test_found_by_exploration(stack):" in said
    assert "it failed once and not when it was run again" in said


def test_programs_ask_a_stack_for_nothing_that_its_profile_lacks(build: Path) -> None:
    """It has texts alone, no webhooks, no retries, and takes any text for a recipient."""
    profile = parse(tomllib.loads(small("small")), source="small", environ={})
    with deployed(profile, Options(build=build, history_name="all.jsonl")) as stack:
        explore(stack, build=build, examples=6, steps=10, shrink=False)
        asked = stack.history.events("api.requested")
        assert {event.data.get("channel") for event in asked} == {"sms"}
        assert {event.data["operation"] for event in asked} == {"send"}
        assert not stack.history.events("callback.sent")
        assert "provider" not in {event.data["fault"] for event in stack.history.events("fault.began")}
    assert not (build / "scenario.py").exists()


def test_a_stack_of_which_too_little_is_seen_is_told_so_before_any_program_runs(
    build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tomllib.loads(small("small"))
    profile = parse({**table, "providers": {"observe": "none"}}, source="small", environ={})
    assert look(Console(width=200), seconds=1, profile=profile, build=build, steps=3) == 2
    said = capsys.readouterr().out
    assert said.startswith("nothing can be concluded of this stack, whatever a program does: whole-record: unknown")
    assert "[providers]" in said
    assert not (build / "scenario.py").exists()
