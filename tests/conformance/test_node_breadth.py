"""Verify, Lookup, the Content API and WhatsApp, through the official Node SDK."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from mock_providers.client import Twilio

HERE = Path(__file__).parent / "node"


def test_every_operation(node_modules: None, twilio: Twilio) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "URL_BASE": twilio.url,
        "ACCOUNT_SID": twilio.account_sid,
        "AUTH_TOKEN": twilio.auth_token,
    }
    done = subprocess.run(
        ["node", "breadth.js"], cwd=HERE, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "verify": {
            "name": ["Acme", "Acme 2", 5],
            "listed": 1,
            "code": [5, "pending", False, "pending", "approved", True],
            "canceled": "canceled",
            "gone": [404, 20404],
            "errors": [[429, 60203], [429, 60202], [400, 60200], [400, 60204], [404, 20404]],
            "removed": True,
        },
        "lookup": {
            "good": [True, "GB", "mobile", None],
            "bad": [False, ["TOO_SHORT"]],
            "dialled": "+447700900123",
            "error": [400, 20001],
        },
        "content": {
            "text": ["HX", "Hi {{1}}!", "Hi Ada!", "Bye"],
            "approval": ["unsubmitted", "received", "approved"],
            "listed": [1, 1, "approved", "new"],
            "errors": [[400, 21654], [400, 21655], [400, 21656]],
            "removed": True,
            "gone": [404, 20404],
        },
        "whatsapp": {
            "outside": ["failed", 63016],
            "unapproved": ["failed", 63016],
            "template": ["delivered", None],
            "inside": ["delivered", None],
            "stranger": [400, 63007],
        },
    }
