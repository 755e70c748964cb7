"""Whom the scripts of an account's mails will suppress, in the order of time, whether or not anybody looks."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from mock_providers.sendgrid.state.mail import Mail, Recipient

SUPPRESSING = frozenset(("bounce", "blocked", "spamreport", "unsubscribe"))
"""The steps that put a recipient on a list."""

MOST_DUE = 250_000
"""Steps that are waited for; what is beyond them happens when somebody looks at the mail."""


class Due:
    """The steps that have yet to come, each with its mail."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Mail, Recipient]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, mail: Mail, recipient: Recipient) -> None:
        """Draws the recipient's plan, and waits for its steps that suppress."""
        mail.draw(recipient)
        for step in recipient.plan:
            if step.status in SUPPRESSING and len(self._waiting) < MOST_DUE:
                self._count += 1  # mails have no order of their own
                heappush(self._waiting, (step.at, self._count, mail, recipient))

    def until(self, now: float) -> Iterator[tuple[Mail, Recipient]]:
        """Takes out what is due."""
        while self._waiting and self._waiting[0][0] <= now:
            _, _, mail, recipient = heappop(self._waiting)
            yield mail, recipient
