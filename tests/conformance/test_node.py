"""The official Node SDKs: `twilio`, `@sendgrid/mail`, `@sendgrid/eventwebhook`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filelock_once import once

from mock_providers.client import SendGrid, Twilio

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def node_modules() -> None:
    if shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed; the Node SDKs can't be run")
    with once(HERE / "node_modules"):
        if not (HERE / "node_modules" / ".package-lock.json").exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=HERE, check=True, timeout=300, capture_output=True)


@pytest.fixture
def driven(node_modules: None, twilio: Twilio, sendgrid: SendGrid) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "URL_BASE": twilio.url,
        "ACCOUNT_SID": twilio.account_sid,
        "AUTH_TOKEN": twilio.auth_token,
        "API_KEY": sendgrid.api_key,
        "MAIL_ACCOUNT": sendgrid.name,
        "PUBLIC_KEY": sendgrid.webhook_public_key,
    }
    done = subprocess.run(
        ["node", "drive.js"], cwd=HERE, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_every_operation(driven: dict[str, Any]) -> None:
    sms = driven["sms"]
    sms.pop("sid")
    assert sms == {
        "made": "queued",
        "same": True,
        "date": True,
        "listed": 7,
        "media": ["image/png"],
        "feedback": "confirmed",
        "pooled": ["accepted", "0", None],
        "scheduled": "scheduled",
        "canceled": "canceled",
        "services": 1,
        "numbers": 1,
        "account": "active",
        "removed": True,
        "errors": [[400, 21211], [400, 21602], [404, 20404]],
    }
    mail = driven["mail"]
    assert (mail["status"], mail["id"], mail["scopes"]) == (202, 22, True)
    assert mail["refused"][0] == 400
    assert "subject" in mail["refused"][1]
    assert driven["signatures"] == [True, False]
    assert mail["verified"] == [True, False]
