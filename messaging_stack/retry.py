"""When a failed attempt is repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass

from messaging_stack.errors import DeliveryError, TransientDeliveryError


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with full jitter, but never sooner than the provider asked for."""

    base_s: float
    max_s: float

    def delay_s(self, error: DeliveryError, *, retry_count: int, max_retries: int) -> float | None:
        """Seconds until the next attempt, or None when there shall be none."""
        if not isinstance(error, TransientDeliveryError) or retry_count >= max_retries:
            return None
        # reason for the exponent's bound: beyond it the result is max_s anyway, and the float would overflow
        backoff = min(self.max_s, self.base_s * 2.0 ** min(retry_count, 60))
        jittered = random.uniform(0.0, backoff)  # noqa: S311  # reason: jitter isn't a secret
        return max(jittered, error.retry_after_s or 0.0)
