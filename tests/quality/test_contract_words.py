"""Scenarios, checks and users ask through the profile: no path, word, number or name of one contract stands in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.profile import Profile

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("scenarios", "harness/checks", "harness/exploration", "harness/scenario", "loadtests")
CONTRACT = Profile()
PATHS = {
    *(CONTRACT.send.path, CONTRACT.look.path, CONTRACT.listing.path, CONTRACT.conversations.path),
    *(CONTRACT.conversations.messages, CONTRACT.webhooks.sms.path, CONTRACT.webhooks.email.path, CONTRACT.api.ready),
}
NAMES = {
    *CONTRACT.queue.streams.values(),
    *(CONTRACT.queue.dead, CONTRACT.queue.message_id, CONTRACT.database.columns.provider_id, CONTRACT.send.idempotency),
}
STATUSES = {*CONTRACT.statuses.order, CONTRACT.statuses.failed, CONTRACT.statuses.inbound}
OURS = {
    "harness/checks/__init__.py": "names of functions",
    "harness/checks/accounting.py": "fates, in the account's words",
    "harness/checks/api_views.py": "names of times, as [look] times has them",
    "harness/checks/fates.py": "fates, and a counter of Redis",
    "harness/checks/queue_operations.py": "a counter of Redis",
    "harness/checks/rest.py": "what a provider says in a report",
    "harness/checks/worker_processed.py": "a reason's word",
    "harness/exploration/able.py": "what a provider is to report",
    "harness/exploration/rich.py": "what a provider is to report",
    "harness/scenario/outage.py": "what a provider is to report",
    "harness/scenario/stack.py": "a counter of Redis",
    "scenarios/test_crash_points.py": "what a provider is to report",
    "scenarios/test_readme.py": "steps, as the README writes them",
    "scenarios/test_api_promises.py": "what a provider is to report, and the name of a time",
    "scenarios/test_delivery_reports.py": "what a provider is to report",
    "scenarios/test_signatures.py": "what a provider is to report",
}
"""Where a word that is also a status of the contract stands for something else."""
MESSAGE_ID = {
    "scenarios/test_delivery_reports.py": "the Message-ID that the mocks answer with",
    "scenarios/test_webhooks.py": "the Message-ID that the mocks answer with",
}
CODES = {
    "harness/checks/api_promises.py": "4xx and 5xx, whichever",
    "harness/checks/as_sent.py": "429, which HTTP itself has",
    "harness/checks/lacking.py": "what a provider answers",
    "harness/checks/webhooks.py": "what HTTP itself says of a path, and of who asks",
    "harness/exploration/rich.py": "what a provider is to answer",
    "harness/scenario/alphabet.py": "lengths of texts",
    "harness/scenario/client.py": "redirects, as HTTP has them",
    "harness/scenario/expectations.py": "4xx, whichever, and 429",
    "harness/scenario/lists.py": "a page was had, and how many are read",
    "harness/scenario/messages.py": "area codes of telephone numbers",
    "harness/scenario/providers.py": "what the mocks answer",
    "harness/scenario/replies.py": "a page was had",
    "harness/scenario/stack.py": "5xx, whichever",
    "harness/scenario/tracked.py": "characters",
    "loadtests/users.py": "an entry that Redis took counts as an answer that says yes",
    "scenarios/test_provider_failures.py": "what a provider is to answer",
    "scenarios/test_webhooks.py": "4xx, whichever",
}
"""Where a number from 200 to 599 is none of the contract's."""


def files() -> list[Path]:
    return [file for folder in FOLDERS for file in sorted((ROOT / folder).glob("*.py"))]


def constants(file: Path) -> Iterator[tuple[int, object]]:
    """The texts and numbers of a module, without its docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs:
            yield node.lineno, node.value


def wrong(file: Path) -> Iterator[str]:
    name = file.relative_to(ROOT).as_posix()
    for line, value in constants(file):
        where = f"{name}:{line}: {value!r}"
        if isinstance(value, str):
            if value in PATHS or "/api/" in value or "message_queue" in value.replace("message_queued", ""):
                yield f"{where} is a path or a queue of the contract's; ask the profile"
            elif value in NAMES and not (value == "message_id" and allowed_id(name)):
                yield f"{where} is a name of the contract's; ask the profile"
            elif value in STATUSES and name not in OURS:
                yield f"{where} is a status of the contract's; write profile.statuses.…"
        elif type(value) is int and 200 <= value < 600 and name not in CODES:
            yield f"{where} may be a code of the contract's; [send] accepted or [webhooks.sms] refuses say it"


def allowed_id(name: str) -> bool:
    """A keyword of ours, `message_id`, names an event's message in every room below the scenarios."""
    return not name.startswith("scenarios/") or name in MESSAGE_ID


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_nothing_of_one_contract_stands_there(file: Path) -> None:
    assert list(wrong(file)) == []


@pytest.mark.parametrize(
    "text",
    [
        'stack.api_client.request("GET", "/api/v1/messages/", operation="list")',
        'assert look("message_queue:sms")',
        'assert status == "received"',
        'row["provider_message_id"]',
        "assert answer == 201",
    ],
)
def test_what_stands_there_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    file = tmp_path / "scenario.py"
    file.write_text(f'"""It says sent at /api/v1."""\n{text}\n', encoding="utf-8")
    assert len(list(wrong(file))) == 1


@pytest.mark.parametrize("excuses", [OURS, CODES, MESSAGE_ID])
def test_no_excuse_is_idle(excuses: dict[str, str]) -> None:
    """An excuse that nothing needs would hide what comes next."""
    idle = []
    for name in excuses:
        values = [value for _, value in constants(ROOT / name)]
        words = STATUSES if excuses is OURS else {"message_id"}
        numbers = any(type(value) is int and 200 <= value < 600 for value in values)
        needed = numbers if excuses is CODES else any(value in words for value in values if isinstance(value, str))
        idle += [] if needed else [name]
    assert idle == []
