"""Where a message's row stands, and what its columns are called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harness.profile.base import Absent, KeyWrong, Section, one_or_more
from harness.profile.statuses import Named


def is_sqlite(url: object) -> bool:
    """Whether a URL names a SQLite file, in SQLAlchemy's spelling (`sqlite+aiosqlite:///…` too)."""
    return isinstance(url, str) and url.partition(":")[0].partition("+")[0].lower() == "sqlite"


class Columns(Section):
    """What the columns are called; a name is taken as it is, then as SQL reads it, then in lower case."""

    id: str = "id"
    """The message's id, of any one type."""
    status: str = "status"
    """The status: text, an enum, a number."""
    direction: Absent = "direction"
    """Whether the message goes out or came in; `""`: there is none."""
    provider_id: Absent = "provider_message_id"
    """The provider's id; `""`: there is none."""
    body: Absent = "body"
    """The text; `""`: there is none."""


class Database(Section):
    """Where a message's row stands.

    A name is taken as it is (`Message`), then as SQL reads it (`app."Message"`), then in lower case.
    """

    kind: Literal["postgres", "sqlite", "none"] = "postgres"
    """`sqlite`: a file; what we deploy gets its path as `DATABASE_PATH` and `DATABASE_URL`. `none`: another database,
    or none; its rows aren't seen, and the API is asked instead. Where `url` says it, this needn't."""
    url: str | None = None
    """PostgreSQL 13 or later, itself and no pooler (attached only); or `sqlite:///relative.db`, from where the harness
    is started, or `sqlite:////absolute.db`: of a stack that we deploy, too, where it has a file of its own."""
    table: str = "messages"
    """The table of messages, or a view of the `rows`."""
    rows: Annotated[list[str], BeforeValidator(one_or_more)] = []
    """The table in which the rows stand, where `table` is a view of it; or several, where rows move from one to
    another. `columns` are called so in each of them."""
    columns: Columns = Columns()
    incoming: Annotated[list[Named], BeforeValidator(one_or_more), Field(min_length=1)] = ["inbound"]
    """What the column of the direction says of a message that came in: a word, a number, or several."""
    observe: Literal["auto", "trigger", "api", "none"] = "auto"
    """`trigger`: every change; `api`: polled where no DDL is granted, so that states are only sampled; `auto`: a
    trigger where it may be made; `none`: nobody looks at a message's status, not even through the API."""

    @model_validator(mode="before")
    @classmethod
    def _of_url(cls, given: Any) -> Any:
        """Takes the kind from the URL, where only that says it."""
        if isinstance(given, Mapping) and "kind" not in given and is_sqlite(given.get("url")):
            return {**given, "kind": "sqlite"}
        return given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "none" and self.url:
            raise KeyWrong("kind", 'it is "none", and url says where to look; leave one of them out')
        if self.url and is_sqlite(self.url) != (self.kind == "sqlite"):
            raise KeyWrong("kind", f'it is "{self.kind}", and url names another; leave kind out')
        if self.kind == "sqlite" and self.url and self.path is None:
            raise KeyWrong("url", 'it names no file; write "sqlite:///relative.db" or "sqlite:////absolute.db"')
        return self

    @property
    def path(self) -> Path | None:
        """The SQLite file that `url` names; a relative one begins where the harness was started."""
        return sqlite_path(self.url)

    @property
    def watched(self) -> bool:
        """Whether its rows may be seen as they change."""
        return self.kind != "none" and self.observe in ("auto", "trigger")


def sqlite_path(url: str | None) -> Path | None:
    """The file in a SQLite URL, as SQLAlchemy reads it; None for one in memory, or any other URL."""
    if not is_sqlite(url):
        return None
    name = (url or "").partition("://")[2].partition("?")[0]
    name = name[1:] if name.startswith("/") else ""
    return None if name in ("", ":memory:") else Path(name)
