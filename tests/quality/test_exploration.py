"""Generated programs: none breaks the right stack, and a defect is found and told as a scenario."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.checks.rest import Debt
from harness.errors import CheckFailed
from harness.exploration import acts
from harness.exploration.done import Done
from harness.exploration.finding import Finding, attempt
from harness.exploration.looking import ENV, explore, look
from harness.exploration.searching import Search
from harness.exploration.shrinking import smallest
from harness.exploration.steps import Program, Ref, Step
from harness.profile import Profile, load, parse
from harness.scenario.stack import Stack
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
        search = Search(stack)
        assert search.first() is None, search.found
        first = search.programs
        assert first >= 8, "each of the first programs is about something that harness.toml claims"
        assert search.generated(examples=6, steps=8) is None, search.found
        assert search.unknown is None, search.unknown.error
        assert stack.history.events("database.inserted"), "the programs sent nothing"


def test_what_begins_after_rest_is_no_restlessness(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay may append again what was finished, just when all that was owed has been paid."""
    again = [Debt("acknowledgement", "its entry is not acknowledged")]
    with deployed(load(Path("harness.toml")), Options(build=build, history_name="all.jsonl")) as stack:
        with acts.acting(stack) as one:
            one.send("sms")
            monkeypatch.setattr("harness.exploration.conclusion.owed", lambda *_: again)
            one.conclude(within=10)
        assert stack.history.events("queue.acked")


def test_a_defect_is_found_told_and_the_scenario_that_is_printed_fails_again(
    build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = defective("report moves back")
    assert look(Console(width=120), seconds=60, profile=profile, build=build, steps=6, shrink=20) == 1
    said = capsys.readouterr().out
    program = (build / "scenario.py").read_text(encoding="utf-8")
    assert program in said
    assert "moved back" in (build / "why.txt").read_text(encoding="utf-8")
    assert (build / "history.jsonl").stat().st_size > 0
    assert "it failed once and not when it was run again" not in said
    lines = [line for line in program.splitlines() if line.strip().startswith(("acts.", "m"))]
    assert len(lines) <= 5, f"a message, a report and another are enough:\n{program}"
    pasted: dict[str, Any] = {}
    exec(compile(program, "scenario.py", "exec"), pasted)
    with (
        deployed(profile, Options(build=build, history_name="again.jsonl", stack_env=ENV)) as stack,
        pytest.raises(CheckFailed, match="moved back"),
    ):
        pasted["test_found_by_exploration"](stack)


def test_what_never_comes_to_rest_is_judged_all_the_same(build: Path) -> None:
    """A row that stays as it is says nothing for a while; what else is proven is told long before."""
    profile = defective("left over forgotten")
    with deployed(profile, Options(build=build, history_name="all.jsonl", stack_env=ENV)) as stack:
        crash = Step("crash_at", ("call", "sms"))
        began = time.monotonic()
        stuck = attempt(stack, [crash], within=4)
        assert stuck is not None
        assert not stuck.refuted, stuck.error
        assert "didn't come to rest within 4 s" in str(stuck.error)
        sent = Ref("m1")
        unsaid = [crash, Step("send", ("sms",), {}, sent.name), Step("invalid", ("sms", "recipient"))]
        assert attempt(stack, unsaid[1:], within=4) is None, "the message of the program before isn't this one's"
        assert time.monotonic() - began < 60


def test_what_is_proven_is_told_though_another_message_never_comes_to_rest(build: Path) -> None:
    profile = defective("lost and stuck")
    with deployed(profile, Options(build=build, history_name="all.jsonl", stack_env=ENV)) as stack:
        sent = Ref("m2")
        program = [
            Step("send", ("sms", "stuck")),
            Step("send", ("email",), {}, sent.name),
            Step("report", (sent, "bounce")),
        ]
        began = time.monotonic()
        found = attempt(stack, program, within=25)
        assert found is not None
        assert found.refuted, found.error
        assert "without the effect of a report that was taken" in str(found.error)
        assert time.monotonic() - began < 20, "it is told once it is proven, not when patience is over"


def test_making_it_smaller_obeys_the_clock() -> None:
    """Each try takes its time; what is kept has failed as it stands, and the end is the end."""
    program = [Step("send", ("sms", str(number))) for number in range(40)]
    first = Finding(program=program, error=CheckFailed("no"), record=())
    ran: list[list[str]] = []

    def attempted(smaller: Program) -> Finding | None:
        ran.append([step.line for step in smaller])
        end = time.monotonic() + 0.02
        while time.monotonic() < end:
            """A stack that is at work."""
        needed = program[17] in smaller and program[30] in smaller
        return Finding(program=smaller, error=CheckFailed("no"), record=()) if needed else None

    began = time.monotonic()
    found, again = smallest(first, attempted, until=began + 0.3)
    assert time.monotonic() - began < 1
    assert len(ran) >= 5
    assert again
    assert [step.line for step in found.program] in ran, "what is told is what ran"
    assert len(found.program) < 40
    found, _ = smallest(first, attempted, until=time.monotonic() + 30)
    assert list(found.program) == [program[17], program[30]]


def test_the_whole_run_obeys_the_clock(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each try to make this one smaller takes 10 s, and there are a dozen."""
    profile = defective("never acknowledged")
    began = time.monotonic()
    code = look(Console(width=120), seconds=18, profile=profile, build=build, steps=6, shrink=300)
    assert time.monotonic() - began < 18 + 20 + 60, "deploying and ending is no looking"
    said = capsys.readouterr().out
    assert code == 1, said
    assert "acknowledged by nobody" in said


def test_a_failure_that_does_not_come_again_is_told_as_one(
    build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    conclude, failed = acts.conclude, []

    def fails_once(stack: Stack, done: Done, **options: Any) -> None:
        conclude(stack, done, **options)
        if len(done.sent) > 1 and not failed:
            failed.append(True)
            raise CheckFailed("seen once")

    monkeypatch.setattr(acts, "conclude", fails_once)
    code = look(Console(width=120), seconds=10, profile=load(Path("harness.toml")), build=build, steps=3, shrink=5)
    said = capsys.readouterr().out
    assert code == 1, said
    assert "CheckFailed: seen once" in said
    assert "def test_found_by_exploration(stack):" in said
    assert "it failed once and not when it was run again" in said


def test_programs_ask_a_stack_for_nothing_that_its_profile_lacks(build: Path) -> None:
    """It has texts alone, no webhooks, no retries, and takes any text for a recipient."""
    profile = parse(tomllib.loads(small("small")), source="small", environ={})
    with deployed(profile, Options(build=build, history_name="all.jsonl")) as stack:
        assert Search(stack).first() is None
        assert explore(stack, build=build, examples=6, steps=10, shrink=False) is None
        asked = stack.history.events("api.requested")
        assert {event.data.get("channel") for event in asked} <= {"sms", None}  # a look is of no channel
        assert {event.data["operation"] for event in asked} <= {"send", "get"}
        assert not stack.history.events("callback.sent")
        faults = [event for event in stack.history.events("fault.began") if event.data["fault"] == "provider"]
        assert {event.data["status"] for event in faults} == {400}, "a refusal for good, which asks for no retry"
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


def test_who_was_killed_is_started_again_by_name_where_nobody_else_takes_up(build: Path) -> None:
    """This stack's workers take up what they had themselves; a worker more that is gone for good keeps its entry."""
    profile = parse(tomllib.loads(small("small")), source="small", environ={})
    with deployed(profile, Options(build=build, history_name="all.jsonl")) as stack:
        program = [step for _ in range(3) for step in (Step("scale", (3,)), Step("crash_at", ("call", "sms")))]
        assert attempt(stack, program, within=30) is None
