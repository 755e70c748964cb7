"""Smart encoding: typographic characters become the plain ones that fit GSM-7."""

from __future__ import annotations

_PLAIN = str.maketrans(
    dict.fromkeys("\u00ab\u00bb\u201c\u201d\u201e\u2033", '"')
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " ")
    | dict.fromkeys("\u200b\ufeff", "")
    | {"\u2026": "...", "\u2022": "*", "\u00d7": "x", "\u2190": "<", "\u2192": ">"}
)


def plain(text: str) -> str:
    """The text with its typographic characters replaced."""
    return text.translate(_PLAIN)
