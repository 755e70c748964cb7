"""`harness init` and `harness profile check`, on stacks that run: the reference stack, and one of its own words."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_support import ROOT, Harness

from harness.profile import Profile, load
from tests.quality.right.of_small import SMALL


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    yield from up(tmp_path_factory.mktemp("reference"), ROOT / "harness.toml")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    directory = tmp_path_factory.mktemp("small")
    (directory / "small.toml").write_text(SMALL[0].profile, encoding="utf-8")
    yield from up(directory, directory / "small.toml")


def up(directory: Path, profile: Path) -> Iterator[Profile]:
    """A stack that is up for as long as it is needed, as the profile that attaches to it."""
    harness, build = Harness(directory), directory / "up"
    done = harness.run("up", "--profile", profile, "--build", build)
    assert done.code == 0, str(done)
    try:
        yield load(build / "attached.toml")
    finally:
        harness.run("down", "--build", build)


def where(stack: Profile) -> list[str]:
    given = {
        "--api": stack.api.url, "--redis": stack.queue.url, "--database": stack.database.url,
        "--mocks": stack.providers.url,
    }  # fmt: skip
    return [word for name, url in given.items() if url for word in (name, url)]


def inited(harness: Harness, stack: Profile, *words: str) -> tuple[str, Profile, dict[str, Any]]:
    """What `harness init` said from an empty folder, the profile that it wrote, and that as a table."""
    empty = harness.directory / "empty"
    empty.mkdir(exist_ok=True)
    done = harness.run("init", *where(stack), *words, cwd=empty)
    assert done.code == 0, str(done)
    path = empty / "harness.toml"
    return done.out, load(path), tomllib.loads(path.read_text(encoding="utf-8"))


SEEN = {
    "send": ("path", "method", "headers", "format", "accepted", "id", "status", "idempotency"),
    "look": ("path", "method", "headers", "status"),
}


@pytest.mark.unmeasured
def test_the_reference_stack_needs_nothing_by_hand(harness: Harness, reference: Profile) -> None:
    said, profile, table = inited(harness, reference)
    assert "still unknown" not in said
    for section in ("listing", "conversations", "webhooks", "messages", "statuses"):
        assert getattr(profile, section) == getattr(reference, section), section
    # what a stack promises beyond one send and one look (its tries, the times and reasons that it shows) nobody can see
    for section, keys in SEEN.items():
        seen, said_so = getattr(profile, section), getattr(reference, section)
        assert {key: getattr(seen, key) for key in keys} == {key: getattr(said_so, key) for key in keys}, section
    assert isinstance(profile.send.body, dict)
    assert isinstance(reference.send.body, dict)
    mail = reference.send.of("email").body
    assert isinstance(mail, dict)
    assert reference.send.body.items() <= profile.send.body.items() <= {**reference.send.body, **mail}.items()
    assert set(profile.retries.statuses) <= set(reference.retries.statuses)
    assert profile.queue == reference.queue.model_copy(update={"url": profile.queue.url})
    assert profile.database == reference.database
    assert profile.providers == reference.providers
    assert {role: one.pid_file for role, one in profile.processes.items()} == {
        role: one.pid_file for role, one in reference.processes.items()
    }
    assert table["claims"]["channels"] == ["sms", "mms", "email"]
    for line in (
        "its id was found at /id",
        "its row stands in messages",
        "its entry: XADD message_queue:sms",
        "twilio was called once",
    ):
        assert line in said


@pytest.mark.unmeasured
def test_a_stack_of_its_own_words(harness: Harness, small: Profile) -> None:
    said, profile, _ = inited(harness, small)
    assert (profile.send.path, profile.look.path) == ("/texts", "/texts/{id}")
    assert profile.api.ready == "/healthy"
    assert profile.database.columns.model_dump() == small.database.columns.model_dump()
    assert (profile.statuses.queued, profile.statuses.sent) == ("new", "done")
    queue = profile.queue
    assert (queue.streams, queue.group, queue.field, queue.message_id, queue.finish) == (
        {"sms": "texts"},
        "senders",
        "job",
        "no",
        "ack",
    )
    assert said.count("still unknown") == 1, said  # the word for what failed


@pytest.mark.unmeasured
def test_a_project_is_started_to_see_what_becomes_of_a_message(harness: Harness) -> None:
    project = harness.directory / "project"
    project.mkdir()
    shutil.copy(ROOT / "tests" / "quality" / "right" / "small.py", project / "small.py")
    lines = {"web": "api", "worker": "worker", "release": "migrate"}
    procfile = "".join(f"{name}: {sys.executable} small.py {role}\n" for name, role in lines.items())
    (project / "Procfile").write_text(procfile, encoding="utf-8")
    done = harness.run("init", cwd=project)
    assert "not started: without a terminal to ask at, --yes is needed" in done.out, str(done)
    assert not (project / "build").exists()
    done = harness.run("init", "--yes", "--force", cwd=project)
    assert done.code == 0, str(done)
    assert "its entry: XADD texts, acknowledged" in done.out, str(done)
    profile = load(project / "harness.toml")
    assert profile.deploy.driver == "embedded"
    assert profile.processes["worker"].command == [sys.executable, "small.py", "worker"]
    assert profile.migrate == [sys.executable, "small.py", "migrate"]
    assert (profile.database.table, profile.statuses.queued, profile.statuses.sent) == ("outbound", "new", "done")
    assert (profile.queue.streams, profile.queue.finish) == ({"sms": "texts"}, "ack")
    assert (profile.api.url, profile.queue.url, profile.database.url, profile.providers.url) == (None,) * 4
    assert {one.name for one in project.iterdir()} - {"__pycache__"} == {"small.py", "Procfile", "harness.toml"}
    done = harness.run("verify", "--build", harness.build, "-k", "held", cwd=project)
    assert done.code == 0, str(done)


@pytest.mark.unmeasured
def test_nothing_is_written_over_and_nothing_else_is_written(harness: Harness, reference: Profile) -> None:
    empty = harness.directory / "empty"
    inited(harness, reference, "--no-send")
    assert [one.name for one in empty.iterdir()] == ["harness.toml"]
    assert (empty / "harness.toml").stat().st_mode & 0o077 == 0
    before = (empty / "harness.toml").read_text(encoding="utf-8")
    done = harness.run("init", *where(reference), cwd=empty)
    done.one_line_error("harness.toml is there already", "--force")
    assert (empty / "harness.toml").read_text(encoding="utf-8") == before


@pytest.mark.unmeasured
def test_without_mocks_nothing_is_sent_unasked(harness: Harness, reference: Profile) -> None:
    empty = harness.directory / "empty"
    empty.mkdir()
    done = harness.run("init", "--api", reference.api.url or "", cwd=empty)
    assert "NO mocks were named" in done.out
    assert "--yes is needed" in done.out
    profile = load(empty / "harness.toml")
    assert (profile.queue.kind, profile.database.kind, profile.providers.observe) == ("none", "none", "none")


@pytest.mark.unmeasured
def test_check_of_a_stack_that_fits(harness: Harness, reference: Profile) -> None:
    _, _, table = inited(harness, reference, "--no-send")
    path = harness.directory / "empty" / "harness.toml"
    done = harness.run("profile", "check", "--profile", path, "--json", "--send")
    said = json.loads(done.out)
    assert [one for one in said["tried"] if one["good"] is False] == []
    answers = {one["check"]: one["answer"] for one in said["checks"]}
    assert answers["sync-processing-disabled"] == "yes"
    assert answers["asynchronous"] == "partly"  # no wire stands before an attached stack
    assert done.code == 2
    parts = {one["part"] for one in said["tried"]}
    assert parts == {"api", "redis", "database", "mocks", "processes", "message"}
    assert table["deploy"] == {"driver": "attached"}


@pytest.mark.parametrize(
    ("section", "key", "value", "part"),
    [
        ("api", "url", "http://127.0.0.1:1", "api"),
        ("api", "ready", "/nowhere", "api"),
        ("send", "path", "/nowhere", "api"),
        ("queue", "url", "redis://127.0.0.1:1/0", "redis"),
        ("queue", "group", "nobody", "redis"),
        ("database", "url", "postgresql://u@127.0.0.1:1/x", "database"),
        ("database", "table", "mesages", "database"),
        ("database", "columns", {"status": "state"}, "database"),
        ("providers", "url", "http://127.0.0.1:1", "mocks"),
        ("providers", "accounts", {"twilio": "AC0"}, "mocks"),
    ],
)
@pytest.mark.unmeasured
def test_check_finds_what_doesnt_fit(
    harness: Harness, reference: Profile, section: str, key: str, value: Any, part: str
) -> None:
    import tomli_w

    table = {"version": 2, "deploy": {"driver": "attached"}, "api": {"url": reference.api.url},
             "queue": {"url": reference.queue.url}, "database": {"url": reference.database.url},
             "providers": {"url": reference.providers.url}, "send": {}}  # fmt: skip
    table[section] = {**table[section], key: value}  # type: ignore[dict-item]  # reason: each of them is a table
    done = harness.run("profile", "check", "--profile", harness.profile(tomli_w.dumps(table)), "--json")
    said = json.loads(done.out)
    wrong = [one for one in said["tried"] if one["good"] is False]
    assert {one["part"] for one in wrong} == {part}, str(done)
    assert done.code == 3
    assert {one["answer"] for one in said["checks"]} == {"no"}


@pytest.mark.unmeasured
def test_send_by_a_profile(harness: Harness, small: Profile, tmp_path: Path) -> None:
    _, _, _ = inited(harness, small)
    path = harness.directory / "empty" / "harness.toml"
    done = harness.run("send", "--profile", path)
    assert (done.code, done.out.strip().isdecimal()) == (0, True), str(done)
    harness.run("send", "--profile", path, "--type", "email").one_line_error("no such channel")
    harness.run("send", "--profile", ROOT / "harness.toml").one_line_error("starts its stack itself")


def test_check_of_what_is_to_be_started(harness: Harness) -> None:
    done = harness.run("profile", "check", "--json")
    assert (done.code, json.loads(done.out)["checks"][0]["answer"]) == (0, "yes"), str(done)
    profile = harness.profile('[processes.api]\ncommand = ["no-such-program"]\n[queue]\nobserve = "monitor"\n')
    done = harness.run("profile", "check", "--json", "--profile", profile)
    said = json.loads(done.out)
    assert [one["what"] for one in said["tried"] if one["good"] is False] == ["api: no-such-program"]
    assert done.code == 3


def test_check_of_a_compose_file(harness: Harness) -> None:
    (harness.directory / "compose.yaml").write_text(
        "services:\n  api:\n    image: x\n  jobs:\n    image: x\n", encoding="utf-8"
    )
    text = '[deploy]\ndriver = "compose"\n[processes.api]\n[processes.worker]\nservice = "worker"\n'
    said = json.loads(harness.run("profile", "check", "--json", "--profile", harness.profile(text)).out)
    found = {one["what"]: (one["good"], one["found"]) for one in said["tried"] if one["part"] == "compose"}
    assert found["service api"] == (True, "it is there")
    assert found["service worker"] == (None, "none; there are api, jobs")
    text = text.replace("[processes.api]", 'compose = "nowhere.yaml"\n[processes.api]')
    done = harness.run("profile", "check", "--json", "--profile", harness.profile(text))
    assert (done.code, "nowhere.yaml isn't there" in done.out) == (3, True)


@pytest.mark.unmeasured
def test_check_starts_what_it_is_to_look_at(harness: Harness) -> None:
    done = harness.run("profile", "check", "--start", "--send", "--json")
    said = json.loads(done.out)
    assert done.code == 0, str(done)
    assert "answered 201; a row in messages; 1 calls at the mocks" in [one["found"] for one in said["tried"]]


def test_schema_is_printed(harness: Harness) -> None:
    done = harness.call("profile", "schema")
    assert json.loads(done.out)["title"] == "Profile of a messaging stack"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--redis", "redis://x"], "name it with --api"),
        (["nowhere"], "is no directory"),
        (["--api", "http://127.0.0.1:1"], "can't be reached"),
        (["--output", "/proc/x.toml"], "can't be written"),
    ],
)
def test_what_init_refuses(harness: Harness, words: list[str], line: str) -> None:
    empty = harness.directory / "empty"
    empty.mkdir()
    done = harness.call("init", *words, cwd=empty)
    assert "Traceback" not in done.text
    assert line in done.text, str(done)
    assert list(empty.iterdir()) == []
