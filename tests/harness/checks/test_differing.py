"""How a part that is shown differs from what was sent: by its kind, with both told."""

from __future__ import annotations

from typing import Any

import pytest

from harness.checks.differing import differs, person, rehosted, url_of, urls

A, B = "https://a/1.png", "https://a/2.png"


@pytest.mark.parametrize(
    ("part", "given", "wanted", "same"),
    [
        ("body", "x", "x", True),
        ("body", "x", "y", False),
        ("body", "", None, True),
        ("body", [], {}, True),
        ("body", None, "y", False),
        ("to", "+1 (206) 555-0100", "+12065550100", True),
        ("to", "+442065550100", "+12065550100", True),
        ("to", "+12065550101", "+12065550100", False),
        ("from", "Ann <A@B.c>", "a@b.C", True),
        ("from", "ann@b.d", "ann@b.c", False),
        ("reply_to", '"Ann" <a@b.c>', "Ann <a@b.c>", True),
        ("reply_to", "Bob <a@b.c>", "Ann <a@b.c>", False),
        ("metadata", {"a": 1, "more": 2}, {"a": 1}, True),
        ("metadata", {"a": 2}, {"a": 1}, False),
        ("metadata", "a", {"a": 1}, False),
        ("attachments", [A, B], [A, B], True),
        ("attachments", [{"id": 1, "url": A}], [A], True),
        ("attachments", [B, A], [A, B], False),
        ("attachments", A, [A], False),
        ("files", [{"name": "ä.png"}], ["ä.png"], True),
        ("files", [{"name": "ä.png"}, {"name": "b"}], ["ä.png"], False),
        ("files", [{"name": "b"}], ["ä.png"], False),
        ("files", {"ä.png": 1, "b": 2}, ["ä.png"], True),
        ("files", {"b": 2}, ["ä.png"], False),
    ],
)
def test_a_part_is_compared_by_its_kind(part: str, given: Any, wanted: Any, same: bool) -> None:
    told = differs(part, given, wanted)
    assert (told == "") is same
    assert same or part in told


@pytest.mark.parametrize(
    ("part", "given", "wanted", "told"),
    [
        ("body", "x", "y", "the API shows its body as 'x', expected 'y'"),
        ("body", 5, "y", "the API shows its body as 5, expected 'y'"),
        ("body", "x", 5, "the API shows its body as 'x', expected 5"),
        ("body", None, "y", "the API doesn't show its body, expected 'y'"),
        ("metadata", {"a": "b" * 300}, {"a": 1}, f"the API shows its metadata as { {'a': 'b' * 300}!s:.200}, expected"),
    ],
)
def test_both_are_told(part: str, given: Any, wanted: Any, told: str) -> None:
    assert differs(part, given, wanted).startswith(told)


def test_the_urls_of_a_list_or_of_tables() -> None:
    assert urls([A, {"url": B, "type": "png"}], [A, B]) == [A, B]
    assert urls("a", [A]) is None
    assert url_of({"id": "x", "url": A}, [A]) == A
    assert url_of({"url": "elsewhere", "id": "x"}, [A]) == "elsewhere", "the first where none is known"
    assert url_of({}, [A]) == ""


@pytest.mark.parametrize(
    ("given", "same"),
    [(["c", "d"], True), (["c"], False), ([A, "d"], False), ([A, B], True), (None, False), ("c", False)],
)
def test_media_that_came_in_may_be_kept_elsewhere_all_of_them(given: Any, same: bool) -> None:
    assert (rehosted(given, (A, B)) == "") is same


def test_whom_an_address_names() -> None:
    assert (person("Ann B. <Ann@B.c>"), person("ann@b.c")) == ("ann@b.c", "ann@b.c")
    assert person("+1 (206) 555-0100") == person("2065550100") != person("2065550101")
