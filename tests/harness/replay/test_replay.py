"""A recorded run, judged again: the same answers, of all of it or a part, from wherever it lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import record

from harness.errors import UsageError
from harness.profile import load
from harness.record.opening import parts_of
from harness.replay.judging import Replayed, Wanted, replay, same

pytestmark = [pytest.mark.xdist_group("replay"), pytest.mark.unmeasured]


def again(path: Path, **wanted: Any) -> Replayed:
    return replay(parts_of(path), Wanted(**wanted))


def answered(run: Path) -> list[dict[str, Any]]:
    """The lines of verdicts.json that a check answered."""
    table = json.loads((run / "verdicts.json").read_text(encoding="utf-8"))
    return [line for line in table["checks"] if "asked" in line]


def test_every_verdict_is_the_same_byte_by_byte(run: Path) -> None:
    found = again(run)
    assert len(found.lines) == len(answered(run)) > 10
    assert not [line for line in found.lines if line.differs or line.now is None]
    assert sorted(same(line.now) for line in found.lines if line.now) == sorted(map(same, answered(run)))
    assert {line.check for line in found.lines} >= {"message-queued", "whole-record"}
    assert found.worst == "pass"


@pytest.mark.parametrize("seed", ["0", "1", "77"])
def test_no_answer_hangs_on_the_order_of_a_set(run: Path, seed: str) -> None:
    done = command("replay", str(run), "--json", PYTHONHASHSEED=seed)
    assert done.returncode == 0, done.stderr
    assert sorted(map(same, json.loads(done.stdout))) == sorted(map(same, answered(run)))


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )


def test_a_defective_run_under_faults_is_told_as_it_was(tmp_path: Path) -> None:
    """Of two processes, so that its histories were joined: each answer is of its own run's events."""
    kept = record(tmp_path / "run", "-n", "2", "--without", "worker")
    found = again(kept)
    lines = answered(kept)
    assert {line["run"] for line in lines} == {"gw0", "gw1"}
    assert {line["verdict"] for line in lines} & {"fail", "unknown"}
    assert not [line for line in found.lines if line.differs or line.now is None]


def test_an_archive_a_history_and_a_folder_around_it_are_the_same_record(run: Path, tmp_path: Path) -> None:
    whole = again(run)
    shutil.copytree(run, tmp_path / "artifact" / "build" / "verify")
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "artifact"))
    for path in (run / "history.jsonl", tmp_path / "artifact", packed):
        found = again(path)
        assert [line.now and same(line.now) for line in found.lines] == [
            line.now and same(line.now) for line in whole.lines
        ]


def test_a_part_of_it_is_one_check_or_one_message(run: Path) -> None:
    found = again(run, checks=["message-queued"])
    assert {line.check for line in found.lines} == {"message-queued"}
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    name = next(row["message_id"] for row in rows if row["kind"] == "queue.appended")
    about = again(run, message=name)
    assert 0 < len(about.lines) < len(again(run).lines)
    with pytest.raises(UsageError, match=r"no verdict in .* is about the message 'nobody'"):
        again(run, message="nobody")
    with pytest.raises(UsageError, match=r"its checks: .*whole-record"):
        again(run, checks=["no-such-check"])


def test_it_can_be_taken_to_end_earlier(run: Path) -> None:
    """A message that was accepted by then, and only that, is counted, and its work isn't done yet."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    accepted = [row for row in rows if row["kind"] == "api.answered" and row["data"].get("operation") == "send"]
    upto = accepted[0]["seq"] + 1
    (early,) = again(run, checks=["whole-record"], events=upto).lines
    assert early.now is not None
    assert early.outcome == "unknown", "a row that has not come yet is no row that will never come"
    assert "the record is taken to end here" in early.now["reason"]
    (at_once,) = again(run, checks=["whole-record"], seconds=0.0).lines
    assert at_once.now is not None
    assert at_once.now["reason"].startswith("no message was accepted")
    late = again(run, events=10**9)
    assert late.worst == "pass"
    assert any(line.check == "message-queued" and line.outcome == "pass" for line in late.lines)


def test_without_verdicts_the_whole_record_is_judged(run: Path, tmp_path: Path) -> None:
    shutil.copy(run / "history.jsonl", tmp_path)
    (line,) = again(tmp_path).lines
    assert (line.check, line.before, line.outcome) == ("whole-record", None, "pass")


def test_another_profile_may_say_otherwise(run: Path) -> None:
    """One in which no row is ever sent."""
    own = load(Path("harness.toml"))
    other = own.model_copy(update={"statuses": own.statuses.model_copy(update={"sent": "gone"})})
    found = replay(parts_of(run), Wanted(checks=["whole-record"]), profile=other)
    assert [line.differs for line in found.lines] == [True]


def test_an_older_record_says_what_it_lacks(run: Path, tmp_path: Path) -> None:
    """Its first event says nothing of a record, and its verdicts nothing of questions."""
    lines = (run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    first["data"].pop("record")
    (tmp_path / "history.jsonl").write_text("\n".join([json.dumps(first), *lines[1:], ""]), encoding="utf-8")
    table = json.loads((run / "verdicts.json").read_text(encoding="utf-8"))
    for line in table["checks"]:
        line.pop("asked", None)
    (tmp_path / "verdicts.json").write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(UsageError, match=r"an older version made it.*--profile"):
        again(tmp_path)
    found = replay(parts_of(tmp_path), Wanted(), profile=load(Path("harness.toml")))
    assert [(line.check, line.outcome) for line in found.lines] == [("whole-record", "pass")]


def test_a_record_of_a_later_form_is_not_guessed_at(run: Path, tmp_path: Path) -> None:
    text = (run / "history.jsonl").read_text(encoding="utf-8").replace('"format":1', '"format":99', 1)
    (tmp_path / "history.jsonl").write_text(text, encoding="utf-8")
    done = command("replay", str(tmp_path))
    assert done.returncode == 3
    assert "form 99" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere"],
        ["--until", "soon"],
        ["--until", "-3s"],
        ["--profile", "nowhere.toml"],
    ],
)
def test_a_users_mistake_is_told_in_a_line(run: Path, words: list[str]) -> None:
    done = command("replay", *([str(run)] if words[0].startswith("-") else []), *words)
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).strip().splitlines()) == 1, done.stdout + done.stderr


def test_the_record_is_as_its_schema_says(run: Path) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(Path("docs/record.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    for name, rows in (
        ("event", (run / "history.jsonl").read_text(encoding="utf-8").splitlines()),
        ("verdicts", [(run / "verdicts.json").read_text(encoding="utf-8")]),
    ):
        judge = Draft202012Validator({**schema, "$ref": f"#/$defs/{name}"})
        wrong = [error.message for row in rows for error in judge.iter_errors(json.loads(row))]
        assert not wrong, wrong[:3]


def test_no_secret_of_the_profile_is_in_it(tmp_path: Path) -> None:
    from harness.profile import parse
    from harness.profile.recorded import recorded

    table = {
        "env": {"API_KEY": "sesame-open"},
        "api": {"url": "http://ann:sesame-open@127.0.0.1:1", "headers": {"X-Key": "sesame-open"}},
        "processes": {"api": {"command": ["run", "--key=sesame-open"], "env": {"KEY": "sesame-open"}}},
        "queue": {"url": "redis://:sesame-open@127.0.0.1:1/0"},
        "send": {"headers": {"Authorization": "sesame-open"}},
    }
    assert "sesame" not in json.dumps(recorded(parse(table, source="x", environ={})))


def test_every_check_of_the_harness_can_be_asked_again() -> None:
    """A record names its checks, and what isn't known is never imported for that."""
    has = sorted(path.stem for path in Path("harness/checks").glob("*.py") if "\n@check" in path.read_text("utf-8"))
    code = "import harness.replay.asking; from harness.checks.verdict import CHECKS; print(*CHECKS)"
    known = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert sorted({name.split(".")[2] for name in known}) == has
