"""Which table of a database looks like the messages', and what its columns mean: by names, types and constraints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from harness.discovery.draft import Draft
from harness.discovery.words import BODY, DIRECTION, ID, PROVIDER_ID, STATUS, first, is_between, step_of

Row = dict[str, Any]
Say = Callable[[str], None]
TEXTS: Final = re.compile(r"text|char|clob|citext|json", re.IGNORECASE)
STRANGE: Final = re.compile(
    r"alembic_version|django_|schema_migrations|_prisma_|knex_|flyway|auth_|user|session|celery_|kombu_|sqlite_|"
    r"_events?$|_log$|_history$|outbox$|idempoten|migrations$"
)
"""Tables that are rarely the messages'."""
NAMED: Final = re.compile(r"messag|notif|sms|text|mail|outbox_message|deliver|communication")
LITERAL: Final = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column; `words` are the values that its type or a constraint lets it have."""

    name: str
    type: str
    key: bool = False
    words: tuple[str, ...] = ()
    default: str | None = None
    """The word, or number, that a row has at first."""

    @property
    def texts(self) -> bool:
        return TEXTS.search(self.type) is not None or not self.type


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table as a profile names it."""

    name: str
    columns: tuple[Column, ...]
    kind: str = "table"
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The distinct values of the status' column, where they were asked for."""

    def column(self, name: str) -> Column | None:
        return next((one for one in self.columns if one.name == name), None)

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def id(self) -> str | None:
        """The column of its key, where that is one column; else what is called so."""
        keys = [column.name for column in self.columns if column.key]
        return keys[0] if len(keys) == 1 else first(self.names, ID)

    @property
    def status(self) -> str | None:
        return first(self.names, STATUS)

    @property
    def body(self) -> str | None:
        return first([column.name for column in self.columns if column.texts], BODY)

    @property
    def provider_id(self) -> str | None:
        return first(self.names, PROVIDER_ID)


class Asked(Protocol):
    """A database that is asked what it holds, by statements that change nothing."""

    def tables(self) -> list[Table]:
        """The tables, those first that anybody would look at."""

    def distinct(self, table: Table, column: str) -> tuple[str, ...]:
        """The values of a column, of so many rows as can be looked at quickly."""

    def find(self, table: Table, token: str, ids: Sequence[str]) -> Row | None:
        """The row whose key is one of `ids`, or in which a token stands."""

    def close(self) -> None:
        """Hangs up."""


def score(table: Table) -> int:
    """How much a table looks like the messages'."""
    name = table.name.rpartition(".")[2].lower()
    return (
        3 * (table.status is not None)
        + 2 * (table.body is not None)
        + 2 * (table.provider_id is not None)
        + 2 * bool(NAMED.search(name))
        + (table.id is not None)
        + any(first([one], ("to", "recipient", "phone", "to_address", "email")) for one in table.names)
        - 4 * bool(STRANGE.search(name))
        - (table.kind != "table")
    )


def likeliest(tables: Sequence[Table]) -> list[Table]:
    """The tables that may be the messages', the likeliest first."""
    return sorted((table for table in tables if score(table) > 2), key=score, reverse=True)


def look(asked: Asked, draft: Draft, *, say: Say, what: str) -> list[Table]:
    """Puts into the draft which table looks like the messages'; returns those that may be, the likeliest first."""
    tables = asked.tables()
    names = ", ".join(table.name for table in tables[:8])
    say(f"the database has {len(tables)} table{'s' * (len(tables) != 1)}: {names or 'none yet'}")
    found = likeliest(tables)
    if not found or found[0].status is None or found[0].id is None:
        draft.ask(("database", "table"), "messages", "the table of messages; none of the tables looks like it")
        return found
    put(draft, found[0], what=what)
    status = found[0].column(found[0].status)
    if status is not None and status.default:
        word = int(status.default) if status.default.isdecimal() else status.default
        draft.put(("statuses", "queued"), word, f"{what}: the default of {found[0].name}.{status.name}")
    words = words_of(asked, found[0])
    if words:
        say(f"table {found[0].name} may say {', '.join(words[:12])} in {found[0].status}")
        put_words(draft, words, f"{what}: what {found[0].name}.{found[0].status} may be")
    return found


def put(draft: Draft, table: Table, *, what: str) -> None:
    why = f"{what}: table {table.name} has {', '.join(table.names[:10])}"
    draft.put(("database", "table"), table.name, why)
    columns = {
        "id": table.id,
        "status": table.status,
        "direction": direction(table),
        "provider_id": table.provider_id,
        "body": table.body,
    }
    known = {name: column or "" for name, column in columns.items() if column or name not in ("id", "status")}
    draft.put(("database", "columns"), known, why)


def direction(table: Table) -> str | None:
    """The column that says outbound or inbound, where its words may be so."""
    name = first(table.names, DIRECTION[:1])
    column = table.column(name) if name else None
    return name if column and (not column.words or {"outbound", "inbound"} & set(column.words)) else None


def words_of(asked: Asked, table: Table) -> tuple[str, ...]:
    """The words of a status: those that it may be, else those that stand there now."""
    column = table.column(table.status or "")
    if column is None:
        return ()
    return column.words or asked.distinct(table, column.name)


def put_words(draft: Draft, words: Sequence[str], why: str) -> None:
    """Notes which word is which step, as far as names tell."""
    spoken: dict[str, str] = {}
    for word in words:
        step = step_of(word)
        if step is not None:
            spoken.setdefault(step, word)
    for step, word in spoken.items():
        draft.put(("statuses", step), word, why, "guess")
    between = [word for word in words if is_between(word)]
    if "queued" in spoken and "sent" in spoken and (set(between) - {"sending", "retry"}):
        order = [spoken["queued"], *between, spoken["sent"], *([spoken["delivered"]] if "delivered" in spoken else [])]
        draft.put(("statuses", "order"), order, why, "guess")
        draft.put(("statuses", "cycles"), [between] if len(between) > 1 else [], why, "guess")
    for word in words:
        if step_of(word) is None and word not in between:
            draft.ask(("statuses", "order"), list(words), f"{word!r} may be a status, too: from first to last")
            break


def constant(expression: str | None) -> str | None:
    """The word or number of a column's default; None for one that is computed."""
    found = re.fullmatch(r"\(?(?:'((?:[^']|'')*)'|(\d{1,9}))\)?(?:::[\w\s.\"]+)?", (expression or "").strip())
    if found is None:
        return None
    return found[1].replace("''", "'") if found[1] is not None else found[2]


def literals(clause: str, column: str) -> tuple[str, ...]:
    """The words that a CHECK lets a column have."""
    if not re.search(rf"\b{re.escape(column)}\b", clause):
        return ()
    return tuple(dict.fromkeys(word.replace("''", "'") for word in LITERAL.findall(clause)))
