"""Where a message's row stands, and what its columns are called."""

from __future__ import annotations

from typing import Literal

from harness.profile.base import Absent, Section


class Database(Section):
    """Where a message's row stands.

    A name is taken as it is (`Message`), then as SQL reads it (`app."Message"`), then in lower case.
    """

    url: str | None = None
    """Attached only: PostgreSQL 13 or later, itself and no pooler."""
    table: str = "messages"
    """The table of messages, and no view."""
    id: str = "id"
    """The column of the message's id."""
    status: str = "status"
    """The column of the status."""
    direction: Absent = "direction"
    """The column that says `outbound` or `inbound`; `""`: there is none."""
    provider_id: Absent = "provider_message_id"
    """The column of the provider's id; `""`: there is none."""
    body: Absent = "body"
    """The column of the text; `""`: there is none."""
    observe: Literal["auto", "trigger", "api"] = "auto"
    """`trigger`: every change; `api`: polled where no DDL is granted, so that states are only sampled; `auto`: a
    trigger where it may be made."""
