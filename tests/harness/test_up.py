"""The profile that attaches to a stack that is up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.commands.up import attached_profile
from harness.deploy.driver import Addresses
from harness.profile import Profile, load, parse

WHERE = Addresses(
    api="http://127.0.0.1:1",
    database='postgresql://u:"p\\w@127.0.0.1/app',
    redis="redis://127.0.0.1:2/0",
    mocks="http://127.0.0.1:3",
    twilio_account="AC1",
    sendgrid_account="app",
)
STARTED = {
    "name": "orders — größer",
    "deploy": {"driver": "embedded", "api_port": 1},
    "env": {"SECRET": "s"},
    "migrate": ["true"],
    "processes": {"api": {"command": ["api"]}, "worker": {"command": ["worker"], "count": 2}},
    "api": {"send": "/send", "timeout": 7, "webhook_twilio": ""},
    "queue": {
        "streams": {"sms": "jobs:🎉", "mms": "jobs"},
        "group": "",
        "dead": "",
        "field": 'a "field"',
        "message_id": "/data/id",
        "finish": "delete",
        "observe": "wire",
    },
    "database": {"table": 'app."Message"', "provider_id": "", "status": "state"},
    "statuses": {"order": ["new", "done"], "cycles": [["new", "done"], []], "queued": "new", "sent": "done"},
    "providers": {"senders": {"sms": "+1"}},
    "policy": {"delivery": "effectively-once", "queued_within": 2.5},
    "claims": {"channels": ["sms"], "webhooks": False, "retries": True},
    "waits": {"within": 3},
}


def attached(profile: Profile, build: Path, path: Path) -> Profile:
    stack: Any = SimpleNamespace(profile=profile, driver=SimpleNamespace(addresses=WHERE))
    path.write_text(attached_profile(cast(Any, stack), build), encoding="utf-8")
    return load(path)


@pytest.mark.parametrize("table", [STARTED, {"processes": STARTED["processes"]}], ids=["all", "little"])
def test_it_says_all_that_the_stacks_own_says_of_it(tmp_path: Path, table: dict[str, Any]) -> None:
    profile = parse(table, source="test", environ={})
    found = attached(profile, tmp_path, tmp_path / "attached.toml")
    assert (found.deploy.driver, found.api.url, found.queue.url) == ("attached", WHERE.api, WHERE.redis)
    assert (found.database.url, found.providers.url) == (WHERE.database, WHERE.mocks)
    assert found.providers.accounts.model_dump() == {"twilio": "AC1", "sendgrid": "app"}
    assert found.processes["worker"].pid_file == str(tmp_path / "worker.pid")
    assert found.queue.observe == "auto", "only what is deployed has a wire"
    same = {"url", "accounts", "observe"}
    for section in (
        "api",
        "send",
        "look",
        "webhooks",
        "conversations",
        "queue",
        "database",
        "statuses",
        "providers",
        "policy",
        "claims",
        "waits",
    ):
        one, other = (getattr(p, section).model_dump(exclude=same) for p in (profile, found))
        assert one == other, section
    assert found.name == profile.name
    assert not found.env, "what starts it is none of its business, and may hold secrets"
