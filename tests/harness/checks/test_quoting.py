"""How two texts are told that should be one."""

from __future__ import annotations

import pytest

from harness.checks.quoting import AROUND, LONGEST, apart, parting


@pytest.mark.parametrize(
    ("given", "wanted", "place"),
    [("abc", "abd", 2), ("abc", "abc ", 3), ("", "a", 0), ("a", "", 0), (" a", "a", 0), ("same", "same", 4)],
)
def test_texts_part_where_the_first_character_differs(given: str, wanted: str, place: int) -> None:
    assert parting(given, wanted) == parting(wanted, given) == place


@pytest.mark.parametrize(
    ("given", "wanted", "shown"),
    [
        ("a", "a ", ("'a'", "'a '")),
        ("\u00e9", "e\u0301", ("'\\xe9'", "'e\\u0301'")),
        ("a\u200bb", "ab", ("'a\\u200bb'", "'ab'")),
        ("\u00e9", "\u00e8", ("'\u00e9'", "'\u00e8'")),
    ],
)
def test_what_looks_alike_is_spelled(given: str, wanted: str, shown: tuple[str, str]) -> None:
    assert apart(given, wanted) == shown


def test_of_long_texts_the_place_is_shown_at_which_they_part() -> None:
    one, other = apart("x" * 1000, "x" * 500 + "y" * 500)
    assert one == f"…{'x' * 2 * AROUND!r}… (1000 characters)"
    assert other == f"…{'x' * AROUND + 'y' * AROUND!r}… (1000 characters)"
    assert apart("x" * (LONGEST + 1), "")[0] == f"{'x' * AROUND!r}… ({LONGEST + 1} characters)"
    assert apart("x" * LONGEST, "x")[0] == repr("x" * LONGEST)
