"""Mails as `@sendgrid/mail` writes them, with every option that it has: none may be refused."""

from __future__ import annotations

import os

from test_node import run

from mock_providers.client import SendGrid


def test_what_the_helper_writes_is_accepted(node_modules: None, sendgrid: SendGrid) -> None:
    environment = {"PATH": os.environ["PATH"], "URL_BASE": sendgrid.url, "API_KEY": sendgrid.api_key}
    statuses = run("shapes.js", environment)
    assert len(statuses) == 9
    assert statuses == dict.fromkeys(statuses, 202)
