"""A draft as a file: each guess with its reason, each gap as a line that waits."""

from __future__ import annotations

import tomllib
from pathlib import Path

from harness.discovery.draft import Draft
from harness.discovery.finishing import finished, value_at
from harness.discovery.writing import toml, written
from harness.profile import load, parse


def test_guesses_and_gaps(tmp_path: Path) -> None:
    draft = Draft()
    draft.put(("deploy", "driver"), "attached", "an address", "seen")
    draft.put(("api", "url"), "http://127.0.0.1:1", "the command line", "seen")
    draft.put(("send", "path"), "/notify", "OpenAPI: POST /notify")
    draft.put(("send", "body"), {"a b": "{to}", "t": ['{body}"\\\x7f\n']}, "OpenAPI: POST /notify")
    draft.ask(("send", "id"), "/id", "where the id stands")
    draft.ask(("processes", "worker", "pid_file"), "/run/worker.pid", "its number")
    path = tmp_path / "p.toml"
    path.write_text(written(draft, schema="./s.json"), encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema ./s.json\n")
    assert 'path = "/notify"  # read: OpenAPI: POST /notify\n' in text
    assert '\n# id = "/id"  # fill in: where the id stands\n' in text
    assert '# [processes.worker]\n# pid_file = "/run/worker.pid"' in text
    assert text.count("OpenAPI: POST /notify") == 1
    profile = load(path)
    assert profile.send.body == {"a b": "{to}", "t": ['{body}"\\\x7f\n']}


def test_a_reason_cant_end_its_comment() -> None:
    draft = Draft()
    draft.put(("name",), "x", 'a reason\nversion = 3\r\x85[api]\u2028url = "y"\x00\x7f')
    assert tomllib.loads(written(draft, schema="s")) == {"version": 2, "name": "x"}


def test_the_surer_guess_stays() -> None:
    draft = Draft()
    assert draft.put(("name",), "a", "one", "guess")
    assert draft.put(("name",), "b", "two", "likely")
    assert not draft.put(("name",), "c", "three", "likely")
    assert draft.put(("name",), "d", "four", "seen")
    assert draft.put(("name",), "e", "five", "seen")
    assert not draft.put(("name",), "f", "six", "guess")
    assert draft.get("name") == "e"
    draft.ask(("name",), "x", "known already")
    assert draft.open == {}


def test_what_is_so_by_default_isnt_said() -> None:
    draft = Draft()
    for key, value in (
        (("send", "path"), "/api/v1/messages/send"),
        (("queue", "group"), "workers"),
        (("queue", "dead"), ""),
        (("send", "idempotency"), ""),
        (("statuses", "sent"), "sent"),
        (("database", "columns"), {"id": "id", "status": "status", "direction": "direction",
                                   "provider_id": "provider_message_id", "body": "body"}),
    ):  # fmt: skip
        draft.put(key, value, "seen")
    assert finished(draft).table() == {"queue": {"dead": ""}, "send": {"idempotency": ""}}
    draft.put(("queue", "kind"), "celery", "seen")
    assert finished(draft).table()["queue"] == {"group": "workers", "kind": "celery"}


def test_a_status_is_compared_with_all_its_spellings() -> None:
    table = {"processes": {"api": {"command": ["x"]}}, "statuses": {"sent": {"row": 1, "api": "sent"}}}
    profile = parse(table, source="test", environ={})
    assert value_at(profile, ("statuses", "sent")) == {"row": 1, "api": "sent"}
    assert value_at(profile, ("statuses", "failed")) == "failed"


def test_values() -> None:
    value = {"a": [1, True, 2.5, 'ü"\\'], "b c": {}, "d": {"e": "x"}}
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value
