"""What the mocks' pages list is what there is: endpoints, and every setting of an account and of the server."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from docs_blocks import ROOT

from mock_providers.config import parse_config
from mock_providers.errors import ConfigError
from mock_providers.journal.filter import TYPES
from mock_providers.sendgrid import api as sendgrid
from mock_providers.sendgrid.state.settings import SendGridSettings
from mock_providers.twilio import api as twilio
from mock_providers.twilio.state.settings import TwilioSettings


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_every_endpoint_is_listed() -> None:
    rows = re.findall(
        r"`([a-z_.]+)\{([a-z,]+)\}`|`([a-z_]+(?:\.[a-z_]+)+)`", section(page("mock-faults.md"), "## Endpoints")
    )
    listed = {f"{begin}{end}" for begin, ends, whole in rows for end in (ends.split(",") if ends else [whole])}
    there = {route.endpoint for routes in (twilio.ROUTES, sendgrid.ROUTES) for route in routes}
    webhooks = {f"webhook.{kind}" for kind in ("status", "inbound", "event", "parse")}
    assert listed == there | webhooks


@pytest.mark.parametrize("settings", [TwilioSettings, SendGridSettings])
def test_every_setting_of_an_account_is_there(settings: Any) -> None:
    said = page("mock-providers.md") + page("twilio-products.md")
    assert [one.name for one in dataclasses.fields(settings) if f"`{one.name}`" not in said] == []


def test_every_setting_of_the_server_is_there() -> None:
    with pytest.raises(ConfigError) as refused:
        parse_config({"server": {"nonsense": 1}}, where="x")
    known = str(refused.value).partition("expected one of ")[2].split(", ")
    assert [
        name for name in known if f"`{name}`" not in section(page("mock-providers.md"), "## Settings of the server")
    ] == []


def test_every_kind_of_entry_is_there() -> None:
    record = section(page("mock-providers.md"), "## The record")
    assert [kind for kind in TYPES if kind != "reset" and f"| `{kind}` |" not in record] == []


def section(text: str, heading: str) -> str:
    return text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
