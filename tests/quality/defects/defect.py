"""What a seeded defect is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.profile.base import Channel


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A seam of the reference stack replaced by `install`, in each process that runs it.

    `caught_by` is the check that must fail, `because` words that must stand in its reason. `channels` are those whose
    scenarios are run: one shows a defect of most seams as well as three, in half the time. `options` are more words
    for `harness verify`.
    """

    name: str
    caught_by: str
    because: str
    install: Callable[[], None]
    channels: tuple[Channel, ...] = ("sms",)
    options: tuple[str, ...] = ()
