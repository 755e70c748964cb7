"""The text of profiles: the reference stack's with what it claims, and with lines of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.quality.right.variation import Variation

CLAIMS = """
[claims]
channels = ["sms", "mms", "email"]
webhooks = true
signatures = true
delivery_reports = true
conversations = true
idempotency = true
key_conflicts = true
validation = true
lists = true
mail_attachments = true
retries = true
dead_letters = true
redelivery = {redelivery}
takeover = {redelivery}
several_workers = true
"""


def reference(
    name: str,
    *more: str,
    finish: str | None = "ack-delete",
    queue: str = "",
    claims: bool = True,
    redelivery: bool = True,
    count: int = 1,
    api: str | None = None,
    worker: str | None = None,
    worker_env: str = "",
    names_worker: bool = True,
) -> str:
    """A profile of the reference stack whose processes run with the seams of the variation `name` replaced.

    `api` and `worker` are other command lines (JSON arrays) for the processes, `queue` and `more` further lines.
    """
    python = '"{python}", "-m"'
    lines = [
        f'name = "{name}"',
        f'migrate = [{python}, "tests.quality.right.process", "{name}", "migrate"]',
        "[processes.api]",
        f"command = {api or own(name, 'api')}",
        *(
            ["[processes.worker]", f"command = {worker or own(name, 'worker')}", f"count = {count}"]
            if names_worker
            else []
        ),
        *([f"env = {{ {worker_env} }}"] if worker_env else []),
        "[queue]",
        *([f'finish = "{finish}"'] if finish else []),
        *([queue] if queue else []),
        *more,
    ]
    return "\n".join(lines) + (CLAIMS.format(redelivery=str(redelivery).lower()) if claims else "") + "\n"


def ours(name: str, what: str, *more: str, stack: Mapping[str, Any] | None = None, **rest: Any) -> Variation:
    """A variation of the reference stack; `more` and `stack` are words for `reference`, `rest` for `Variation`."""
    return Variation(name=name, what=what, profile=reference(name, *more, **(stack or {})), **rest)


def own(name: str, role: str) -> str:
    """The command of a process with the seams of a variation replaced."""
    return f'["{{python}}", "-m", "tests.quality.right.process", "{name}", "{role}"]'


def beside(name: str, role: str, *others: str) -> str:
    """The command of a parent that starts the process, and others (`module arg …`) beside it."""
    words = ["{python}", "-m", "tests.quality.right.parent", f"tests.quality.right.process {name} {role}", *others]
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
