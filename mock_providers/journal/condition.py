"""What is wrong with a journal, counted and told: nothing that was recorded goes missing without a word."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger("mock_providers")
"""Without a handler of its own a warning goes to standard error."""

_NOTES = 50
_PLACES = 20


@dataclass(slots=True, kw_only=True)
class Condition:
    """What was found when a journal was opened, and what has come to it since."""

    file: str | None = None
    """The journal's name; None where the record is in memory alone."""
    damaged: int = 0
    """Lines that are no records (any more)."""
    missing: int = 0
    """Numbers between the first and the last of which there is no entry."""
    duplicates: int = 0
    """Entries that are there once more."""
    disordered: int = 0
    """Entries that stand behind later ones; they are shown in their place."""
    conflicting: int = 0
    """Entries with the number of another one; they stay in the file, and can't be shown."""
    bodies: int = 0
    """Long bodies that aren't as long as they were."""
    places: list[dict[str, Any]] = field(default_factory=list)
    """Where the first of the damaged and conflicting records stand: file, byte, length."""
    notes: list[str] = field(default_factory=list)
    """What was done or left undone, in sentences."""

    @property
    def whole(self) -> bool:
        return not (self.notes or any(self._counts().values()))

    def note(self, sentence: str) -> None:
        """Tells something, once."""
        if sentence in self.notes:
            return
        if len(self.notes) == _NOTES:
            del self.notes[1]
        self.notes.append(sentence)
        log.warning("mock-providers: %s", sentence)

    def place(self, file: str, at: int, size: int) -> None:
        if len(self.places) < _PLACES:
            self.places.append({"file": file, "byte": at, "bytes": size})

    def tell(self) -> None:
        """Tells what was counted."""
        words = {
            "damaged": "damaged and can't be read",
            "missing": "missing from the numbering",
            "duplicates": "there twice (shown once)",
            "disordered": "out of order (shown in their place)",
            "conflicting": "of a number that another has (not shown)",
        }
        counts = self._counts()
        counted = [f"{counts[name]} {said}" for name, said in words.items() if counts[name]]
        if counted:
            first = "; the first stands in {file} at byte {byte}".format(**self.places[0]) if self.places else ""
            log.warning("mock-providers: journal %s has records that are %s%s", self.file, ", ".join(counted), first)

    def bodies_are_cut(self, count: int) -> None:
        """Tells of long bodies that aren't as long as they were."""
        self.bodies = count
        if count:
            self.note(f"{count} of the long bodies beside the journal {self.file} are cut")

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, **self._counts(), "places": self.places, "notes": self.notes}

    def _counts(self) -> dict[str, int]:
        return {
            "damaged": self.damaged,
            "missing": self.missing,
            "duplicates": self.duplicates,
            "disordered": self.disordered,
            "conflicting": self.conflicting,
            "bodies": self.bodies,
        }
