"""The status rules: pure, and the same in SQL."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from stack_servers import Database

from messaging_stack.status import RANK, STATUSES, Status, may_move, may_move_sql, rank_sql

statuses = st.sampled_from(STATUSES)


def walk(reports: list[Status], *, start: Status = "pending") -> list[Status]:
    """The statuses that a message goes through when these come one after another."""
    seen = [start]
    for report in reports:
        if may_move(seen[-1], report):
            seen.append(report)
    return seen


@given(st.lists(statuses, max_size=30))
def test_a_status_never_moves_back(reports: list[Status]) -> None:
    ranks = [RANK[status] for status in walk(reports)]
    assert ranks == sorted(ranks)


@given(st.lists(statuses, max_size=30), st.sampled_from(["delivered", "failed"]))
def test_what_is_final_stays(reports: list[Status], final: Status) -> None:
    assert walk(reports, start=final) == [final]


@given(statuses)
def test_a_repeated_report_changes_nothing(status: Status) -> None:
    assert not may_move(status, status)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["sent", "delivered"]), min_size=1))
def test_the_order_of_reports_doesnt_matter(reports: list[Status]) -> None:
    assert walk(reports, start="sending")[-1] == max(reports, key=RANK.__getitem__)


def test_attempts_may_follow_each_other() -> None:
    assert walk(["sending", "retry", "sending", "retry", "sending", "sent"])[-3:] == ["retry", "sending", "sent"]


def test_sql_knows_the_same_rule(database: Database) -> None:
    rows = database.fetch(
        f"SELECT o, n, {may_move_sql('o', 'n')} AS may, {rank_sql('n')} AS rank"
        " FROM unnest($1::text[]) o CROSS JOIN unnest($1::text[]) n",
        list(STATUSES),
    )
    assert len(rows) == len(STATUSES) ** 2
    for row in rows:
        assert row["may"] == may_move(row["o"], row["n"]), row
        assert row["rank"] == RANK[row["n"]]
