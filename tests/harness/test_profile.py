"""The profile: what it says when it is right; what is wrong with it is tested with the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import Profile, Statuses, load, parse

STACK = {"processes": {"api": {"command": ["x"]}}}


def test_variables_come_from_the_environment() -> None:
    table = {**STACK, "env": {"A": "${ONE}-${TWO}"}, "migrate": ["${ONE}"]}
    profile = parse(table, source="test", environ={"ONE": "1", "TWO": "2"})
    assert profile.env == {"A": "1-2"}
    assert profile.migrate == ["1"]


def test_the_default_profile_is_the_reference_stack() -> None:
    profile = load(Path(__file__).resolve().parents[2] / "harness.toml")
    assert profile.deploy.driver == "embedded"
    assert profile.count("worker") == 1
    assert Profile().count("worker") == 0


def test_terminal_statuses() -> None:
    assert Statuses(sent="done").terminal == {"done", "delivered", "failed", "received"}


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="can't be read: it isn't text in UTF-8"):
        load(tmp_path / "p.toml")


def test_a_mark_that_an_editor_writes_is_no_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b'\xef\xbb\xbfname = "marked"\nprocesses.api.command = ["x"]\n')
    assert load(tmp_path / "p.toml").name == "marked"


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(ProfileError, match=r"got '1+…$"):
        parse({**STACK, "waits": {"within": "1" * 90 + "x"}}, source="test", environ={})


@pytest.mark.parametrize(
    ("table", "line"),
    [
        (
            {"claims": {"dead_letters": True}, "queue": {"dead": ""}},
            r"\[claims\] dead_letters: it is claimed, and \[queue\] dead = \"\"",
        ),
        (
            {"claims": {"webhooks": True}, "api": {"webhook_twilio": "", "webhook_sendgrid": ""}},
            r"\[claims\] webhooks: they are claimed, and no \[webhooks\] has a path",
        ),
    ],
)
def test_what_a_profile_claims_and_denies_at_once(table: dict[str, object], line: str) -> None:
    with pytest.raises(ProfileError, match=line):
        parse({**STACK, **table}, source="test", environ={})
