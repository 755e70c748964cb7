"""The one place that knows how a message's status may change.

A status only moves forward. `sending` and `retry` may alternate, since an attempt that failed is followed by another;
everything else moves to a higher rank or not at all, so a late or repeated report changes nothing.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Status = Literal["pending", "sending", "retry", "sent", "delivered", "failed", "received"]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)

RANK: Final[dict[Status, int]] = {
    "pending": 0,
    "sending": 1,
    "retry": 1,
    "sent": 2,
    "delivered": 3,
    "failed": 3,
    "received": 3,  # inbound messages begin and end here
}

ALTERNATING: Final = frozenset[Status]({"sending", "retry"})


def may_move(old: Status, new: Status) -> bool:
    """Whether a message may go from `old` to `new`."""
    return RANK[new] > RANK[old] or (old != new and {old, new} == ALTERNATING)


def _rank_sql(column: str) -> str:
    cases = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RANK.items())
    return f"(CASE {column} {cases} END)"


def may_move_sql(old: str, new: str) -> str:
    """The same rule as an SQL condition over two columns (names from our own code, never from input)."""
    return f"({_rank_sql(new)} > {_rank_sql(old)} OR ({old}, {new}) IN (('sending', 'retry'), ('retry', 'sending')))"


def rank_sql(column: str) -> str:
    """The rank of a column's status, for ordering."""
    return _rank_sql(column)


# What the providers' delivery reports mean to us; what isn't listed changes nothing.
TWILIO_REPORTS: Final[dict[str, Status]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
SENDGRID_REPORTS: Final[dict[str, Status]] = {
    "delivered": "delivered",
    "bounce": "failed",
    "dropped": "failed",
}
