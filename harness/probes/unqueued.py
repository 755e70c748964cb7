"""What stands for the queue's probe where the queue isn't in Redis: it says that nothing of it can be seen."""

from __future__ import annotations

from harness.history import History
from harness.probes.entries import QUEUE
from harness.probes.probe import gap


class UnqueuedProbe:
    """Says once why there are no events of a queue."""

    name = "queue"

    def __init__(self, history: History) -> None:
        self._history = history

    async def start(self) -> None:
        """Records what can't be seen."""
        reason = 'the profile says that the queue isn\'t in Redis ([queue] kind = "none")'
        remedy = "[queue] kind, where it is in Redis after all"
        gap(self._history, self.name, reason, kinds=[*QUEUE, "queue.counted"], lasting=True, remedy=remedy)

    async def settle(self) -> None:
        """There is nothing to read."""

    async def stop(self) -> None:
        """There is nothing to stop."""
