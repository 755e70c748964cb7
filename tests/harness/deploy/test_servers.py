"""Ports, binaries, the cached template, and the small parts around them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness_support import ROOT, Valkey

from harness.deploy import postgres, valkey
from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.errors import DeployError
from harness.profile.placeholders import fill
from harness.redact import Redactor


def test_no_two_harnesses_get_the_same_port() -> None:
    one, other = Ports(), Ports()
    found = [ports.free() for _ in range(200) for ports in (one, other)]
    assert len(set(found)) == 400
    for port in found:
        assert 20_000 <= port < 32_000
    one.close()
    other.close()


def test_a_port_that_is_taken_can_not_be_had() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DeployError, match=f"port {port} for the API is in use; stop what listens there"):
            Ports().fixed(port, name="API")
    assert Ports().fixed(port, name="API") == port


def test_when_every_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.deploy.ports.is_free", lambda _: False)
    ports = Ports()
    with pytest.raises(DeployError, match="no free port between 20000 and 32000"):
        ports.free()
    ports.close()


# PostgreSQL


def test_the_binaries_of_the_wheel_and_of_the_profile() -> None:
    found = postgres.binaries()
    assert (found / "initdb").is_file()
    assert postgres.binaries(str(found)) == found


def test_a_directory_without_binaries(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"postgres_bin = .* holds no postgres and initdb; name PostgreSQL's bin"):
        postgres.binaries(str(tmp_path))


def test_no_wheel_and_none_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WHEELS", (("no_such_wheel", "bin"),))
    with pytest.raises(DeployError, match=r"no PostgreSQL server binary: .*\[embedded\]"):
        postgres.binaries()


def fake_binaries(directory: Path, *, version: str, initdb: str = "exit 0") -> Path:
    directory.mkdir()
    for name, script in (("postgres", version), ("initdb", initdb)):
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    return directory


def test_a_server_of_another_platform(tmp_path: Path) -> None:
    binaries = fake_binaries(tmp_path / "bin", version="echo wrong format >&2; exit 126")
    with pytest.raises(DeployError, match="postgres doesn't run here: wrong format"):
        postgres.template(binaries)


def test_an_initdb_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    binaries = fake_binaries(tmp_path / "bin", version="echo 18", initdb="echo no locale >&2; exit 1")
    with pytest.raises(DeployError, match="initdb failed: no locale"):
        postgres.template(binaries)
    assert [path.name for path in (tmp_path / "cache" / "messaging-harness").iterdir()] == ["lock"]


def test_a_cache_that_can_not_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DeployError, match=r"the PostgreSQL template can't be kept in .*; set XDG_CACHE_HOME"):
        postgres.template(postgres.binaries())


def test_parallel_runs_make_the_template_once(tmp_path: Path) -> None:
    code = "from harness.deploy import postgres; print(postgres.template(postgres.binaries()))"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def run(_: int) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(run, range(3)))
    cache = tmp_path / "messaging-harness"
    assert {Path(path).parent for path in found} == {cache}
    assert len(found) == 1
    assert sorted(path.name.partition("-")[0] for path in cache.iterdir()) == ["lock", "postgres"]


# Valkey


def test_the_server_of_the_wheel_or_of_the_profile() -> None:
    found = valkey.binary()
    assert os.access(found, os.X_OK)
    assert valkey.binary(str(found)) == found


def test_a_server_that_is_no_program() -> None:
    with pytest.raises(DeployError, match="redis_server = 'no-such' is no program; name redis-server"):
        valkey.binary("no-such")


def test_without_the_wheel_one_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match=r"no Redis-compatible server binary: .*\[embedded\]"):
        valkey.binary()
    (tmp_path / "redis-server").write_text("#!/bin/sh\n")
    (tmp_path / "redis-server").chmod(0o755)
    assert valkey.binary() == tmp_path / "redis-server"


def test_the_server_keeps_nothing_on_disk(valkey: Valkey) -> None:
    client = valkey.client()
    assert client.config_get("save") == {"save": ""}
    assert client.config_get("appendonly") == {"appendonly": "no"}
    assert client.config_get("bind") == {"bind": "127.0.0.1"}


# small parts


def test_settings_with_other_names() -> None:
    known = {"postgres_host": "h", "postgres_port": "5"}
    assert fill("pg://{postgres_host}:{postgres_port}", known) == "pg://h:5"
    assert fill('{{postgres_host}} {{"a": {}}}', known) == '{postgres_host} {"a": {}}'
    with pytest.raises(DeployError, match=r"\[env\] A names \{nonsense\}, which isn't known here; known are p"):
        fill("{nonsense}", known, what="[env] A")


def test_secrets_are_replaced_wherever_they_stand() -> None:
    redact = Redactor("s3cret/word", "s3cret/word-and-more", "abc")
    assert redact("a s3cret/word-and-more b") == "a *** b"
    assert redact("s3cret%2Fword") == "***"
    assert redact("abc stays: it is too short") == "abc stays: it is too short"


def test_a_directory_is_private(processes: Processes) -> None:
    assert processes.directory().stat().st_mode & 0o077 == 0
