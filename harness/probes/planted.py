"""Entries that we put on the stack's queue ourselves: each carries a token by which it is told from the stack's."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

MARK: Final = "harness-poison-"
TOKEN: Final = re.compile(re.escape(MARK) + "[0-9a-f]{12}")


def new_token() -> str:
    return MARK + secrets.token_hex(6)


class Planted:
    """Knows them again by their token, and what is said of them later by the id that Redis gave, or that they name."""

    def __init__(self) -> None:
        self._by_entry: dict[tuple[str, str], str] = {}
        self._by_name: dict[str, str] = {}
        self._given: dict[tuple[str, str], str] = {}

    def token(
        self, said: Mapping[str, Any], *, names: Callable[[Mapping[str, str]], str | None] = lambda _: None
    ) -> str | None:
        """The token of what is spoken of; None where it is none of ours. `names` reads an entry's message.

        A dead letter is one of ours, too, where it carries what ours carried, or says which entry it was; so is what
        names no message, put on a stream by a process that was given one of ours there.
        """
        entry, fields = (said["stream"], said["id"]), said.get("fields") or {}
        who = (said["stream"], str(said.get("process")))
        found = self._by_entry.get(entry) or self._within(fields)
        # who waits for entries may be given one before the answer to its append is seen
        if found is None and fields and said["what"] in ("appended", "claimed") and names(fields) is None:
            found = self._given.get(who)
        if found is None:
            return None
        if said["what"] == "claimed":
            self._given[who] = found
        if entry not in self._by_entry:
            self._by_entry[entry] = found
            self._by_name[said["id"]] = found
            if (message := names(fields)) is not None:
                self._by_name[message] = found
        return found

    def _within(self, fields: Mapping[str, str]) -> str | None:
        for text in (text for pair in fields.items() for text in pair):
            if (match := TOKEN.search(text)) is not None:
                return match[0]
        if not self._by_name:
            return None
        return next((token for text in fields.values() for name, token in self._by_name.items() if name in text), None)
