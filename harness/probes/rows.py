"""What the trigger wrote down, turned into events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from harness.history import History, key
from harness.probes.connection import APPLICATION
from harness.probes.probe import by_token, gap

AT_ONCE = 500
"""So many rows are recorded before others in our loop have their turn."""

Row = Mapping[str, Any]


class Rows:
    """Records transitions in the order in which they happened; all rows of a transaction come in one batch."""

    def __init__(self, history: History, source: str, *, inbound: str) -> None:
        self._history = history
        self._source = source
        self._inbound = inbound
        """The status with which the row of a reply begins."""
        self._replies: set[str] = set()
        self._known: set[str] = set()

    async def record(self, rows: Sequence[Row]) -> None:
        deleted: dict[tuple[str, str], Row] = {}
        missed: dict[str, None] = {}
        for number, row in enumerate(rows, start=1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            place = (row["tx"], row["message_id"])
            match row["op"]:
                case _ if row["by"] == APPLICATION:
                    pass  # what the harness writes for itself is not the stack's doing
                case "DELETE":
                    deleted[place] = row
                case "INSERT" if place in deleted:
                    # a row that moves to another partition, or is replaced, is one row that changed
                    self._moved({**row, "old": deleted.pop(place)["old"]})
                case "INSERT":
                    self._append("database.inserted", row)
                case "UPDATE":
                    self._moved(row)
                case "TRUNCATE":
                    missed["rows were truncated: what became of their messages can't be seen"] = None
                case "MISSED":
                    missed[f"the trigger could not record a change: {row['new']}"] = None
        for row in deleted.values():
            self._deleted(row)
        for reason in missed:
            gap(self._history, self._source, reason)

    def _moved(self, row: Row) -> None:
        if row["old"] != row["new"] or row["provider_id"]:
            self._append("database.status", row)

    def _append(self, kind: str, row: Row) -> None:
        data = {"sequence": row["sequence"], "old": row["old"], "new": row["new"], "by": row["by"]}
        data |= {name: row[name] for name in ("direction", "provider_id") if row[name]}
        at = row["committed"]
        if at is None:
            at, data["until"] = row["at"], row["read"]
        keys = []
        if kind == "database.inserted" and row["new"] == self._inbound:
            self._replies.add(row["message_id"])
        if row["provider_id"]:
            keys.append(key("provider", row["provider_id"]))
        if row["token"]:
            reply = row["direction"] == "inbound" or row["message_id"] in self._replies
            keys.append(by_token(self._history, row["token"], reply=reply))
        self._known.add(row["message_id"])
        self._history.append(kind, source=self._source, at=at, message_id=row["message_id"], data=data, keys=keys)

    def _deleted(self, row: Row) -> None:
        """Of a message that the record knows: its status can't move any more, which proves nothing about the stack."""
        message_id = row["message_id"]
        if message_id not in self._known:
            return  # old rows are cleared away; no question is asked about them
        data = {
            "reason": f"row {message_id} was deleted when its status was {row['old']!r}",
            "kinds": ["database.status"],
            "message_id": message_id,
            "by": row["by"],
        }
        self._history.append("probe.gap", source=self._source, at=row["at"], message_id=message_id, data=data)
