"""Real load runs, short ones: a right stack, one that loses, one that is paused, a generator that is too slow."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.commands.cli import main

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).resolve().parents[2]


def load(build: Path, *options: str, within: float = 120) -> tuple[int, str, dict[str, Any]]:
    """The exit code, what was printed, and what stands in result.json."""
    command = [sys.executable, "-m", "harness", "load", "--build", str(build), "--gaps", "uniform", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within, check=False)
    path = build / "result.json"
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return done.returncode, said, json.loads(path.read_text()) if path.exists() else {}


def strays(build: Path) -> list[str]:
    """Processes of a run that are still there."""
    return [
        " ".join(p.info["cmdline"]) for p in psutil.process_iter(["cmdline"]) if str(build) in (p.info["cmdline"] or ())
    ]


def test_two_processes_and_a_pause_that_shows(tmp_path: Path) -> None:
    options = ["--duration", "6s", "--rate", "40", "--processes", "2", "--late-share", "1"]
    code, said, result = load(tmp_path, *options, "--pause-worker", "2s", "--pause-at", "2s")
    assert code == 0, said
    assert result["account"]["attempted"] == result["account"]["accepted"] == 240
    assert result["account"]["sent"] + result["account"]["stored"] == 240
    assert "0 lost" in said
    # the histograms of both processes, merged, hold every answer
    accepted = {name: numbers for name, numbers in result["stages"].items() if name.endswith(": accepted")}
    assert sum(numbers["count"] for numbers in accepted.values()) == 240
    # a message that arrived when the pause began waited for all of it
    for name in ("api: called", "api: sent"):
        assert result["stages"][name]["max"] > 1900
        assert result["stages"][name]["p99"] > 1700
    assert result["stages"]["api: queued"]["p50"] < 1000
    with (tmp_path / "locust_stats.csv").open() as table:
        counts = [(row["Type"], int(row["Request Count"])) for row in csv.DictReader(table)]
    sends = sum(count for type_, count in counts if type_ not in ("", "stage"))
    assert counts[-1] == ("", sends), "Locust's totals count each send once, and no stage"
    [[began, ended]] = result["series"]["holds"]
    assert (ended - began) >= 2
    assert max(sample["outstanding"] for sample in result["series"]["samples"]) > 20
    costs = result["series"]["samples"][-1]["costs"]
    assert {"api-1", "worker-1", "generator", "harness", "mocks", "postgres", "redis", "wire"} <= set(costs)
    page = (tmp_path / "report.html").read_text()
    assert "workers held" in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
    rows = list(csv.DictReader((tmp_path / "seconds.csv").read_text().splitlines()))
    assert sum(int(row["sent"]) for row in rows) == result["account"]["sent"]
    assert not strays(tmp_path)


def test_a_worker_that_loses_one_in_a_thousand_is_found_out_by_name(tmp_path: Path) -> None:
    options = ["--profile", "tests/quality/losing.toml", "--duration", "5s", "--rate", "220", "--mix", "queue=1"]
    code, said, result = load(tmp_path, *options, "--late-share", "1", "--no-wire")
    assert code == 1, said
    [lost] = result["lost"]
    assert f"1 lost: {lost}" in said
    assert lost in (tmp_path / "report.html").read_text()
    assert result["account"]["accepted"] == result["account"]["sent"] + 1 == 1100


@pytest.mark.parametrize("observe", ["stages", "account"])
def test_what_is_watched_less_is_accounted_for_as_exactly(tmp_path: Path, observe: str) -> None:
    options = ["--observe", observe, "--late-share", "1"]
    code, said, result = load(tmp_path / "right", "--duration", "3s", "--rate", "40", *options)
    assert code == 0, said
    counts = result["account"]
    assert counts["sent"] + counts["stored"] == counts["accepted"] == 120
    assert ("api: sent" in result["stages"]) is (observe == "stages")
    assert ("sent, stored" in {one["what"] for one in result["unknown"]}) is (observe == "account")
    assert result["rates"]["sustained"] > 10
    losing = ["--profile", "tests/quality/losing.toml", "--duration", "5s", "--rate", "220", "--mix", "queue=1"]
    code, said, result = load(tmp_path / "losing", *losing, *options)
    assert code == 1, said
    assert f"1 lost: {result['lost'][0]}" in said


def test_nothing_is_read_before_the_end_for_the_account_alone(tmp_path: Path) -> None:
    options = ["--observe", "account", "--duration", "1s", "--rate", "10", "--mix", "api=1"]
    code, said, _ = load(tmp_path, *options, "--threshold", "p99 of sent <= 9 s")
    assert code == 2, said
    assert "UNKNOWN thresholds: p99 of sent <= 9 s: no message came to it" in said
    events = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    rows = [event["seq"] for event in events if event["kind"] == "database.inserted"]
    last = max(event["seq"] for event in events if event["kind"] == "api.answered")
    assert len(rows) == 10
    assert min(rows) > last
    assert not [event for event in events if event["kind"] == "queue.appended"]


def test_a_generator_that_cannot_keep_up_makes_no_verdict(tmp_path: Path) -> None:
    # one user can't send 400 a second to an API that needs milliseconds for each
    options = ["--duration", "2s", "--rate", "400", "--mix", "api=1", "--users", "1", "--patience", "200ms"]
    code, said, result = load(tmp_path, *options)
    assert code == 2, said
    assert "it could not keep up" in said
    assert result["generator"]["dropped"] > 0
    assert result["generator"]["scheduled"] == 800
    # what did start is accounted for all the same
    assert result["verdicts"][0]["verdict"] == "pass"
    assert result["account"]["attempted"] == result["generator"]["started"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--profile", "nowhere.toml"], "error: the profile nowhere.toml can't be read"),
        (["--shape", "square"], "error: shape 'square' isn't known; known are constant, ramp, spike"),
        (["--rate", "90000", "--duration", "60s"], "error: 5400000 messages are too many"),
        (["--pause-worker", "1s", "--pause-at", "90s"], "error: --pause-at 90 s is not within the run of 60 s"),
        (["--processes", "99"], "error: --processes 99 is out of range"),
        (["--observe", "nothing"], "error: --observe 'nothing' isn't known; known are full, stages, account"),
    ],
)
def test_bad_input_is_one_line(
    options: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["harness", "load", *options])
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(words)
