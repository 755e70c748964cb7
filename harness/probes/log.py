"""The workers' own words: each line of their output is an event, tied to the message that it names."""

from __future__ import annotations

import json

from harness.history import History
from harness.probes.probe import UUID

LONGEST = 2000


def record_line(history: History, *, process: str, line: str) -> None:
    """Appends one line of output; a JSON line gives its message id and its event text, plain text is searched."""
    text, message_id, level = line[:LONGEST], None, None
    if line.startswith("{"):
        try:
            said = json.loads(line)
        except ValueError:
            said = {}
        if isinstance(said, dict):
            message_id = said.get("message_id")
            text = str(said.get("event") or said.get("message") or text)
            level = said.get("level")
    if isinstance(message_id, int) and not isinstance(message_id, bool):
        message_id = str(message_id)  # as everywhere else in the record
    if not isinstance(message_id, str):
        found = UUID.search(line)
        message_id = found.group() if found else None
    data = {"process": process, "text": text} | ({"level": level} if level else {})
    history.append("worker.log", source=f"log {process}", message_id=message_id, data=data)
