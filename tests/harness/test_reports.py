"""What is printed: the table, the stories, a trace, a status."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from harness_support import ROOT
from histories import ID, SID, TOKEN, right

from harness.commands.doctor import Finding, packages
from harness.commands.status import show, show_findings
from harness.errors import UsageError
from harness.history import History, Journal
from harness.plugin.outcomes import after, together
from harness.profile import load
from harness.reports.console import render
from harness.reports.finding import find, newest
from harness.reports.summary import markdown
from harness.reports.trace import show as show_flow
from harness.results import Result, Results


def results(*outcomes: str) -> Results:
    found = Results()
    for number, outcome in enumerate(outcomes):
        found.add(
            Result(
                scenario=f"test_{number}",
                check=f"check-{number % 2}",
                outcome=outcome,  # type: ignore[arg-type]  # reason: the table above is of the right words
                reason=f"reason {outcome}",
                elapsed_s=0.5,
                story=f"story {number}",
            )
        )
    return found


def shown(found: Results, *, color: bool = False) -> str:
    return render(found, build=Path("build/verify"), width=120, color=color)


def test_the_table_gives_the_worst_verdict_and_why() -> None:
    text = shown(results("pass", "fail", "pass", "unknown"))
    assert any("check-0" in line and "PASS" in line and "reason pass" in line for line in text.splitlines())
    assert any("check-1" in line and "FAIL" in line and "0/2" in line for line in text.splitlines())
    assert "FAIL  2 of 4 scenarios passed; " in text
    assert text.index("story 1") < text.index("story 3"), "failures come first"
    assert "\x1b[" not in text
    assert "\x1b[" in shown(results("fail"), color=True)


def test_words_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """What a stack or a profile says may look like a console's own markup, or like a name of an emoji."""
    words = "[deploy] is [/no] markup :smile:"
    show_findings([Finding(name="profile", good=False, seen=words, advice=words)])
    counts = {"stream": "jobs[/x]", "length": 1, "pending": 0, "lag": 0, "consumers": 1}
    show(
        {"members": [{"name": "w[bold]", "role": "worker", "pid": 1, "held": False}], "streams": [counts], "events": 1}
    )
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("[deploy]", "[/no]", ":smile:", "jobs[/x]", "w[bold]"):
        assert part in said, said


@pytest.mark.parametrize("gone", ["asyncpg", "fastapi", "locust"])
def test_the_doctor_names_the_extra_of_what_is_not_installed(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr("harness.extras.find_spec", lambda name: None if name == gone else known(name))
    wrong = [finding for finding in packages(load(ROOT / "harness.toml")) if not finding.good]
    extra = {"asyncpg": "attached", "fastapi": "reference", "locust": "load"}[gone]
    assert [(finding.seen, finding.needed) for finding in wrong] == [(f"{gone} not installed", extra != "load")]
    assert wrong[0].advice.startswith("pip install 'messaging-harness[")
    assert extra in wrong[0].advice


def test_too_many_stories_are_counted() -> None:
    text = shown(results(*["fail"] * 8))
    assert "story 4" in text
    assert "story 5" not in text
    assert "3 more stories in build/verify/verdicts.json" in " ".join(text.split())


def test_a_claim_is_explained_once_by_its_worst_verdict() -> None:
    found = Results()
    for outcome, said in (("pass", "id=1-0"), ("fail", "id=2-0"), ("pass", "id=3-0")):
        verdict = {
            "name": "queued",
            "verdict": outcome,
            "claim": "it is queued",
            "reason": f"reason {outcome}",
            "witnesses": [{"kind": "queue.appended", "said": said}],
        }
        found.add(Result(scenario="s", check="queued", outcome=outcome, reason="", elapsed_s=0, verdicts=(verdict,)))  # type: ignore[arg-type]  # reason: the words above are outcomes
    text = render(found, build=Path("build/verify"), width=120, color=False, explain=True)
    assert text.count("it is queued") == 1
    assert "FAIL  queued: it is queued\n      reason fail\n      » queue.appended     id=2-0" in text
    assert "id=1-0" not in text
    assert "it is queued" not in shown(found)


def test_an_unusable_run_is_one_line() -> None:
    found = Results()
    found.unusable = "no server binary: " + "x" * 300
    assert shown(found) == "error: " + found.unusable
    assert found.exit_code == 3


@pytest.mark.parametrize(("outcome", "code"), [("pass", 0), ("fail", 1), ("unknown", 2)])
def test_exit_codes(outcome: str, code: int) -> None:
    assert results("pass", outcome).exit_code == code


def test_a_scenario_that_broke_before_any_check_judged_is_a_verdict_of_its_own() -> None:
    line = results("unknown").to_json(stack={})["checks"][0]
    assert (line["name"], line["verdict"], line["claim"]) == ("check-0", "unknown", "test_0")


def test_a_result_crosses_processes() -> None:
    result = results("fail").items[0]
    assert Result.loads(result.dumps()) == result


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "history.jsonl"
    history = History()
    journal = Journal(history, target)
    for event in right().events:
        history.append(
            event.kind, source=event.source, at=event.at, message_id=event.message_id, data=event.data, keys=event.keys
        )
    history.append("worker.log", source="s", message_id=ID[:4] + "9999")
    journal.close()
    return target


@pytest.mark.parametrize("name", [ID, ID[:8], TOKEN, SID])
def test_a_message_is_found_by_any_name(path: Path, name: str) -> None:
    assert ID in {row.event.message_id for row in find(path, name).timeline.rows}


def test_a_message_that_is_not_there(path: Path) -> None:
    with pytest.raises(UsageError, match=f"no message 'zzz' in .*; its ids: {ID}, "):
        find(path, "zzz")
    with pytest.raises(UsageError, match=r"'1111' begins 2 message ids in .*; write more of it"):
        find(path, "1111")


def test_a_trace_shows_times_and_lanes(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_flow(find(path, ID))
    text = capsys.readouterr().out
    assert f"message {ID}" in text
    assert "provider.called" in text


def test_the_newest_history(tmp_path: Path, path: Path) -> None:
    assert newest([tmp_path / "none", path]) == path
    with pytest.raises(UsageError, match="no history was found"):
        newest([tmp_path / "none"])


def test_the_status_of_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    member = {"name": "worker-1", "role": "worker", "pid": 5, "held": True}
    stream = {"stream": "jobs", "length": 1, "pending": 0, "lag": None, "consumers": 1}
    show({"members": [member], "streams": [stream], "events": 7})
    text = capsys.readouterr().out
    assert "held" in text
    assert "?" in text
    assert "7 events recorded" in text


def test_findings(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings(
        [Finding(name="a", good=True, seen="5", advice="none"), Finding(name="b", good=False, seen="", advice="get it")]
    )
    text = capsys.readouterr().out
    assert "none" not in text
    assert "get it" in text


def one(outcome: str, check: str = "webhooks", **more: object) -> Result:
    shown = {"scenario": f"test_{outcome}", "reason": f"reason {outcome}", "elapsed_s": 0.5, **more}
    return Result(check=check, outcome=outcome, **shown)  # type: ignore[arg-type]  # reason: the words are the right ones


def row(found: Results, check: str) -> str:
    return next(line for line in shown(found).splitlines() if line.startswith(check))


def test_what_is_not_asked_is_a_row_and_counts_in_no_verdict() -> None:
    lacking = one("not asked", reason="the profile claims no webhooks", missing=("webhooks",))
    found = Results(items=[lacking, one("pass", "worker"), one("not asked", "worker", missing=("mms",))])
    assert " ".join(row(found, "webhooks").replace("│", " ").split()) == (
        "webhooks not asked – the profile claims no webhooks 0.50 s"
    )
    assert "(+1 not asked: mms)" in row(found, "worker")
    assert "PASS  1 of 1 scenarios passed; 2 not asked" in shown(found)
    assert found.exit_code == 0
    line = found.to_json(stack={})["checks"][0]
    assert (line["verdict"], line["reason"], line["witnesses"]) == ("not asked", "the profile claims no webhooks", [])


@pytest.mark.parametrize("outcome", ["skipped", "xfailed", "not asked"])
def test_what_does_not_count_alone_is_not_green(outcome: str) -> None:
    found = Results(items=[one(outcome)])
    assert (found.verdict, found.exit_code) == ("unknown", 2)
    assert f"UNKNOWN  nothing was judged; 1 {outcome}" in shown(found)


def test_an_error_counts_as_bad_as_a_fail_and_a_fail_is_told_first() -> None:
    found = Results(items=[one("pass"), one("error", story="of the test"), one("fail", story="of the stack")])
    assert (found.verdict, found.exit_code) == ("fail", 1)
    assert shown(found).index("of the stack") < shown(found).index("of the test")
    assert Results(items=[one("error"), one("unknown")]).exit_code == 1


def test_the_whole_record_is_a_row_without_scenarios_and_counts() -> None:
    whole = one("fail", "whole-record", reason="2 of 14 messages were sent twice: a, b")
    found = Results(items=[one("pass")], whole=[one("pass", "whole-record"), whole])
    assert " ".join(row(found, "whole-record").replace("│", " ").split()).startswith("whole-record FAIL – 2 of 14")
    assert (found.verdict, found.exit_code) == ("fail", 1)
    assert "FAIL  1 of 1 scenarios passed" in shown(found)


@pytest.mark.parametrize(("outcome", "verdict", "code"), [("pass", "unknown", 2), ("fail", "fail", 1)])
def test_an_interrupted_run_is_never_green(outcome: str, verdict: str, code: int) -> None:
    found = Results(items=[one(outcome)], interrupted="after 1 of 62: SIGINT")
    assert (found.verdict, found.exit_code) == (verdict, code)
    assert f"{verdict.upper()}  interrupted after 1 of 62: SIGINT; " in shown(found)
    assert found.to_json(stack={})["interrupted"] == "after 1 of 62: SIGINT"
    found.unusable = "Redis died"
    assert found.exit_code == 3
    assert shown(found).endswith("\nerror: Redis died")


def test_what_would_turn_an_unknown_into_an_answer_is_shown_where_there_is_room() -> None:
    found = Results(items=[one("unknown", reason="no call can be seen", remedy="[providers] url")])
    assert "no call can be seen; to know: [providers] url" in row(found, "webhooks")
    found = Results(items=[one("unknown", reason="no call can be seen", remedy="x" * 300)])
    assert "to know" not in shown(found)


def test_only_the_last_try_counts_and_the_first_is_told() -> None:
    bad = {"name": "n", "verdict": "fail", "claim": "c", "reason": "r", "witnesses": []}
    first = together([("setup", one("pass")), ("call", one("fail", reason="two calls", verdicts=(bad,)))])
    second = together([("setup", one("pass")), ("call", one("pass")), ("teardown", one("pass"))])
    flaky = after([first], second)
    assert (flaky.outcome, flaky.verdicts) == ("pass", ())
    assert flaky.note == "passed on the 2nd try; the 1st said: two calls"
    assert "it was tried 2 times; the 1st said: two calls" in after([first], first).story
    assert f"note: {flaky.scenario} passed on the 2nd try" in shown(Results(items=[flaky]))


def test_a_remark_on_the_run_is_told_wherever_the_run_is() -> None:
    found = Results(items=[one("pass")], remarks=["the API asked twice to wait"])
    assert "note: the API asked twice to wait" in shown(found)
    assert "- the API asked twice to wait" in markdown(found, build=Path("build/verify"))
    assert found.to_json(stack={})["remarks"] == ["the API asked twice to wait"]
    assert "remarks" not in Results(items=[one("pass")]).to_json(stack={})


def test_a_teardown_that_broke_counts_after_a_call_that_passed() -> None:
    broken = together([("setup", one("pass")), ("call", one("pass")), ("teardown", one("error"))])
    assert broken.outcome == "error"
