"""What ends a run at once: a part that died under it."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

from harness.errors import PartDied
from harness.history import History

LOST_S = 4.0
"""Seconds for which a part that refuses connections is looked at again; after that it is dead."""
AGAIN_S = 0.2
CONNECTS_S = 1.0
PORTS = {"http": 80, "https": 443}


def died(history: History, part: str, why: str) -> None:
    """Records the death of a part and ends every wait with PartDied; `part` as a user calls it ("Redis", "the API")."""
    history.append("part.died", source="harness", data={"part": part, "reason": why})
    history.end(PartDied(f"{part} died under the run: {why}; what was recorded until then is kept"))


class Refused:
    """Tells a part that is dead from one that was away for a moment, by whether anybody listens at its address.

    For what nobody of ours starts or stops; one that is slow to answer isn't dead.
    """

    def __init__(self, history: History, part: str, *, url: str, within: float = LOST_S) -> None:
        where = urlsplit(url)
        self._history = history
        self._part = part
        self._place = where.hostname or "", where.port or PORTS.get(where.scheme, 0)
        self._within = within
        self._looking = threading.Lock()

    def __call__(self) -> None:
        """Returns as soon as somebody listens there again; where nobody does, raises PartDied, and the run ends."""
        with self._looking:  # others who were refused meanwhile are told the same
            deadline = time.monotonic() + self._within
            while (why := self._refusal()) and self._history.over is None:
                if time.monotonic() >= deadline:
                    died(
                        self._history, self._part, f"nobody has taken a connection there for {self._within:g} s ({why})"
                    )
                time.sleep(AGAIN_S)  # reason: a server that comes back tells nobody
        if self._history.over is not None:
            raise self._history.over

    def _refusal(self) -> str:
        try:
            socket.create_connection(self._place, timeout=CONNECTS_S).close()
        except TimeoutError:
            return ""
        except OSError as error:
            return str(error)
        return ""
