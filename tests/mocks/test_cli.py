"""Starting a server: what is wrong with its input is one clear line and exit code 3."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import in_process
import pytest
from pytest_httpserver import HTTPServer
from tenants import TwilioTenant

from mock_providers import cli
from mock_providers.announcement import write_announcement
from mock_providers.commands import FILTERS
from mock_providers.journal import Filter


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mock_providers", "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return in_process.call(cli.main, *words)


def assert_one_line(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 3, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("mock-providers: ")
    for words in said:
        assert words in line


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_one_line(run("--port", str(port)), f"can't listen on 127.0.0.1:{port}", "Address already in use")


def test_an_unwritable_journal(tmp_path: Path) -> None:
    assert_one_line(run("--port", "0", "--journal", str(tmp_path)), "it is a directory", "--journal")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[twilio]", "is not TOML"),
        ("[[twilio]]\nauth_token='x'", "account_sid is missing"),
        ("[[twilio]]\naccount_sid='AC1'\nauth_token='x'", "32 hexadecimal digits"),
        ("[server]\nport = 1", "unknown key 'port'"),
        ("[[sendgrid]]\napi_key='SG.x'\nlifecycle='nonsense'", "must be one of manual"),
        ("[[sendgrid]]\napi_key='SG.x'\nlifecycle=[['nonsense', 1]]", "unknown status 'nonsense'"),
        ("[[sendgrid]]\napi_key='SG.x'\nevent_webhook_url='x'", "http:// or https:// URL"),
        ("[[sendgrid]]\napi_key='SG.x'\nprivate_key_pem='x'", "private_key_pem can't be read: Unable to load PEM file"),
        ("[twilio]\nauth_token='x'", "twilio must be an array of tables ([[twilio]]), saw a table"),
    ],
)
def test_a_bad_configuration(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mocks.toml"
    file.write_text(text)
    assert_one_line(command("serve", "--port", "0", "--config", str(file)), str(file), said)


@pytest.mark.parametrize("journal", [".", "/", ""])
def test_a_journal_without_a_name(journal: str) -> None:
    assert_one_line(run("--port", "0", "--journal", journal), "it is a directory", "--journal")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (os.mkfifo, "it is a named pipe"),  # as a device is, which this must never try
        (lambda path: path.symlink_to(path.with_name("other")), "it is a symbolic link"),
        (lambda path: path.mkdir(), "it is a directory"),
        (lambda path: path.write_text("of somebody"), "it holds something else, and is left as it is"),
        (lambda path: path.parent.rmdir(), "there is no such folder"),
    ],
)
def test_an_announcement_replaces_nothing_of_others(tmp_path: Path, made: Callable[[Path], object], why: str) -> None:
    path = tmp_path / "folder" / "mocks.json"
    path.parent.mkdir()
    made(path)
    before = os.lstat(path) if os.path.lexists(path) else None
    assert_one_line(run("--port", "0", "--announce", str(path)), "can't be written", why, "--announce")
    if before is not None:
        assert (before.st_ino, before.st_size) == (os.lstat(path).st_ino, os.lstat(path).st_size)


def test_an_earlier_announcement_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "mocks.json"
    for port in (1, 2):
        write_announcement(path, host="127.0.0.1", port=port)
        assert json.loads(path.read_text())["port"] == port
    assert [one.name for one in tmp_path.iterdir()] == ["mocks.json"]


def test_a_missing_configuration(tmp_path: Path) -> None:
    assert_one_line(command("serve", "--config", str(tmp_path / "none.toml")), "can't be read")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "httptools"])
def test_a_package_that_is_not_installed_is_named_with_its_extra(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from mock_providers.cli import main; main()"
    serve = [sys.executable, "-c", code, "serve", "--port", "0"]
    done = subprocess.run(serve, capture_output=True, text=True, timeout=20, check=False)
    assert_one_line(done, f"package {missing} is missing", "pip install 'messaging-harness[mocks]'")


def test_commands_speak_to_a_server(twilio: TwilioTenant, tmp_path: Path) -> None:
    url = f"--url={twilio.http.base_url}"
    made = command("fault", f"account={twilio.sid}", "to=+1555*", "status=503", "times=1", url)
    assert json.loads(made.stdout)["match"] == {"account": twilio.sid, "to": "+1555*"}
    assert twilio.create(Body="from the command line").status_code == 503
    waited = command("wait", f"account={twilio.sid}", "type=answered", url)
    assert json.loads(waited.stdout)["status"] == 503
    listed = command("calls", f"account={twilio.sid}", "type=called", url)
    assert json.loads(listed.stdout)["text"] == "from the command line"
    record = tmp_path / "record.jsonl"
    record.write_text(command("export", f"account={twilio.sid}", url).stdout)
    assert command("replay", str(record), f"--account={twilio.sid}", url).stdout == "1 faults set\n"
    assert json.loads(command("reset", twilio.sid, url).stdout)["never_hit"]
    assert twilio.entries() == []


def test_the_commands_know_every_filter() -> None:
    assert {field.name for field in dataclasses.fields(Filter)} == set(FILTERS)


def test_commands_say_what_is_wrong(twilio: TwilioTenant) -> None:
    url = f"--url={twilio.http.base_url}"
    assert_one_line(
        command("fault", "status=503", "--url=http://127.0.0.1:1"),
        "can't be reached",
        "`mock-providers serve`",
        "--url",
    )
    assert_one_line(command("fault", "nonsense", url), "expected name=value, saw 'nonsense'")
    assert_one_line(command("fault", "times=1", url), "does nothing")
    assert_one_line(command("replay", "/nonsense", url), "can't be read")
    for asking in ("calls", "wait", "export"):
        assert_one_line(command(asking, "tpye=called", url), "'tpye' selects nothing; known are", "type")
    assert_one_line(command("wait", "count=2", url), "'count' selects nothing")
    vain = command("wait", f"account={twilio.sid}", "text=x", "--within=0.01", url)
    assert (vain.returncode, "saw 0 of 1" in vain.stderr) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("calls", "type=caled"), "no entry has the type 'caled' (expected called, answered, "),
        (("wait", "type=called,reset,x"), "no entry has the type 'x'"),
        (("export", "provider=twillio"), "no entry has the provider 'twillio' (expected twilio, sendgrid)"),
        (("fault", "provider=twillio", "status=503"), "provider must be one of twilio, sendgrid"),
        (("replay", "."), "can't be read"),
    ],
)
def test_what_is_asked_for_in_vain_is_told(twilio: TwilioTenant, words: tuple[str, ...], said: str) -> None:
    assert_one_line(command(*words, f"--url={twilio.http.base_url}"), said)


@pytest.mark.parametrize(("status", "body"), [(404, "<html>\nnone\n</html>"), (200, "hello"), (500, "[]")])
def test_another_server_is_told_as_such(httpserver: HTTPServer, status: int, body: str) -> None:
    httpserver.expect_request(re.compile("/.*")).respond_with_data(body, status=status)
    for asking in (("calls",), ("fault", "status=503"), ("reset",)):
        assert_one_line(command(*asking, f"--url={httpserver.url_for('')}"), "isn't the answer of mock-providers")
    if status != 200:
        assert_one_line(command("export", f"--url={httpserver.url_for('')}"), "isn't the answer of mock-providers")


def test_it_says_which_version_it_is() -> None:
    assert command("--version").stdout.startswith("messaging-harness ")


@pytest.mark.parametrize(("options", "warned"), [((), True), (("--open",), False)])
def test_a_person_is_told_where_it_listens(options: tuple[str, ...], warned: bool) -> None:
    serve = [sys.executable, "-m", "mock_providers", "serve", "--port", "0", *options]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        [where] = re.findall(r"listening on (http://127\.0\.0\.1:\d+) ", server.stderr.readline())
        assert httpx.get(f"{where}/_mock/health", trust_env=False).status_code == 200
        server.terminate()
        assert ("--open takes any credentials" in server.stderr.read()) is warned
    assert server.returncode == 0
