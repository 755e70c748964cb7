"""What stands for the queue's probe where the queue isn't in Redis: it says that nothing of it can be seen."""

from __future__ import annotations

from harness.history import History
from harness.probes.entries import QUEUE
from harness.probes.probe import gap


class UnqueuedProbe:
    """Says once why there are no events of a queue, and what would show them."""

    name = "queue"

    def __init__(
        self,
        history: History,
        *,
        reason: str = 'the profile says that the queue isn\'t in Redis ([queue] kind = "none")',
        remedy: str = "[queue] kind, where it is in Redis after all",
        counted: bool = False,
    ) -> None:
        self._history = history
        self._reason = reason
        self._remedy = remedy
        self._kinds = QUEUE if counted else (*QUEUE, "queue.counted")

    async def start(self) -> None:
        """Records what can't be seen."""
        gap(self._history, self.name, self._reason, kinds=self._kinds, lasting=True, remedy=self._remedy)

    async def settle(self) -> None:
        """There is nothing to read."""

    async def stop(self) -> None:
        """There is nothing to stop."""
