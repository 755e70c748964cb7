"""A record made by hand for the page: messages of three tests, one of which failed, with what hostile senders write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

SCRIPT = "</script><script>window.ran = 1</script>"
HOSTILE: Final = (
    SCRIPT,
    "<!--<script>",
    "<img src=x onerror='window.ran = 1'>",
    "\"quotes\" 'and' `ticks` ${window.ran = 1}",
    "nul \x00 and bell \x07",
    "right\u202eto left\u2066",
    "line\u2028break",
    "half \ud800 of a character",
    "long " + "x" * 100_000,
)
TESTS: Final = (("test_that_passes", "pass"), ("test_that_fails[<b>sms</b>]", "fail"), ("test_hostile", "pass"))
STEPS: Final = (
    ("api", "api.requested", {"operation": "send", "method": "POST", "path": "/send", "request": 0}),
    ("database", "database.inserted", {"old": None, "new": "pending", "by": "messaging-api"}),
    ("queue", "queue.appended", {"stream": "jobs", "process": "api-1", "entry": "entry:jobs/0"}),
    ("api", "api.answered", {"operation": "send", "status": 201, "message_status": "pending", "request": 0}),
    ("queue", "queue.claimed", {"stream": "jobs", "process": "worker-1", "entry": "entry:jobs/0"}),
    ("providers", "provider.called", {"provider": "twilio", "endpoint": "messages.create", "call": "0"}),
    ("providers", "provider.answered", {"provider": "twilio", "status": 201, "accepted": True, "call": "0"}),
    ("database", "database.status", {"old": "pending", "new": "sent", "by": "messaging-worker"}),
    ("log worker-1", "worker.log", {"process": "worker-1", "text": "sent", "level": "info"}),
    ("queue", "queue.acked", {"stream": "jobs", "process": "worker-1", "entry": "entry:jobs/0"}),
)


def id_of(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


class Record:
    """Lines of a history, and what its verdicts say."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.spans: list[list[int]] = []

    def add(self, source: str, kind: str, at: float, data: dict[str, Any], keys: list[str], name: str | None) -> None:
        seq = len(self.lines)
        line = {"seq": seq, "at": at, "seen": at - 1_000_000, "source": source, "kind": kind, "message_id": name}
        self.lines.append({**line, "data": data, "keys": keys})

    def message(self, number: int, *, body: str = "hello", lacks: str = "") -> None:
        name = id_of(number)
        for step, (source, kind, data) in enumerate(STEPS):
            if kind == lacks:
                continue
            more = {"text": body} if kind in ("provider.called", "worker.log") else {}
            told = {key: (number if value == 0 and key == "request" else value) for key, value in data.items()} | more
            keys = [f"message:{name}", f"token:#t{number}"]
            self.add(source, kind, 1_000_000 + number * 0.1 + step * 0.004, told, keys, name)


def write(place: Path, *, messages: int = 30) -> Path:
    """Writes a record of so many right messages, then some without a call, then hostile ones."""
    record = Record()
    about = {"format": 1, "made_by": "0", "profile": {"name": "made </title> {script}"}}
    record.add("deploy", "probe.started", 999_999.0, {"kinds": [], "record": about}, [], None)
    number = 0
    for name, _ in TESTS:
        begin = len(record.lines)
        bodies = HOSTILE if name == "test_hostile" else ["hello"] * (3 if "fails" in name else messages)
        for body in bodies:
            record.message(number, body=body, lacks="provider.called" if "fails" in name else "")
            number += 1
        record.spans.append([begin, len(record.lines)])
    place.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in record.lines)
    (place / "history.jsonl").write_text(text, encoding="utf-8")
    lines = [answer(record, *test, span) for test, span in zip(TESTS, record.spans, strict=True)]
    verdicts = {"verdict": "fail", "checks": lines, "stack": {}}
    (place / "verdicts.json").write_text(json.dumps(verdicts), encoding="utf-8")
    return place


def answer(record: Record, scenario: str, verdict: str, span: list[int]) -> dict[str, Any]:
    first = record.lines[span[0]]
    witness = {name: first[name] for name in ("seq", "at", "source", "kind")} | {"said": ""}
    words = {"name": "made", "claim": "c", "reason": f"because of {SCRIPT}", "check": "made", "elapsed_s": 0.0}
    return {**words, "scenario": scenario, "verdict": verdict, "witnesses": [witness], "after_s": 0.0, "span": span}
