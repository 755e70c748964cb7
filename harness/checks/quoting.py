"""Two texts that should be one, so that a reader sees where they differ: however long they are, or alike they look."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

LONGEST: Final = 160
"""Characters of a text that are shown whole."""
AROUND: Final = 24
"""Characters that are shown before and behind the place at which two long texts part."""


def apart(given: str, wanted: str) -> tuple[str, str]:
    """Both texts in quotes; of long ones what stands around the first difference, with their lengths."""
    place = parting(given, wanted)
    spell = ascii if alike(given, wanted) else repr
    return _shown(given, place, spell), _shown(wanted, place, spell)


def parting(given: str, wanted: str) -> int:
    """The place of the first character in which two texts differ."""
    pairs = zip(given, wanted, strict=False)
    shorter = min(len(given), len(wanted))
    return next((place for place, (one, other) in enumerate(pairs) if one != other), shorter)


def alike(given: str, wanted: str) -> bool:
    """Whether two texts that differ may look the same to a reader."""
    return unicodedata.normalize("NFKC", given) == unicodedata.normalize("NFKC", wanted)


def _shown(text: str, place: int, spell: Callable[[str], str]) -> str:
    if len(text) <= LONGEST:
        return spell(text)
    begin, end = max(0, place - AROUND), place + AROUND
    dots = "…" if begin else ""
    return f"{dots}{spell(text[begin:end])}{'…' if end < len(text) else ''} ({len(text)} characters)"
