"""The fixtures, as somebody else's project uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tenants import ServerProcess

SUITE = """
import httpx
import pytest

def send(twilio, body):
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"
    form = {"To": "+15552340001", "From": "+15552340002", "Body": body}
    return httpx.post(twilio.url + path, data=form, auth=(twilio.account_sid, twilio.auth_token))

@pytest.mark.parametrize("n", range(3))
def test_each_has_its_own(twilio, n):
    assert send(twilio, str(n)).status_code == 201
    assert [call["text"] for call in twilio.wait()] == [str(n)]
    assert len(twilio.calls(type="called")) == 1

def test_fault_and_gate(twilio, sendgrid):
    with twilio.fault(status=429, match={"to": "+1555*"}) as fault:
        assert send(twilio, "x").status_code == 429
    assert fault["hits"] == 1
    key = {"Authorization": "Bearer " + sendgrid.api_key}
    assert httpx.get(sendgrid.url + "/v3/scopes", headers=key).status_code == 200
"""


def run(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mock_providers.pytest_plugin", *options, "test_mine.py"]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin", **more}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_with_a_server_of_the_session(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


def test_with_a_server_that_runs_already(tmp_path: Path, server: ServerProcess) -> None:
    done = run(tmp_path, f"--mock-providers-url={server.url}")
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


def test_with_a_token(tmp_path: Path) -> None:
    done = run(tmp_path, MOCK_PROVIDERS_TOKEN="open-sesame")
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


MODULE = "mock_providers.pytest_plugin"
CONFTEST = f"pytest_plugins = [{MODULE!r}]"
USES_IT = "def test_it(twilio): assert twilio.calls() == []"


@pytest.mark.parametrize("options", [[], ["-p", MODULE]])
@pytest.mark.parametrize("conftest", ["", CONFTEST])
def test_however_it_is_named(tmp_path: Path, server: ServerProcess, conftest: str, options: list[str]) -> None:
    """Beside its entry point, which brings it wherever the package is installed."""
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_it.py").write_text(USES_IT)
    command = [sys.executable, "-m", "pytest", "-q", *options, f"--mock-providers-url={server.url}", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr[-2000:]


def test_it_costs_no_import_until_a_fixture_is_used() -> None:
    code = f"""
import json, sys
import pytest
before = set(sys.modules)
import {MODULE}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
print(json.dumps(sorted(name for name in sys.modules if name.startswith("mock_providers"))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    others, own = map(json.loads, done.stdout.splitlines())
    assert (others, own) == (["mock_providers"], ["mock_providers", MODULE])
