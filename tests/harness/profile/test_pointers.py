"""Where in an answer an id or a status stands: JSON pointers, headers and patterns."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from harness.profile.pointers import LONGEST, Where, found, pointed, spelled

WHERE: TypeAdapter[Any] = TypeAdapter(Where)
ANSWER = {"data": {"id": 7, "a/b": "slash", "m~n": "tilde", "": "empty"}, "list": [{"id": "first"}, "second"]}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/data/id", 7),
        ("/data/a~1b", "slash"),
        ("/data/m~0n", "tilde"),
        ("/data/", "empty"),
        ("/list/0/id", "first"),
        ("/list/1", "second"),
        ("/list/2", None),
        ("/list/-1", None),
        ("/list/²", None),
        ("/list/99999999999999999999", None),
        ("/data/id/deeper", None),
        ("/nowhere", None),
        ("", ANSWER),
    ],
)
def test_a_pointer_leads_there_or_nowhere(pointer: str, value: Any) -> None:
    assert pointed(ANSWER, pointer) == value


@pytest.mark.parametrize(
    ("where", "word"),
    [
        ("/id", "12"),
        ("/name", "m1"),
        ("/yes", None),
        ("/none", None),
        ("/empty", None),
        ("/table", None),
        ("/half", "0.5"),
        ({"header": "Location", "match": "[^/]+$"}, "m-9"),
        ({"header": "location"}, "/messages/m-9"),
        ({"header": "Location", "match": "messages/([^/]+)"}, "m-9"),
        ({"header": "X-None"}, None),
        ({"match": '"name": "([^"]*)"'}, "m1"),
        ({"match": "no such"}, None),
        ("", None),
    ],
)
def test_the_word_at_a_place(where: Any, word: str | None) -> None:
    text = json.dumps({"id": 12, "name": "m1", "yes": True, "none": None, "empty": "", "table": {}, "half": 0.5})
    headers = httpx.Headers({"Location": "/messages/m-9"})
    assert found(WHERE.validate_python(where), text=text, headers=headers) == word


@pytest.mark.parametrize("text", ["", "no JSON", "[" * 100_000, "null", "7"])
def test_an_answer_that_is_none_has_no_word(text: str) -> None:
    assert found("/id", text=text, headers={}) is None


def test_a_plain_text_is_an_id() -> None:
    assert found(WHERE.validate_python({"match": r"\S+"}), text="  m1\n", headers={}) == "m1"


def test_a_pattern_is_looked_for_in_a_bounded_text() -> None:
    assert found(WHERE.validate_python({"match": "end"}), text="x" * LONGEST + "end", headers={}) is None


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("id", 'a JSON pointer begins with "/": write "/id"'),
        ({"match": "("}, "this is no regular expression"),
        ({"heder": "x"}, "Extra inputs"),
        (7, "valid string"),
    ],
)
def test_what_is_no_place(where: Any, why: str) -> None:
    with pytest.raises(ValidationError) as error:
        WHERE.validate_python(where)
    assert why in str(error.value)


def test_places_are_spelled_as_people_read_them() -> None:
    assert spelled("/a/b") == "/a/b"
    assert spelled("") == "nowhere"
    assert spelled(WHERE.validate_python({"header": "L", "match": "x"})) == "header L by 'x'"
