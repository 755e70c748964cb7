"""The official Node SDKs: `twilio`, `@sendgrid/mail`, `@sendgrid/client`, `@sendgrid/eventwebhook`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mock_providers.client import SendGrid, Twilio

HERE = Path(__file__).parent / "node"


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
    return run("drive.js", environment)


def run(script: str, environment: dict[str, str]) -> dict[str, Any]:
    """What a script printed."""
    done = subprocess.run(
        ["node", script], cwd=HERE, env=environment, capture_output=True, text=True, timeout=60, check=False
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


def test_what_an_account_sets_up(node_modules: None, sendgrid: SendGrid) -> None:
    sendgrid.change(lifecycle=[["processed", 0], ["delivered", 0]])
    environment = {
        "PATH": os.environ["PATH"],
        "URL_BASE": sendgrid.url,
        "API_KEY": sendgrid.api_key,
        "MAIL_ACCOUNT": sendgrid.name,
    }
    made = run("resources.js", environment)
    assert made["keys"] == {
        "made": [201, ["mail.send"]],
        "sent": 202,
        "forbidden": [403, "access forbidden"],
        "listed": 1,
        "got": ["mail.send"],
        "renamed": "other",
        "replaced": 200,
        "wrong": [400, "invalid or unassignable scopes were given"],
        "deleted": 204,
        "revoked": [401, "The provided authorization grant is invalid, expired, or revoked"],
        "missing": [404, "unable to find API Key"],
    }
    assert made["senders"] == {
        "made": [201, False],
        "unverified": [403, "The from address does"],
        "resent": 204,
        "verified": [True],
        "sent": 202,
        "changed": "Shop",
        "steps": {"sender_verified": True, "domain_verified": False},
        "domains": ["hard_failures", "soft_failures"],
        "deleted": 204,
        "missing": [404, "resource not found"],
    }
    assert made["parse"] == {
        "made": 201,
        "raw": True,
        "changed": False,
        "listed": 1,
        "one": "in.example.com",
        "deleted": 204,
        "missing": 404,
    }
    assert made["webhooks"] == {
        "came": [[["delivered"], True, False], [["processed"], True, False]],
        "again": 400,
        "all": 2,
        "oldest": True,
        "changed": False,
        "deleted": [204, 204],
        "missing": [404, "Invalid id provided."],
    }
    templates = {"activated": 1, "other": 0, "changed": "new", "copied": 2, "deleted": 204, "missing": 404}
    assert made["templates"] == templates
    assert made["groups"] == {"found": ["a@example.com"], "all": ["a@example.com"]}
    # one by the limited key, one by the verified sender, one for the webhooks
    assert made["stats"] == {"all": 3, "news": 3, "wrong": 400}
