"""What a user gets wrong is one line that says what to do, exit code 3, and no traceback."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from harness_support import Harness, Postgres, Valkey
from pytest_httpserver import HTTPServer

from harness.deploy.ports import Ports

STACK = """
migrate = ["{python}", "-m", "messaging_stack", "migrate"]
[processes.api]
command = ["{python}", "-m", "messaging_stack", "api"]
[processes.worker]
command = ["{python}", "-m", "messaging_stack", "worker"]
"""
ATTACHED = '[deploy]\ndriver = "attached"\n[api]\nurl = "{api}"\n'
pytestmark = pytest.mark.xdist_group("verify")


def test_a_profile_that_is_not_there(harness: Harness) -> None:
    done = harness.refuse("--profile", harness.directory / "none.toml")
    done.one_line_error("none.toml can't be read: No such file or directory; name one with --profile")


def test_a_profile_that_is_not_toml(harness: Harness) -> None:
    done = harness.refuse("--profile", harness.profile("name = \n"))
    done.one_line_error("profile.toml:1: column 8: this is not TOML: Invalid value; a text stands in quotes")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[deploi]\n", "profile.toml:1: deploi: there is no such key; did you mean 'deploy'?"),
        (
            "[deploy]\napi_prot = 1\n",
            "profile.toml:2: [deploy] api_prot: there is no such key; did you mean 'api_port'?",
        ),
        (
            "[processes.api]\ncomand = ['x']\n",
            "profile.toml:2: [processes.api] comand: there is no such key; did you mean 'command'?",
        ),
        (
            "[processes.api]\ncommand = ['x']\ncuont = 2\n",
            "profile.toml:3: [processes.api] cuont: there is no such key; did you mean 'count'?",
        ),
        ("[queue]\nxyzzy = 1\n", "profile.toml:2: [queue] xyzzy: there is no such key; known here: kind, url, streams"),
        ("[deploy]\napi_port = 70000\n", "[deploy] api_port: write a number of at most 65535; got 70000"),
        ("name = 'x'\n", '[processes] api: it is missing, and driver = "embedded" starts the stack itself'),
        ("[deploy]\ndriver = 'attached'\n", '[api] url: driver = "attached" needs it: where the stack answers'),
        ("[env]\nA = '${NOT_SET_ANYWHERE}'\n", "${NOT_SET_ANYWHERE} is named, but the environment has no"),
    ],
)
def test_a_profile_that_makes_no_sense(harness: Harness, text: str, message: str) -> None:
    harness.refuse("--profile", harness.profile(text)).one_line_error(message)


def test_an_api_port_in_use(harness: Harness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        profile = harness.profile(STACK + f"[deploy]\napi_port = {port}\n")
        harness.verify("--profile", profile).one_line_error(
            f"port {port} for the API is in use; stop what listens there"
        )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('postgres_bin = "/none/such"', "postgres_bin = '/none/such' holds no postgres and initdb"),
        ('redis_server = "no-such-server"', "redis_server = 'no-such-server' is no program"),
    ],
)
def test_no_server_binary(harness: Harness, setting: str, message: str) -> None:
    done = harness.verify("--profile", harness.profile(STACK + f"[deploy]\n{setting}\n"))
    done.one_line_error(message)


def test_a_command_that_is_no_program(harness: Harness) -> None:
    profile = harness.profile('[processes.api]\ncommand = ["no-such-program"]\n')
    done = harness.verify("--profile", profile)
    assert done.code == 3, str(done)
    assert "Traceback" not in done.text


@pytest.fixture
def api() -> object:
    with HTTPServer(host="127.0.0.1") as server:
        server.expect_request("/ready").respond_with_data("ok")
        yield server


def attached(harness: Harness, *, api: str, rest: str = "") -> Path:
    return harness.profile(ATTACHED.format(api=api) + rest)


def test_an_api_that_can_not_be_reached(harness: Harness, ports: Ports) -> None:
    profile = attached(harness, api=f"http://127.0.0.1:{ports.free()}")
    harness.verify("--profile", profile).one_line_error("the API at http://127.0.0.1:", "start it, or mend [api] url")


@pytest.mark.parametrize("user", ["harness:wrong-password", "nobody:x"])
def test_a_wrong_dsn(harness: Harness, api: HTTPServer, postgres: Postgres, user: str) -> None:
    database = f'[database]\nurl = "postgresql://{user}@127.0.0.1:{postgres.port}/postgres"\n'
    done = harness.verify("--profile", attached(harness, api=api.url_for("").rstrip("/"), rest=database))
    assert "wrong-password" not in done.one_line_error("the database at 127.0.0.1", "check [database] url")


def test_a_redis_that_can_not_be_reached(harness: Harness, api: HTTPServer, ports: Ports) -> None:
    queue = f'[queue]\nurl = "redis://127.0.0.1:{ports.free()}/0"\n'
    done = harness.verify("--profile", attached(harness, api=api.url_for("").rstrip("/"), rest=queue))
    done.one_line_error("Redis at 127.0.0.1:", "can't be reached", "mend [queue] url")


def test_mocks_that_can_not_be_reached(harness: Harness, api: HTTPServer, valkey: Valkey, ports: Ports) -> None:
    rest = f'[queue]\nurl = "{valkey.url}"\n[providers]\nurl = "http://127.0.0.1:{ports.free()}"\n'
    done = harness.verify("--profile", attached(harness, api=api.url_for("").rstrip("/"), rest=rest))
    done.one_line_error("the mock providers at", "can't be reached", "mend [providers] url")


def test_settings_of_an_attached_stack_are_not_ours(harness: Harness, api: HTTPServer) -> None:
    profile = attached(harness, api=api.url_for("").rstrip("/"))
    harness.refuse("--profile", profile, "--stack-env", "A=1").one_line_error("--stack-env sets nothing on an attached")
    wire = harness.profile(ATTACHED.format(api="http://x") + "[queue]\nobserve = 'wire'\n")
    harness.refuse("--profile", wire).one_line_error('[queue] observe: "wire" needs a stack that we deploy')


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--stack-env", "NOVALUE"],
            "--stack-env NOVALUE: the environment has no NOVALUE; set it, or write NOVALUE=VALUE",
        ),
        (["--stack-env", "=x"], "--stack-env '=x' is neither NAME=VALUE nor NAME"),
        (["--without", "printer"], "--without printer: the profile starts no such process; it has api, worker"),
        (["--scenarios", "/none/such"], "there is no scenario at /none/such; name a file or a directory"),
    ],
)
def test_bad_options(harness: Harness, words: list[str], message: str) -> None:
    harness.refuse(*words).one_line_error(message)


def test_a_check_that_there_is_not(harness: Harness) -> None:
    done = harness.verify("--check", "no-such")
    done.one_line_error("--check no-such: no such check; known are api-promises, asynchronous")


@pytest.mark.unmeasured
def test_a_need_that_there_is_not(harness: Harness) -> None:
    suite = harness.directory / "test_mine.py"
    suite.write_text("import pytest\n@pytest.mark.needs('idempotencyy')\ndef test_it(stack): assert stack\n")
    unused = {"PYTEST_ADDOPTS": "-p no:schemathesis -p no:hypothesispytest -p no:playwright"}
    done = harness.verify("--scenarios", suite, env=unused)
    done.one_line_error("test_it: needs('idempotencyy'): 'idempotencyy' is neither", "did you mean 'idempotency'?")


@pytest.mark.unmeasured
def test_a_suite_that_is_not_about_the_stack(harness: Harness) -> None:
    suite = harness.directory / "test_mine.py"
    suite.write_text("import pytest\n@pytest.fixture\ndef stack(): return 1\ndef test_it(stack): assert stack\n")
    # a suite of one's own loads every plugin there is, and these take seconds
    unused = {"PYTEST_ADDOPTS": "-p no:schemathesis -p no:hypothesispytest -p no:playwright"}
    done = harness.verify("--scenarios", suite, env=unused)
    assert done.code == 2, str(done)
    assert "PASS" not in done.text
    assert done.err.splitlines() == [
        f"error: nothing was judged: no test in {suite} takes the plugin's fixture `stack`; give it to one"
    ]


def test_a_build_directory_that_is_a_file(harness: Harness) -> None:
    harness.build.parent.mkdir()
    harness.build.write_text("")
    harness.refuse().one_line_error("results can't be written to", "name another place with --build")


def test_a_build_directory_that_can_not_be_written(harness: Harness) -> None:
    harness.call("verify", "--build", "/proc/none").one_line_error(
        "results can't be written to", "name another place with --build"
    )


@pytest.mark.parametrize("time", ["soon", "-1s", "5000"])
def test_a_time_that_is_none(harness: Harness, time: str) -> None:
    harness.refuse("--provider-latency", time).one_line_error("time", "see `harness verify --help`")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "--bogus"], "--bogus"),
        (["bogus"], "No such command 'bogus'"),
        (["verify", "--repeat", "many"], "Invalid value for '--repeat'"),
        (["trace"], "Missing argument 'MESSAGE'"),
    ],
)
def test_a_command_line_that_makes_no_sense(harness: Harness, words: list[str], message: str) -> None:
    harness.call(*words).one_line_error(message, "--help`")


def test_no_command_shows_the_help(harness: Harness) -> None:
    done = harness.call()
    assert done.code == 3
    assert "verify" in done.text
    assert "error" not in done.text


@pytest.mark.parametrize("command", ["down", "status", "restart", "send"])
def test_no_stack_is_up(harness: Harness, command: str) -> None:
    done = harness.call(command, "--build", harness.directory / "up")
    done.one_line_error("no stack is up; start one with `harness up`")


def test_no_history(harness: Harness) -> None:
    harness.call("trace", "x", cwd=harness.directory).one_line_error("no history was found; run `harness verify`")
    done = harness.call("trace", "x", "--history", harness.directory / "none.jsonl")
    done.one_line_error("no record can be read from")


def test_a_stack_that_can_not_be_started(harness: Harness) -> None:
    profile = harness.profile("[deploi]\n")
    harness.run("up", "--profile", profile, "--build", harness.build).one_line_error("did you mean 'deploy'?")
    profile = harness.profile(STACK + '[deploy]\npostgres_bin = "/none"\n')
    done = harness.run("up", "--profile", profile, "--build", harness.build)
    done.one_line_error("postgres_bin = '/none' holds no postgres")


def test_the_doctor_says_what_is_missing(harness: Harness) -> None:
    good = harness.run("doctor")
    assert good.code == 0, str(good)
    for name in ("Python", "profile", "PostgreSQL", "Redis or Valkey", "template cache", "Docker"):
        assert name in good.out
    profile = harness.profile(STACK + '[deploy]\npostgres_bin = "/none"\nredis_server = "no-such"\n')
    file = harness.directory / "file"
    file.write_text("")
    bad = harness.run("doctor", "--profile", profile, env={"XDG_CACHE_HOME": str(file)})
    assert bad.code == 3, str(bad)
    assert bad.out.count("missing") >= 3
    assert "Traceback" not in bad.text
    unread = harness.run("doctor", "--profile", harness.directory / "none.toml")
    assert unread.code == 3
    assert "mend it" in unread.out


def test_help_lists_the_commands(harness: Harness) -> None:
    done = harness.call("--help")
    assert done.code == 0
    for name in ("verify", "up", "down", "status", "restart", "send", "trace", "doctor"):
        assert name in done.out
