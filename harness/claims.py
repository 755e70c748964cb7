"""What a profile claims of its stack: what it doesn't claim isn't asked."""

from __future__ import annotations

from collections.abc import Iterable

from harness.messages import CHANNELS
from harness.profile import Profile


def not_asked(profile: Profile, needs: Iterable[str]) -> str | None:
    """Why a scenario that needs this isn't asked of such a stack; None where it is."""
    denied = [need for need in needs if need in CHANNELS and need not in profile.queue.streams]
    return f"the profile claims {' and '.join(f'no {need}' for need in denied)}" if denied else None
