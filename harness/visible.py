"""Characters that act on a terminal, or hide or turn around what is read, as what can be seen: an escape of its number.

The mocks and the harness stand alone, so each has this file, and a test holds them to be the same.
"""

from __future__ import annotations

import re

# What begins a terminal's commands (C0 but tab and line feed, DEL, C1), what has no other form than this (halves of
# characters), marks that turn the direction, spaces without width, breaks of lines that aren't \n, and tags. The two
# joiners are letters' own: they stay between letters of a script that has them, and in emoji.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]|(?<![^\x00-\x7f])[\u200c\u200d]"
)


def visible(text: str) -> str:
    """The text as a terminal, a page or a file may have it: every character in it can be seen, and is only that."""
    return text if text.isascii() and text.isprintable() else _ACTING.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
