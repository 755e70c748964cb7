"""Whole runs of the command: verdicts, exit codes, evidence, and no secret in any of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import jsonschema
import pytest
from harness_support import ROOT, Harness, await_death

Unmeasured = Callable[[], AbstractContextManager[None]]
pytestmark = pytest.mark.xdist_group("verify")

VERDICTS = {
    "type": "object",
    "required": ["verdict", "checks", "stack"],
    "properties": {
        "verdict": {"enum": ["pass", "unknown", "fail"]},
        "stack": {"type": "object", "required": ["profile", "driver", "workers", "delivery"]},
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "verdict", "claim", "reason", "witnesses", "elapsed_s", "scenario"],
                "properties": {
                    "verdict": {"enum": ["pass", "unknown", "fail", "not asked"]},
                    "elapsed_s": {"type": "number", "minimum": 0},
                    "witnesses": {
                        "type": "array",
                        "items": {"type": "object", "required": ["seq", "at", "source", "kind", "said"]},
                    },
                },
            },
        },
    },
}


def verdicts(harness: Harness) -> dict[str, str]:
    """The worst verdict of each check in verdicts.json, which is also held to its schema."""
    found = json.loads((harness.build / "verdicts.json").read_text())
    jsonschema.validate(found, VERDICTS)
    worst: dict[str, str] = {}
    for check in found["checks"]:
        ranks = ["not asked", "pass", "unknown", "fail"]
        worst[check["check"]] = max(worst.get(check["check"], "pass"), check["verdict"], key=ranks.index)
        assert check["verdict"] != "pass" or check["witnesses"], check
    return worst


@pytest.mark.unmeasured
def test_a_right_stack_passes_and_leaves_its_evidence(harness: Harness) -> None:
    done = harness.verify("--check", "asynchronous", "--check", "message-queued", "-n", "2")
    assert done.code == 0, str(done)
    assert verdicts(harness) == {"asynchronous": "pass", "message-queued": "pass", "whole-record": "pass"}
    rows = [json.loads(line) for line in (harness.build / "history.jsonl").read_text().splitlines()]
    assert {row["run"] for row in rows} == {"gw0", "gw1"}
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert list(harness.build.glob("history-gw*")) == []
    attached = [path.read_text() for path in (harness.build.parent / "allure-results").glob("*-attachment.*")]
    assert any("queue.appended" in text and "provider.called" in text for text in attached)
    assert any(text.startswith("asynchronous: pass\nclaim: ") for text in attached)


@pytest.mark.unmeasured
def test_a_synchronous_stack_fails_in_exactly_three_checks(harness: Harness) -> None:
    done = harness.verify("--stack-env", "SYNC_MESSAGE_PROCESSING=true")
    assert done.code == 1, str(done)
    bad = {name: verdict for name, verdict in verdicts(harness).items() if verdict == "fail"}
    three = {"sync-processing-disabled", "message-queued", "asynchronous"}
    # the synchronous mode tries nothing again
    assert set(bad) == {*three, "provider-failures", "whole-record"}, done.out
    assert "it is sent, and no entry was ever put on a stream" in done.out


@pytest.mark.unmeasured
def test_without_a_worker_there_is_no_consumer(harness: Harness) -> None:
    done = harness.verify("--without", "worker", "--check", "worker-processed")
    assert done.code == 1, str(done)
    assert verdicts(harness)["worker-processed"] == "fail"
    assert "no consumer" in done.out


@pytest.mark.unmeasured
def test_what_can_not_be_seen_is_unknown(harness: Harness) -> None:
    text = (ROOT / "harness.toml").read_text() + '\n[providers]\nobserve = "none"\n'
    done = harness.verify("--profile", harness.profile(text), "--check", "sync-processing-disabled")
    assert done.code in (0, 2), str(done)
    blind = ["--profile", harness.profile(text), "--check", "worker-processed", "--keyword", "sent_once"]
    done = harness.verify(*blind)
    assert done.code == 2, str(done)
    assert "no call can be seen" in done.out


@pytest.mark.unmeasured
def test_the_suite_runs_under_pytest_alone(harness: Harness) -> None:
    # what the suite has no use for takes seconds to load, three times
    unused = ["-p", "no:schemathesis", "-p", "no:hypothesispytest", "-p", "no:pytest_httpserver"]
    suite = ["scenarios/test_asynchronous.py", "-n", "2", "-q", "-p", "no:cacheprovider", *unused]
    command = [sys.executable, "-m", "pytest", *suite, "--harness-build", str(harness.build)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(harness)["asynchronous"] == "pass"


def seen_dimly(profile: Path) -> Path:
    """The same stack without MONITOR and without a trigger: the tail, Redis' counters and the API alone."""
    text = profile.read_text().replace("[queue]", '[queue]\nobserve = "tail"')
    dim = profile.with_name("dim.toml")
    dim.write_text(text.replace("[database]", '[database]\nobserve = "api"'))
    return dim


def secrets_of(pid: int) -> set[str]:
    """The random passwords and keys in the environment of a stack's process."""
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    env = dict(word.decode().split("=", 1) for word in words if b"=" in word)
    names = ("POSTGRES_PASSWORD", "TWILIO_AUTH_TOKEN", "SENDGRID_API_KEY", "INBOUND_PARSE_TOKEN")
    return {env[name] for name in names}


def command_lines() -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_a_stack_that_stays_up(harness: Harness, tmp_path: Path, unmeasured: Unmeasured) -> None:
    build = tmp_path / "up"
    up = harness.run("up", "--build", build, "--stack-env", "SOME_TOKEN=planted-secret")
    assert up.code == 0, str(up)
    state = json.loads((build / "state.json").read_text())
    try:
        again = harness.call("up", "--build", build)
        again.one_line_error("a stack is already up", "`harness down` first")
        status = harness.call("status", "--build", build)
        assert "api-1" in status.out
        assert "message_queue:sms" in status.out
        known = json.loads(harness.call("status", "--build", build, "--json").out)
        assert [member["name"] for member in known["members"]] == ["api-1", "worker-1"]
        assert known["pid"] == state["pid"]
        crowded = harness.refuse("--build", build)
        crowded.one_line_error(f"another run (process {state['pid']}) writes to {build}; wait for its end")
        sent = harness.run("send", "--build", build, "--type", "sms", "--body", "from the test")
        assert sent.code == 0, str(sent)
        message = sent.out.strip()
        fax = harness.call("send", "--build", build, "--type", "fax")
        fax.one_line_error("--type 'fax' is none of sms, mms, email")
        nonsense = harness.call("send", "--build", build, "--to", "nonsense")
        nonsense.one_line_error("the API refused the message with 422")
        restarted = harness.run("restart", "--build", build)
        assert restarted.out.count("runs as process") == 2, str(restarted)
        history = build / "history.jsonl"
        trace = harness.call("trace", message, "--history", history)
        assert trace.code == 0, str(trace)
        for kind in ("api.requested", "api.answered", "queue.appended", "provider.called", "database.status"):
            assert kind in trace.out
        assert harness.call("trace", message[:8], "--history", history).code == 0
        unknown = harness.call("trace", "no-such-id", "--history", history)
        unknown.one_line_error("no message 'no-such-id' in", message)
        # judged by a second harness that is attached to it, with holds through the pid files
        with unmeasured():
            attached = harness.verify("--profile", build / "attached.toml", "--check", "sync-processing-disabled")
            assert attached.code == 0, str(attached)
            dim = seen_dimly(build / "attached.toml")
            poor = harness.verify("--profile", dim)
        assert poor.code == 2, str(poor)
        said = verdicts(harness)
        assert set(said.values()) == {"pass", "unknown"}, f"a right stack is failed for what can't be seen: {said}"
        assert said["queue-operations"] == said["sync-processing-disabled"] == "pass"
        dim.unlink()
        worker = int((build / "worker.pid").read_text())
        secrets = secrets_of(worker)
        assert len(secrets) == 4
        secrets.add("planted-secret")
        assert b"SOME_TOKEN=planted-secret" in Path(f"/proc/{worker}/environ").read_bytes()
        written = [path for path in [*build.rglob("*"), *harness.build.parent.rglob("*")] if path.is_file()]
        public = [path for path in written if path.name not in ("state.json", "attached.toml")]
        assert len(public) > 5
        for secret in secrets:
            assert secret not in command_lines()
            assert [path for path in public if secret in path.read_text(errors="replace")] == []
        for path in (build / "state.json", build / "attached.toml"):
            assert path.stat().st_mode & 0o077 == 0, path
    finally:
        down = harness.run("down", "--build", build)
    assert down.code == 0, str(down)
    assert await_death(state["pid"])
    assert not (build / "state.json").exists()
    assert re.search(r"stopped \(process \d+\)", down.out)
