"""Globs in linear time: what somebody sends as a pattern is never made into one that backtracks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

LONGEST = 256
"""Characters of a pattern; a longer one is refused where it is given, and otherwise fits only itself."""
LOOKED_AT = 10_000
"""Characters of a text that is held against wildcards; no address and no name is that long."""


def fits(pattern: str, text: str) -> bool:
    """Whether all of a text is the pattern: `*` is any characters, `?` any one, `[a-z]` and `[!a-z]` one of a kind.

    Upper and lower case differ. The time grows with the text as it does with the pattern.
    """
    if pattern == text:
        return True
    if len(pattern) > LONGEST or len(text) > LOOKED_AT:
        return False
    parts = _parts(pattern)
    (first, width), (last, width_of_last) = parts[0], parts[-1]
    if len(parts) == 1:
        return len(text) == width and first.match(text) is not None
    end = len(text) - width_of_last
    if end < width or first.match(text) is None or last.match(text, end) is None:
        return False
    at = width
    for part, _ in parts[1:-1]:
        # the first place is as good as any: it leaves the most room for those to come
        found = part.search(text, at, end)
        if found is None:
            return False
        at = found.end()
    return True


def in_order(parts: Sequence[str], text: str) -> bool:
    """Whether a text is these parts, one after the other, with anything between them: SQL's LIKE, cut at its `%`."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return text == first
    end = len(text) - len(last)
    if end < len(first) or not text.startswith(first) or not text.endswith(last):
        return False
    at = len(first)
    for part in parts[1:-1]:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=512)
def _parts(pattern: str) -> list[tuple[re.Pattern[str], int]]:
    """What stands between the asterisks, each of a fixed width (with that width): nothing in it can backtrack."""
    parts: list[list[str]] = [[]]
    for one in _places(pattern):
        if one == "*":
            parts.append([])
        else:
            parts[-1].append(one)
    if len(parts) > 2:
        parts[1:-1] = [part for part in parts[1:-1] if part]
    return [(re.compile("".join(part), re.DOTALL), len(part)) for part in parts]


def _places(pattern: str) -> Iterator[str]:
    """A regular expression of one character for each place of a glob; `*` for its asterisks."""
    at = 0
    while at < len(pattern):
        one = pattern[at]
        at += 1
        if one == "[":
            # a bracket that comes at once is one of the kind
            end = pattern.find("]", at + 2 if pattern[at : at + 1] == "!" else at + 1)
            if end > 0:
                yield _kind(pattern[at:end])
                at = end + 1
                continue
        yield one if one == "*" else "." if one == "?" else re.escape(one)


def _kind(given: str) -> str:
    """One character of those between the brackets."""
    negated = given.startswith("!")
    left = given[1:] if negated else given
    kinds = ""
    while left:
        low, high = left[0], left[2] if len(left) > 2 and left[1] == "-" else left[0]
        left = left[3:] if len(left) > 2 and left[1] == "-" else left[1:]
        if low <= high:
            kinds += f"{re.escape(low)}-{re.escape(high)}"
    if not kinds:
        return "." if negated else "(?!.)."
    return f"[{'^' if negated else ''}{kinds}]"
