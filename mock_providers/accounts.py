"""What every vendor's account has: a name that is no secret, a source of ids, and a clock."""

from __future__ import annotations

import time
from random import Random


class Account:
    """One tenant; nothing in it is shared with another."""

    provider: str

    def __init__(self, name: str, *, seed: int | None = None, clock_offset_s: float = 0.0) -> None:
        self.name = name
        self.rng = Random(seed) if seed is not None else Random()  # noqa: S311  # reason: ids of a mock, not secrets
        # events come when they come: their ids must not change which ones the next messages get
        self.event_rng = Random(seed)  # noqa: S311  # reason: as above
        self.clock_offset_s = clock_offset_s

    def reset(self) -> None:
        """Forgets what the account did; who it is and how it behaves stay."""
        raise NotImplementedError

    def now(self) -> float:
        """Unix seconds by this account's clock."""
        return time.time() + self.clock_offset_s

    def sid(self, prefix: str) -> str:
        """A new id in Twilio's form: two letters and 32 hexadecimal digits."""
        return f"{prefix}{self.rng.getrandbits(128):032x}"
