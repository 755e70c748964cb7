"""What the stack's processes say to PostgreSQL, while somebody listens: statements, and the ends of transactions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from harness.history import History
from harness.probes.entries import Said

LONGEST = 300
"""Letters of a statement's shape that stand in the record."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """One statement that a process has run: `shape` is it without its values, `at` when it was asked (Unix seconds).

    `before` is the shape of the last statement of the transaction that it ends. `values` are the texts and bytes in
    which a message that it is about would be named: what was bound to it, and itself where nothing was.
    """

    process: str
    connection: int
    kind: str
    shape: str
    before: str
    at: float
    values: tuple[bytes, ...]
    text: str

    def names(self, words: Iterable[bytes]) -> bool:
        """Whether one of some words stands in it; a short one only as a value by itself."""
        said = self.text.encode()
        for word in words:
            if len(word) >= SHORT:
                if word in said or any(word in value for value in self.values):
                    return True
            elif word in self.values or re.search(rb"(?<![\w.])" + re.escape(word) + rb"(?![\w.])", said):
                return True
        return False


SHORT = 9
"""Letters below which a word may stand in another value by chance."""


class Statements:
    """Takes what the wire tells of statements; each is an event, and kept for who listens."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.heard: list[Stated] = []
        self.unheard: dict[str, str] = {}
        """Why what a process says can't be read, by its name."""

    def take(self, said: Said) -> None:
        process = said["process"]
        match said["what"]:
            case "stated":
                stated = Stated(
                    process=process,
                    connection=said["connection"],
                    kind=said["kind"],
                    shape=said["shape"],
                    before=said["before"],
                    at=said["asked"],
                    values=tuple(bytes.fromhex(value) for value in said["values"]),
                    text=said["text"],
                )
                self.heard.append(stated)
                data = {"process": process, "statement": stated.shape[:LONGEST], "tags": said["tags"]}
                data |= {"error": said["error"]} if said["error"] else {}
                self._history.append("statement.done", source="wire", at=said["at"], data=data)
            case "ended":
                data = {"process": process, "how": said["how"], "statements": said["statements"]}
                self._history.append("transaction.ended", source="wire", at=said["at"], data=data)
            case "unheard":
                self.unheard[process] = said["reason"]

    def forget(self) -> None:
        self.heard.clear()


def words_for(name: str) -> list[bytes]:
    """The forms in which a statement may name an id: its text, a UUID's or a number's bytes."""
    words = [name.encode()]
    try:
        known = uuid.UUID(name)
    except ValueError:
        pass
    else:
        words += [known.bytes, known.hex.encode(), str(known).encode()]
    if name.isdecimal():
        words += [int(name).to_bytes(size, "big") for size in (4, 8) if int(name) < 1 << (8 * size - 1)]
    return words
