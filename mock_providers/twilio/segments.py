"""How many segments a text takes, as a handset's network counts them.

GSM 03.38: 160 septets in one segment, 153 each when split, and the extension characters take two.
Anything else makes it UCS-2: 70 UTF-16 units in one, 67 each when split. A character of two units is
never torn between segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "^{}\\[~]|€\f"

_GSM = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*")
_EXTENDED = re.compile(f"[{re.escape(_EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(slots=True)  # not frozen: that makes one thrice as slow to make, and each send makes one
class Segments:
    """A text's encoding, its length in that encoding's units, and how many segments it takes."""

    encoding: str
    units: int
    count: int


def count_segments(text: str) -> Segments:
    """The segments of a text; an empty one takes one."""
    if _GSM.fullmatch(text):
        return _split("GSM-7", text, wide=_EXTENDED, single=160, part=153)
    return _split("UCS-2", text, wide=_ASTRAL, single=70, part=67)


def _split(encoding: str, text: str, *, wide: re.Pattern[str], single: int, part: int) -> Segments:
    doubled = [match.start() for match in wide.finditer(text)] if wide.search(text) else []
    units = len(text) + len(doubled)
    if units <= single:
        return Segments(encoding, units, 1)
    # A wide character that would straddle a boundary starts the next segment, and leaves one unit unused.
    unused = 0
    for nth, position in enumerate(doubled):
        if (position + nth + unused) % part == part - 1:
            unused += 1
    return Segments(encoding, units, -(-(units + unused) // part))
