"""By what a statement is told to be about a message: its text, its recipient, its ids in whatever form."""

from __future__ import annotations

import uuid

import pytest

from harness.history import History
from harness.probes.statements import Stated, Statements, words_for

ID = "11111111-2222-4333-8444-555555555555"


def stated(text: str, *values: bytes) -> Stated:
    return Stated(process="api-1", connection=1, kind="update", shape=text, before="", at=1.0, values=values, text=text)


@pytest.mark.parametrize(
    ("name", "statement", "names"),
    [
        (ID, stated("SELECT 1", uuid.UUID(ID).bytes), True),
        (ID, stated("SELECT 1", b"\0\0\0\1" + uuid.UUID(ID).bytes), True),  # in an array
        (ID, stated(f"UPDATE m SET a = 1 WHERE id = '{ID}'"), True),
        (ID, stated("SELECT 1", ID.replace("-", "").encode()), True),
        (ID, stated("SELECT 1", uuid.uuid4().bytes), False),
        ("17", stated("SELECT 1", b"17"), True),
        ("17", stated("SELECT 1", (17).to_bytes(4, "big")), True),
        ("17", stated("SELECT 1", (17).to_bytes(8, "big")), True),
        ("17", stated("UPDATE m SET a = 1 WHERE id = 17"), True),
        ("17", stated("UPDATE m SET a = 117 WHERE id = 170"), False),
        ("17", stated("SELECT 1", b"170"), False),
        ("+12065550100", stated("SELECT 1", b'{"to": "+12065550100"}'), True),
    ],
)
def test_a_statement_names_a_message_or_doesnt(name: str, statement: Stated, names: bool) -> None:
    assert statement.names(words_for(name)) is names


def test_what_is_told_is_an_event_and_kept() -> None:
    history = History()
    statements = Statements(history)
    said = {"process": "api-1", "connection": 3, "kind": "insert", "shape": "INSERT INTO m VALUES (?)", "before": ""}
    said |= {
        "values": [b"x".hex()],
        "rows": "",
        "tags": ["INSERT 0 1"],
        "error": "",
        "text": "INSERT INTO m VALUES ($1)",
    }
    statements.take({"what": "stated", "asked": 1.0, "at": 2.0, **said})
    statements.take({"what": "ended", "process": "api-1", "how": "committed", "statements": 1, "at": 2.0})
    statements.take({"what": "unheard", "process": "worker-1", "reason": "it is encrypted", "at": 2.0})
    assert [one.values for one in statements.heard] == [(b"x",)]
    assert statements.unheard == {"worker-1": "it is encrypted"}
    kinds = [(event.kind, event.data.get("statement"), event.data.get("how")) for event in history.events()]
    assert kinds == [
        ("statement.done", "INSERT INTO m VALUES (?)", None),
        ("transaction.ended", None, "committed"),
    ]
