"""Processes of any name and role, what says that they are ready, and what is wrong with either, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ProfileError
from harness.profile import Profile, load

HEAD = 'version = 2\n[processes.api]\ncommand = ["serve"]\n'
ATTACHED = 'version = 2\n[deploy]\ndriver = "attached"\n[api]\nurl = "http://x"\n'


def read(directory: Path, text: str) -> Profile:
    path = directory / "p.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={})


def test_a_role_is_its_name_unless_the_profile_says_otherwise(tmp_path: Path) -> None:
    profile = read(
        tmp_path,
        HEAD
        + '[processes.mail]\nrole = "worker"\ncommand = ["w"]\ncount = 2\n'
        + '[processes.texts]\nrole = "worker"\ncommand = ["w"]\n[processes.beat]\ncommand = ["b"]\n',
    )
    assert profile.roles == ("api", "worker", "beat")
    assert list(profile.of_role("worker")) == ["mail", "texts"]
    assert [profile.count(role) for role in ("api", "worker", "beat", "relay")] == [1, 3, 1, 0]
    assert profile.without(frozenset({"worker"})).count("worker") == 0
    assert profile.without(frozenset({"mail"})).count("worker") == 1
    assert profile.folder == tmp_path


def test_a_stack_may_be_one_process(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD).roles == ("api",)
    front = read(tmp_path, '[processes.front]\nrole = "api"\ncommand = ["serve"]\n')
    assert list(front.of_role("api")) == ["front"]


def test_an_attached_stack_needs_no_commands(tmp_path: Path) -> None:
    profile = read(tmp_path, ATTACHED + '[processes.worker]\nmatch = "celery .* worker"\n')
    assert profile.processes["worker"].found_by == "match"
    assert profile.processes["worker"].held_by
    assert not profile.processes["worker"].command


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            '[processes.Mail]\ncommand = ["x"]',
            "p.toml:4: [processes] Mail: 'Mail' is no name of processes; write small letters, digits, _ and -: "
            '"mail-worker"',
        ),
        (
            '[processes.mail]\nrole = "a worker"\ncommand = ["x"]',
            "p.toml:5: [processes.mail] role: 'a worker' is no name of processes; write small letters, digits, _ and "
            '-: "mail-worker"',
        ),
        (
            '[processes.mail]\nrole = "worker"',
            'p.toml:4: [processes.mail] command: it is missing, and must be given: command = ["python", "worker.py"]',
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nready = { log = "up", port = 1 }',
            "p.toml:6: [processes.mail] ready: it says port and log; say one of path, port, log, consumer: "
            '{ log = "listening on" }',
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nready = { }',
            "p.toml:6: [processes.mail] ready: it says nothing; say one of path, port, log, consumer: "
            '{ log = "listening on" }',
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nready = { log = "(" }',
            "p.toml:6: [processes.mail.ready] log: '(' is no regular expression: missing ), unterminated subpattern at "
            "position 0",
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nstop = "SIGNAL"',
            'p.toml:6: [processes.mail] stop: \'SIGNAL\' is no signal; write "SIGTERM", "SIGINT" …, or a command: '
            '["…"]',
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nhold = ["stop"]',
            '[processes.mail] hold: it needs release = ["…"] beside it, the command that does the opposite',
        ),
        (
            '[processes.mail]\ncommand = ["x"]\npid_file = "/run/x"\nmatch = "x"',
            "p.toml:7: [processes.mail] match: pid_file says already which process it is; leave one of them out",
        ),
        (
            '[processes.mail]\ncommand = ["x"]\ncomand = ["y"]',
            "p.toml:6: [processes.mail] comand: there is no such key; did you mean 'command'?",
        ),
        (
            '[processes.mail]\ncommand = ["x", "--url={redis_urll}"]',
            "p.toml:5: [processes.mail] command: it names {redis_urll}, which nobody fills in; did you mean "
            "{redis_url}? (a brace of its own is written twice: {{)",
        ),
        (
            '[env]\nA = "a"\nDB = "{postgre_host}"',
            "p.toml:6: [env] DB: it names {postgre_host}, which nobody fills in; did you mean {postgres_host}?",
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nenv = { DB = "{POSTGRES_HOST}" }',
            "p.toml:6: [processes.mail.env] DB: it names {POSTGRES_HOST}, which nobody fills in; did you mean "
            "{postgres_host}?",
        ),
        (
            '[processes.mail]\ncommand = ["x"]\nhold = ["stop", "{redis_url}"]\nrelease = ["go"]',
            "p.toml:6: [processes.mail] hold: it names {redis_url}, which nobody fills in; known are {python}, "
            "{profile}",
        ),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ProfileError) as error:
        read(tmp_path, HEAD + text)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_an_image_has_no_folder_of_ours(tmp_path: Path) -> None:
    inside = '[deploy]\ndriver = "containers"\n'
    with pytest.raises(ProfileError, match=r"\[processes\.api\] cwd: in a container it is a folder of the image"):
        read(tmp_path, HEAD + 'cwd = "app"\n' + inside)
    with pytest.raises(ProfileError, match=r"\[processes\.api\] cwd: it names \{profile\}, which nobody fills in"):
        read(tmp_path, HEAD + 'cwd = "/{profile}"\n' + inside)


def test_braces_of_their_own_stay(tmp_path: Path) -> None:
    text = '[env]\nA = \'{{"a": [{}, {1}]}}\'\nB = "{{redis_url}}"\n'
    assert read(tmp_path, text + HEAD.replace("version = 2\n", "")).env["B"] == "{{redis_url}}"
