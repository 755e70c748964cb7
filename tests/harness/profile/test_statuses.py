"""The words of a message's way: several for one step, numbers, and other spellings in the row and in the API."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.profile import Profile, Statuses


def test_the_contracts_words_are_their_own() -> None:
    statuses = Statuses()
    assert statuses.order == ["pending", "sending", "retry", "sent", "delivered"]
    assert statuses.canonical("sent", where="row") == "sent"
    assert statuses.spellings == {"row": {}, "api": {}}


@pytest.mark.parametrize(
    ("said", "first", "row", "api"),
    [
        ("DONE", "DONE", {"DONE": "DONE"}, {"DONE": "DONE"}),
        (2, "2", {"2": "2"}, {"2": "2"}),
        (["DONE", "SENT"], "DONE", {"DONE": "DONE", "SENT": "DONE"}, {"DONE": "DONE", "SENT": "DONE"}),
        ({"row": 2, "api": "sent"}, "2", {"2": "2"}, {"sent": "2"}),
        ({"row": [2, 3], "api": ["sent", "out"]}, "2", {"2": "2", "3": "2"}, {"sent": "2", "out": "2"}),
        ({"api": "sent"}, "sent", {}, {"sent": "sent"}),
        ({"row": "done"}, "done", {"done": "done"}, {}),
    ],
)
def test_each_spelling_is_its_steps_first_word(said: Any, first: str, row: Any, api: Any) -> None:
    statuses = Statuses.model_validate({"sent": said})
    assert (statuses.sent, statuses.spellings["row"], statuses.spellings["api"]) == (first, row, api)
    for word in row:
        assert statuses.canonical(word, where="row") == first
    for word in api:
        assert statuses.canonical(word, where="api") == first
    assert statuses.canonical("something else", where="api") == "something else"


def test_a_number_may_mean_another_step_in_another_place() -> None:
    statuses = Statuses.model_validate({"queued": {"row": 0, "api": 1}, "sent": {"row": 1, "api": 2}})
    assert statuses.canonical("1", where="row") == statuses.sent == "1"
    assert statuses.canonical("1", where="api") == statuses.queued == "0"


def test_the_order_follows_from_the_words() -> None:
    statuses = Statuses.model_validate({"queued": ["NEW", "QUEUED"], "sent": "DONE"})
    assert statuses.order == ["NEW", "sending", "retry", "DONE", "delivered"]
    assert Statuses(order=["a", "b"], queued="a", sent="b").order == ["a", "b"], "where it is said, it is as said"


@pytest.mark.parametrize(
    ("step", "word"),
    [("pending", "0"), ("sent", "2"), ("SENT", "2"), ("delivered", "delivered"), ("2", "2"), ("odd", "odd")],
)
def test_a_scenario_may_name_a_step_by_any_spelling(step: str, word: str) -> None:
    statuses = Statuses.model_validate({"queued": {"row": 0, "api": "NEW"}, "sent": {"row": 2, "api": "SENT"}})
    assert statuses.word(step) == word
    assert {"0", "NEW", "2", "SENT"} <= statuses.known


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"sent": []}, "[] is no status"),
        ({"sent": ""}, "'' is no status"),
        ({"sent": True}, "True is no status"),
        ({"sent": [["x"]]}, "[['x']] is no status"),
        ({"sent": {}}, "it says nothing"),
        ({"sent": {"rwo": 1}}, "'rwo' is no place"),
        ({"sent": "x", "queued": "x"}, "'x' is named for two steps"),
        ({"sent": ["a", "x"], "failed": {"api": "x"}}, "'x' is named for two steps"),
    ],
)
def test_what_is_no_word(table: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as error:
        Statuses.model_validate(table)
    assert why in str(error.value)


def test_a_copy_keeps_the_spellings() -> None:
    profile = Profile.model_validate({"statuses": {"sent": ["a", "b"]}})
    copied = profile.model_copy(update={"name": "x"})
    assert copied.statuses.canonical("b", where="row") == "a"


def test_an_order_may_be_written_in_any_spelling_of_a_step() -> None:
    steps = {"queued": {"row": 1, "api": "accepted"}, "sent": {"row": 3, "api": "handed-over"}}
    statuses = Statuses.model_validate({**steps, "order": ["accepted", 2, "handed-over", "delivered"]})
    assert statuses.order == ["1", "2", "3", "delivered"]
    assert Statuses.model_validate({**steps, "order": [1, "accepted", 3]}).order == ["1", "accepted", "3"]
