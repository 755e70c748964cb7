"""`[mocks]` alone is enough for the mock servers, and little."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.packaging.environments import MEASURED, Environment, served

MOST_PACKAGES = 25
MOST_MB = 60
SMS = {"From": "+15550000001", "To": "+15550000002", "Body": "hello"}
MAIL = {
    "personalizations": [{"to": [{"email": "ada@example.com"}]}],
    "from": {"email": "us@example.com"},
    "subject": "hello",
    "content": [{"type": "text/plain", "value": "hello"}],
}


def test_how_much_it_is(mocks: Environment, record_property: Callable[[str, object], None]) -> None:
    found, size = mocks.distributions(), mocks.megabytes()
    told = f"[mocks] alone: {len(found)} packages (at most {MOST_PACKAGES}), {size:.1f} MB (at most {MOST_MB})"
    record_property(MEASURED, told)
    assert len(found) <= MOST_PACKAGES, found
    assert size <= MOST_MB


def test_it_serves_both_vendors_and_tells_what_came(mocks: Environment, tmp_path: Path) -> None:
    account = "AC" + "a" * 32
    with served(mocks, tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        sms = client.post(f"/2010-04-01/Accounts/{account}/Messages.json", data=SMS, auth=(account, "b" * 32))
        assert sms.status_code == 201, sms.text
        mail = client.post("/v3/mail/send", json=MAIL, headers={"Authorization": "Bearer SG.a.b"})
        assert mail.status_code == 202, mail.text
        told = mocks.run("mock-providers", "calls", "type=called", "--url", url, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert {json.loads(line)["provider"] for line in told.stdout.splitlines()} == {"twilio", "sendgrid"}


def test_the_harness_says_which_extra_verifies(mocks: Environment, tmp_path: Path) -> None:
    done = mocks.run("harness", "verify", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr
    assert "pip install 'messaging-harness[attached]'" in done.stderr


def test_its_size_counts_what_is_there(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    (packages / "one-1.dist-info").mkdir(parents=True)
    (packages / "one.py").write_bytes(bytes(2_000_000))
    environment = Environment(tmp_path)
    assert (environment.megabytes(), environment.distributions()) == (2.0, ["one-1"])
