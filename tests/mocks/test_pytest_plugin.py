"""The fixtures, as somebody else's project uses them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mock_providers.pytest_plugin", *options, "test_mine.py"]
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_with_a_server_of_the_session(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout


def test_with_a_server_that_runs_already(tmp_path: Path, server: ServerProcess) -> None:
    done = run(tmp_path, f"--mock-providers-url={server.url}")
    assert (done.returncode, "4 passed" in done.stdout) == (0, True), done.stdout
