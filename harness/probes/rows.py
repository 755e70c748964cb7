"""What the trigger wrote down, turned into events."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from harness.history import History, key
from harness.probes.connection import APPLICATION
from harness.probes.probe import by_token, gap
from harness.profile import Statuses

AT_ONCE = 500
"""So many rows are recorded before others in our loop have their turn."""

Row = Mapping[str, Any]


class Rows:
    """Records transitions in the order in which they happened; all rows of a transaction come in one batch."""

    def __init__(
        self, history: History, source: str, *, statuses: Statuses, incoming: Collection[str] = ("inbound",)
    ) -> None:
        self._history = history
        self._source = source
        self._statuses = statuses
        self._incoming = frozenset(incoming)
        self._replies: set[str] = set()
        self._places: dict[str, dict[str, str | None]] = {}
        """The tables in which a message's row stands, and its status there, as far as this run knows."""
        self._known: set[str] = set()

    async def record(self, rows: Sequence[Row]) -> None:
        deleted: dict[tuple[str, str], Row] = {}
        missed: dict[str, None] = {}
        for number, row in enumerate(rows, start=1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            match row["op"]:
                case _ if row["by"] == APPLICATION:
                    pass  # what the harness writes for itself is not the stack's doing
                case "DELETE":
                    self._left(row, deleted)
                case "INSERT":
                    self._came(row, deleted)
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

    def _left(self, row: Row, deleted: dict[tuple[str, str], Row]) -> None:
        elsewhere = self._elsewhere(row)
        self._places[row["message_id"]] = elsewhere
        if not elsewhere:  # else it moved, and stands in another table
            deleted[row["tx"], row["message_id"]] = row

    def _came(self, row: Row, deleted: dict[tuple[str, str], Row]) -> None:
        before = deleted.pop((row["tx"], row["message_id"]), None)
        elsewhere = self._elsewhere(row)
        if before is not None:
            # a row that moves to another partition or table, or is replaced, is one row that changed
            self._moved({**row, "old": before["old"]})
        elif elsewhere:
            self._moved({**row, "old": next(iter(elsewhere.values()))})
        else:
            self._append("database.inserted", row)

    def _elsewhere(self, row: Row) -> dict[str, str | None]:
        """The status of a message's row in other tables than this."""
        places = self._places.get(row["message_id"], {})
        return {place: status for place, status in places.items() if place != row["place"]}

    def _moved(self, row: Row) -> None:
        if row["old"] != row["new"] or row["provider_id"]:
            self._append("database.status", row)
        else:
            self._stands(row)

    def _stands(self, row: Row) -> None:
        self._places.setdefault(row["message_id"], {})[row["place"]] = row["new"]

    def _word(self, status: str | None) -> str | None:
        """A status in the one word that checks compare."""
        return None if status is None else self._statuses.canonical(status, where="row")

    def _append(self, kind: str, row: Row) -> None:
        self._stands(row)
        old, new = self._word(row["old"]), self._word(row["new"])
        data = {"sequence": row["sequence"], "old": old, "new": new, **({"by": row["by"]} if row["by"] else {})}
        came_in = str(row["direction"]) in self._incoming
        data |= {"provider_id": row["provider_id"]} if row["provider_id"] else {}
        # a number for a direction may be 0
        if row["direction"] not in (None, ""):
            data |= {"direction": "inbound" if came_in else "outbound", "said": str(row["direction"])}
        at = row["committed"]
        if at is None:
            at, data["until"] = row["at"], row["read"]
        keys = []
        if kind == "database.inserted" and new == self._statuses.inbound:
            self._replies.add(row["message_id"])
        if row["provider_id"]:
            keys.append(key("provider", row["provider_id"]))
        if row["token"]:
            reply = came_in or row["message_id"] in self._replies
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
        }
        data |= {"by": row["by"]} if row["by"] else {}
        self._history.append("probe.gap", source=self._source, at=row["at"], message_id=message_id, data=data)
