"""A run in which secrets are planted everywhere: none is in any file that it leaves, nor in the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLANTED = "pl4nted" + os.urandom(6).hex()
MARKER = "the-marker-that-must-be-there"
SCENARIO = f'''
"""A scenario that leaks whatever it can get hold of."""
import os
from urllib.parse import urlsplit

import pytest

from harness.checks import worker_processed
from harness.scenario.messages import mms, sms

pytestmark = pytest.mark.check("leaks")
PLANTED = os.environ["PLANTED"]


def test_everything_leaks(stack):
    where = stack.driver.addresses
    with open(os.environ["KNOWN"], "w") as file:
        file.write(urlsplit(where.database).password)
    url = f"https://user:{{PLANTED}}@example.com/a.png?token={{PLANTED}}&x={MARKER}"
    flow = stack.send(mms(attachments=[url]))
    stack.finished(flow)
    stack.api_client.request("GET", f"/api/v1/messages/?access_token={{PLANTED}}", operation="list")
    stack.api_client.request("GET", "/health", operation="health", headers={{"Authorization": f"Bearer {{PLANTED}}"}})
    print("Authorization: Basic", PLANTED, "{MARKER}")
    print(where.database, where.redis)
    said = f"{MARKER} {{where.database}} password={{PLANTED}} " + '{{"api_key": "' + PLANTED + '"}}'
    raise AssertionError(said)


@pytest.mark.parametrize("dsn", [f"redis://:{{PLANTED}}@host:1/{MARKER}"])
def test_parameters_leak(stack, dsn):
    sent = sms(body="in time")
    stack.judge(worker_processed(stack.history, stack.finished(stack.send(sent)), stack.profile, message=sent))
'''

pytestmark = [pytest.mark.xdist_group("allure"), pytest.mark.unmeasured]


@dataclass(frozen=True)
class Leaky:
    """What the run left, and the secrets that it knew."""

    build: Path
    secrets: tuple[str, ...]

    def files(self) -> Iterator[tuple[Path, str]]:
        for path in sorted(self.build.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Leaky:
    place = tmp_path_factory.mktemp("leaky")
    suite = place / "suite"
    suite.mkdir()
    (suite / "test_leaks.py").write_text(SCENARIO, encoding="utf-8")
    build, known = place / "build", place / "known"
    environment = os.environ | {"PLANTED": PLANTED, "KNOWN": str(known)}
    command = [sys.executable, "-m", "harness"]
    place_of = ["--build", str(build / "verify")]
    options = [
        "--scenarios",
        str(suite),
        "--stack-env",
        f"EXTRA_API_KEY={PLANTED}",
        "--profile",
        str(ROOT / "harness.toml"),
    ]
    for words, code in ((["verify", *place_of, *options], 1), (["report", *place_of], 0)):
        done = subprocess.run(
            [*command, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert PLANTED not in done.stdout + done.stderr
    return Leaky(build, (PLANTED, known.read_text(encoding="utf-8")))


def test_no_secret_is_in_any_file(leaky: Leaky) -> None:
    assert all(len(secret) >= 12 for secret in leaky.secrets)
    found = [path.relative_to(leaky.build) for path, text in leaky.files() if any(s in text for s in leaky.secrets)]
    assert not found


def test_what_was_said_around_them_is_there(leaky: Leaky) -> None:
    """Else the test above would pass on an empty directory."""
    holding = {path.relative_to(leaky.build).parts[0] for path, text in leaky.files() if MARKER in text}
    assert holding == {"verify", "allure-results", "allure-report", "allure-history.jsonl"}
    names = {path.name for path, text in leaky.files() if MARKER in text and path.parent.name == "verify"}
    assert {"history.jsonl", "verdicts.json", "junit.xml", "summary.md"} <= names


def test_headers_of_provider_calls_are_shown_without_credentials(leaky: Leaky) -> None:
    results = leaky.build / "allure-results"
    calls = [
        (results / attached["source"]).read_text(encoding="utf-8")
        for path in results.glob("*-result.json")
        for step in json.loads(path.read_text(encoding="utf-8"))["steps"]
        for attached in step.get("attachments", ())
        if attached["name"] == "provider calls"
    ]
    assert calls
    assert all("POST /2010-04-01/Accounts/" in text for text in calls)
    assert all("authorization: " in text.lower() and "Basic " not in text for text in calls)
