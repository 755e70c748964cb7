"""What a failing statement was about, and what the record says of it: pure, from histories made by hand."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from histories import CONTRACT, START, right

from harness.hindsight.failure import Compared, Failure, compares, parts, statement_at
from harness.hindsight.nearest import Nearest, nearest, unknown_status, word_of
from harness.hindsight.touched import holdings
from harness.history import Flow
from harness.history.facts import Facts
from harness.plugin.looking_back import mistaken
from harness.profile import Statuses

SENDING = ("api.requested", "database.inserted", "queue.appended", "queue.claimed", "api.answered")
"""What has happened when a slow worker has taken the entry."""


def failing(text: str, **names: Any) -> FrameType:
    """The frame of a statement that fails, in a file of its own."""
    filename = f"<statement {len(linecache.cache)}>"
    linecache.cache[filename] = (len(text), None, [f"{line}\n" for line in text.splitlines()], filename)
    taken: list[FrameType] = []
    code = compile(text, filename, "exec")
    try:
        exec(code, {"note": lambda: taken.append(sys._getframe(1)), **names})
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != filename:
            trace = trace.tb_next
        assert trace is not None
        return trace.tb_frame
    raise AssertionError("the statement was to fail")


def failure(text: str, *, compared: tuple[str, object, object] | None = None, message: str = "") -> Failure:
    frame = failing(f"{text}\nraise AssertionError")
    sides = None
    if compared is not None:
        op, left, right_ = compared
        sides = Compared(at=START + 1, known=0, op=op, left=left, right=right_)
    return Failure(test="t", frame=frame, line=1, message=message, at=START + 1, known=0, compared=sides)


def asked(said: Failure, *, then: Callable[[str], bool] = SENDING.__contains__) -> Nearest | None:
    """What is nearest to a statement, on a right flow of which the test saw the kinds that `then` names."""
    script = right()
    history = script.history
    flow = script.flow(history)
    seen = Flow([event for event in flow.events if then(event.kind)])
    return nearest(said, flow, facts=Facts(history), profile=CONTRACT, then=seen)


@pytest.mark.parametrize(
    ("text", "compared", "code"),
    [
        ("True or flow.now.status == 'sent'", ("==", "pending", "sent"), 'status("sent")'),
        ("True or 'sent' == flow.now.status", ("==", "sent", "pending"), 'status("sent")'),
        ("True or expected == flow.now.status", ("==", "sent", "pending"), 'status("sent")'),
        (
            "True or flow.now.status in ('sent', 'delivered')",
            ("in", "pending", ("sent", "delivered")),
            'status("sent")',
        ),
        ("True or row == {}", ("==", {"status": "pending"}, {"status": "sent"}), 'status("sent")'),
        ("True or flow.now.status == 'SENT'", ("==", "PENDING", "SENT"), 'status("sent")'),
        ("True or flow.now.status != 'pending'", ("!=", "pending", "pending"), 'status("sent")'),
        ("True or len(flow.now.calls) == 1", ("==", 0, 1), "provider_called(times=1)"),
        ("True or len(sentMails) == 1", ("==", 0, 1), "provider_called(times=1)"),
        ("True or twilio.calls", None, "provider_called()"),
        ("True or flow.now.acks", None, "acknowledged()"),
        ("True or client.xlen('s') == 1", ("==", 0, 1), "queued()"),
        ("True or queue_depth == 1", ("==", 0, 1), "queued()"),
        ("True or client.xlen('s') == 0", ("==", 1, 0), "acknowledged()"),
        ("True or row['sent_at'] is not None", ("is not", None, None), 'status("sent")'),
        ("True or flow.now.call is not None", ("is not", None, None), "provider_called()"),
        ("True or flow.now.calls != []", ("!=", [], []), "provider_called()"),
    ],
)
def test_the_expectation_is_the_one_that_the_statement_is_about(text: str, compared: Any, code: str) -> None:
    found = asked(failure(text, compared=compared))
    assert found is not None
    assert found.code == f".expect({code})"
    assert found.met


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("True or body == 'good bye'", ("==", "hello", "good bye")),
        ("True or answer.status_code == 202", ("==", 201, 202)),
        ("True or total == 12", ("==", 11, 12)),
        ("True or name", None),
        ("True or len(rows) == 1", ("==", 0, 1)),
        ("True or flow.now.status == 'snet'", ("==", "pending", "snet")),
        ("True or first.json() == second.json()", ("==", {"state": "pending"}, {"state": "sending"})),
    ],
)
def test_what_the_record_can_not_show_has_none(text: str, compared: Any) -> None:
    assert asked(failure(text, compared=compared)) is None


def test_a_look_that_came_too_late_wants_what_had_been() -> None:
    said = failure("True or flow.now.status == 'pending'", compared=("==", "sent", "pending"))
    found = asked(said, then=lambda _: True)
    assert found is not None
    assert (found.code, found.met) == ('.expect(status("pending"))', True)


def test_a_consumers_pending_list_is_about_the_claim() -> None:
    said = failure("True or consumer['pending'] == 1", compared=("==", 0, 1))
    found = asked(said, then=lambda kind: kind == "api.requested")
    assert found is not None
    assert found.code == ".expect(claimed())"


def test_what_was_not_to_be_is_told_as_such() -> None:
    found = asked(failure("True or len(calls) == 0", compared=("==", 1, 0)), then=lambda _: True)
    assert found is not None
    assert (found.none_of_it, found.code) == (True, ".expect_none(provider_called())")


def test_a_count_that_is_above_the_messages_own_is_of_others_too() -> None:
    found = asked(failure("True or len(calls) == 1", compared=("==", 3, 1)), then=lambda _: True)
    assert found is not None
    assert found.shared


def test_of_a_call_that_had_come_it_is_what_follows_that_was_missing() -> None:
    found = asked(failure("True or twilio.calls"), then=lambda kind: kind in (*SENDING, "provider.called"))
    assert found is not None
    assert found.code == '.expect(status("sent"))'


def test_words_in_the_message_count_where_nothing_was_compared() -> None:
    found = asked(failure("True or wait()", message="it wasn't sent within 3 s"))
    assert found is not None
    assert found.what == "'sent'"


def test_a_status_is_known_however_it_is_spelled() -> None:
    known = Statuses.model_validate({"sent": {"row": 2, "api": ["SENT", "ok"]}, "queued": {"row": 0, "api": "NEW"}})
    first = word_of("SENT", known)
    assert {word_of(one, known) for one in (2, "2", "SENT", "ok", "OK", "sent", "Sent")} == {first}
    assert word_of("NEW", known) == word_of(0, known) == word_of("pending", known) != first
    assert word_of("nonsense", known) == "nonsense"


def test_the_innermost_statement_of_a_line_is_found() -> None:
    text = "while (\n    a == 1\n):\n    b = 2\nwith x:\n    assert c == 3\n"
    linecache.cache["<lines>"] = (len(text), None, text.splitlines(keepends=True), "<lines>")
    assert compares("<lines>", 1)  # the loop's own line: its condition
    assert not compares("<lines>", 4)
    assert compares("<lines>", 6)
    text = "flow = send(); assert flow.sent\nif x: assert y\n"
    linecache.cache["<ends>"] = (len(text), None, text.splitlines(keepends=True), "<ends>")
    assert all(isinstance(statement_at("<ends>", line), ast.Assert) for line in (1, 2))
    assert statement_at("<lines>", 5) is None, "what opens a block looks at nothing"
    assert statement_at("<nowhere>", 1) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"a": ["b", {"c": 1}]}, ["a", "b", "c", 1]),
        (b"sent", ["sent"]),
        ((True, None, 2.5, "x"), [2.5, "x"]),
        (object(), []),
    ],
)
def test_a_values_words_and_numbers(value: object, found: list[object]) -> None:
    assert parts(value) == found


def test_parts_of_what_holds_itself_come_to_an_end() -> None:
    knot: list[object] = ["sent"]
    knot.append(knot)
    assert len(parts(knot)) <= 200


def test_a_word_that_is_no_status_is_told_as_such() -> None:
    said = failure("True or flow.now.status == 'snet'", compared=("==", "pending", "snet"))
    assert unknown_status(said, CONTRACT.statuses) == "snet"
    for text, compared in (
        ("True or flow.now.status == 'sent'", ("==", "pending", "sent")),
        ("True or flow.now.status != 'snet'", ("!=", "pending", "snet")),
        ("True or body == 'snet'", ("==", "hello", "snet")),
    ):
        assert not unknown_status(failure(text, compared=compared), CONTRACT.statuses)


def test_an_answer_that_is_old_is_not_what_was_wanted() -> None:
    said = failure("True or answer.json()['status'] == 'sent'", compared=("==", "pending", "sent"))
    found = asked(said, then=lambda _: True)
    assert found is not None
    assert found.code == '.expect(status("sent"))'


class Kept:
    def __init__(self, value: object) -> None:
        self.value = value


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ({"one": "ID"}, "one"),
        ({"row": {"id": "ID"}}, "row['id']"),
        ({"ids": ["other", "ID"]}, "ids[1]"),
        ({"self": Kept("ID")}, "self.value"),
        ({"self": Kept({"id": "ID"})}, "self.value['id']"),
        ({"@py_assert1": "ID", "rows": [{"id": "ID"}]}, "rows[0]['id']"),
        ({"a": "ID", "b": "ID"}, "b"),
    ],
)
def test_the_way_from_a_tests_names_to_an_id_is_found(local: dict[str, object], code: str) -> None:
    held = holdings(local, {"b"})
    assert next(one.code for one in held if one.value == "ID") == code


def test_what_holds_itself_is_looked_through_to_an_end() -> None:
    knot = Kept(None)
    knot.value = [knot, {"knot": knot}]
    assert len(holdings({"knot": knot}, set())) < 100


class Unwilling:
    """What raises whatever is asked of it."""

    @property
    def __class__(self) -> type:
        raise RuntimeError

    @__class__.setter
    def __class__(self, _: type) -> None:
        raise RuntimeError

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # reason: it refuses what others let be looked at
        raise RuntimeError


class Torn(dict[str, object]):
    def items(self) -> Any:
        raise RuntimeError


def test_what_refuses_to_be_looked_at_hides_nothing_else() -> None:
    held = holdings({"a": Unwilling(), "b": Torn(), "c": [Unwilling(), "ID"]}, set())
    assert next(one.code for one in held if type(one.value) is str) == "c[1]"


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (NameError("name 'flwo' is not defined"), True),
        (UnboundLocalError("x"), False),
        (AttributeError("'TrackedFlow' object has no attribute 'status'"), True),
        (AttributeError("'NoneType' object has no attribute 'at'"), False),
        (TypeError("'NoneType' object is not subscriptable"), False),
        (ModuleNotFoundError("No module named 'x'"), True),
        (KeyError("sent"), False),
        (RecursionError(), True),
        (TimeoutError(), False),
    ],
)
def test_a_mistake_in_the_tests_own_code_is_no_look(error: Exception, is_one: bool) -> None:
    assert mistaken(error) is is_one
