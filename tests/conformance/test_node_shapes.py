"""Mails as `@sendgrid/mail` writes them, with every option that it has: none may be refused."""

from __future__ import annotations

import json
import os
import subprocess

from test_node import HERE, node_modules

from mock_providers.client import SendGrid

__all__ = ["node_modules"]


def test_what_the_helper_writes_is_accepted(node_modules: None, sendgrid: SendGrid) -> None:
    environment = {"PATH": os.environ["PATH"], "URL_BASE": sendgrid.url, "API_KEY": sendgrid.api_key}
    command = ["node", "shapes.js"]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    statuses = json.loads(done.stdout)
    assert len(statuses) == 9
    assert statuses == dict.fromkeys(statuses, 202)
