"""Globs in linear time: what somebody sends as a pattern is compared place by place, and made into no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

LONGEST = 256
"""Characters of a pattern; a longer one is refused where it is given, and otherwise fits only itself."""
LOOKED_AT = 2000
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
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return len(text) == first.width and first.stands(text, 0)
    end = len(text) - last.width
    if end < first.width or not first.stands(text, 0) or not last.stands(text, end):
        return False
    at = first.width
    for part in parts[1:-1]:
        # the first place is as good as any: it leaves the most room for those to come
        at = part.after(text, at, end)
        if at < 0:
            return False
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


class Kind(NamedTuple):
    """One character of those between two brackets: of a range, or (negated) of none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def has(self, one: str) -> bool:
        return any(low <= one <= high for low, high in self.ranges) is not self.negated


Place = str | Kind | None
"""What may stand at one place: a character, one of a kind, or (None) any."""


class _Part:
    """What stands between two asterisks: as many characters as it has places, so that nothing is tried twice."""

    __slots__ = ("_places", "_plain", "width")

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._plain = "".join(one for one in places if isinstance(one, str))
        self.width = len(places)

    def stands(self, text: str, at: int) -> bool:
        """Whether it stands at a place of a text."""
        if len(self._plain) == self.width:
            return text.startswith(self._plain, at)
        there = text[at : at + self.width]
        return len(there) == self.width and all(map(_is, self._places, there))

    def after(self, text: str, at: int, end: int) -> int:
        """Where its first occurrence between two places of a text is over; -1 if there is none."""
        if len(self._plain) == self.width:
            found = text.find(self._plain, at, end)
        else:
            found = next((one for one in range(at, end - self.width + 1) if self.stands(text, one)), -1)
        return found if found < 0 else found + self.width


def _is(place: Place, one: str) -> bool:
    return place is None or (place == one if isinstance(place, str) else place.has(one))


@lru_cache(maxsize=512)
def _parts(pattern: str) -> list[_Part]:
    """What stands between the asterisks; the first and the last may be empty."""
    parts: list[list[Place]] = [[]]
    for one in _places(pattern):
        if one == "*":
            parts.append([])
        else:
            parts[-1].append(one)
    if len(parts) > 2:
        parts[1:-1] = [part for part in parts[1:-1] if part]
    return [_Part(part) for part in parts]


def _places(pattern: str) -> Iterator[Place]:
    """What each place of a glob asks for; `*` for its asterisks."""
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
        yield None if one == "?" else one


def _kind(given: str) -> Kind:
    negated = given.startswith("!")
    left = given[1:] if negated else given
    ranges: list[tuple[str, str]] = []
    while left:
        is_range = len(left) > 2 and left[1] == "-"
        ranges.append((left[0], left[2] if is_range else left[0]))
        left = left[3:] if is_range else left[1:]
    return Kind(tuple(ranges), negated)
