"""Killed under load and started again: what was answered is in the journal; `JOURNAL_ROUNDS=200` for many kills."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import httpx
from journals import ROUNDS
from tenants import SendGridTenant, ServerProcess, TwilioTenant, make_sendgrid, make_twilio, start_server

CLIENTS = 4
LONG = "long " * 20_000
"""More than an entry holds."""


class Load:
    """Clients that call until the server is killed, which it is after so many answers; what was answered is kept."""

    def __init__(self, server: ServerProcess, sms: TwilioTenant, mail: SendGridTenant, *, kill_after: int, name: str):
        self._server, self._sms, self._mail = server, sms, mail
        self._left = kill_after
        self._name = name
        self._lock = threading.Lock()
        self.answered: list[str] = []

    def run(self) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(self._call, n) for n in range(CLIENTS)]:
                done.result()
        self._server.kill()

    def _call(self, client: int) -> None:
        with httpx.Client(base_url=self._server.url, timeout=20) as http:
            sms = TwilioTenant(http, self._sms.sid, self._sms.token)
            mail = SendGridTenant(http, self._mail.name, self._mail.key)
            for n in range(10_000):
                text = f"{self._name}-{client}-{n}"
                try:
                    if n % 7 == 3:
                        mail.send(subject=text, content=[{"type": "text/plain", "value": f"{text} {LONG}"}])
                    else:
                        sms.send(Body=text)
                except httpx.TransportError:
                    return
                with self._lock:
                    self.answered.append(text)
                    self._left -= 1
                    if self._left == 0:
                        self._server.process.kill()
        raise AssertionError("the server was never killed")


def test_what_was_answered_outlasts_a_kill(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    config = tmp_path / "mocks.toml"
    config.write_text("[server]\nsegment_bytes = 60_000\n")
    rng = Random(13)
    server = start_server("--config", str(config), journal=journal)
    with httpx.Client(base_url=server.url) as http:
        sms, mail = make_twilio(http), make_sendgrid(http)
    answered: list[str] = []
    after = torn = 0
    seen: dict[str, str] = {}
    for kill in range(ROUNDS or 6):
        load = Load(server, sms, mail, kill_after=rng.randint(1, 60), name=str(kill))
        load.run()
        answered += load.answered
        server = start_server("--config", str(config), journal=journal)
        with httpx.Client(base_url=server.url) as http:
            entries = all_entries(http, after)
            called = {entry["call"]: entry for entry in entries if entry["type"] == "called"}
            done = {entry["call"] for entry in entries if entry["type"] == "answered"}
            texts = {said(http, entry): call for call, entry in called.items()}
            for text in load.answered:
                assert text in texts, f"kill {kill}: {text} was answered and isn't in the journal"
                assert texts[text] in done, f"kill {kill}: the answer to {text} isn't in the journal"
                seen[text] = text
            health = http.get("/_mock/health").json()
            record = health["journal"]
            assert not any(record[name] for name in ("damaged", "missing", "duplicates", "disordered", "conflicting"))
            torn += len(record["notes"])
            after = health["seq"]
    assert server.stop() == 0
    files = [journal, *(path for path in tmp_path.glob("journal.jsonl.*") if path.suffix[1:].isdigit())]
    lines = [line for path in files for line in path.read_bytes().splitlines()]
    numbers = [json.loads(line)["seq"] for line in lines if b'"seq":' in line]
    assert len(numbers) == len(set(numbers))
    assert set(answered) == set(seen)
    assert len(list(tmp_path.glob("journal.jsonl.torn-*"))) == torn


def all_entries(http: httpx.Client, after: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    while True:
        page = http.get("/_mock/calls", params={"after": after}).json()
        found += page["entries"]
        if page["next"] is None:
            return found
        after = page["next"]


def said(http: httpx.Client, entry: dict[str, object]) -> str:
    """The text of a call; of a mail, which is long, as its body says it, that must be whole."""
    if entry["provider"] == "twilio":
        return str(entry["text"])
    body = http.get(f"/_mock/calls/{entry['call']}/body").json()
    subject = body["subject"]
    assert body["content"][0]["value"] == f"{subject} {LONG}"
    return str(subject)
