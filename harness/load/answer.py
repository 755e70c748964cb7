"""What a send came to, as a generating process tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from harness.history.flow import SUCCESS

TOO_MANY: Final = 429
SHOWN: Final = 200
"""Characters that are kept of an answer by which a message wasn't taken."""


class Answer(NamedTuple):
    """What a send came to; `reference` is the message's id or its queue entry, `status` None where no answer came."""

    status: int | None
    reference: str | None = None
    error: str | None = None
    accepted: bool | None = None
    """Whether the stack took the message; None: as the status says, every 2xx."""
    word: str | None = None
    """The message's status, in the answer's own word."""
    text: str | None = None
    """The beginning of an answer by which it wasn't taken."""

    @property
    def good(self) -> bool:
        """Whether the message was taken."""
        return self.status in SUCCESS if self.accepted is None else self.accepted

    @property
    def put_off(self) -> bool:
        """Whether a rate limiter asked to come again later: that says nothing of the message."""
        return self.status == TOO_MANY and not self.good


class Sent(NamedTuple):
    """A send as it is told to the harness; times in Unix seconds.

    `own` are the seconds for which its start was late by the generator itself, which was kept from running, or had a
    user who did nothing; a start that waited since every user waited for the stack is late by the stack. `kept` are the
    seconds for which the answer may have waited to be read.
    """

    number: int
    began: float
    answered: float
    own: float
    kept: float
    answer: Answer

    def row(self) -> list[Any]:
        return [*self[:5], *self.answer]

    @classmethod
    def of(cls, row: Sequence[Any]) -> Sent:
        number, began, answered, own, kept, *told = row
        return cls(number, began, answered, own, kept, Answer(*told))
