"""By what a message's status is seen, as the profile says: its row, the API, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.deploy.attached import Attached
from harness.history import History
from harness.history.facts import Facts
from harness.loop import Loop
from harness.probes.database import DatabaseProbe
from harness.probes.polled import PolledProbe
from harness.probes.probe import Unwatched
from harness.probes.sqlite import SqliteProbe
from harness.profile import Profile
from harness.session import rows_probe

POSTGRES, FILE = "postgresql://u@127.0.0.1/x", "sqlite:////tmp/x.db"


def chosen(table: dict[str, Any], url: str | None) -> tuple[Any, History]:
    database = {**table["database"], **({"url": url} if url else {})}
    profile, history = Profile.model_validate({**table, "database": database}), History()
    return rows_probe(profile, history, Attached(profile, history), on_refused=lambda: None), history


@pytest.mark.parametrize(
    ("database", "url", "kind"),
    [
        ({}, POSTGRES, DatabaseProbe),
        ({"kind": "sqlite"}, FILE, SqliteProbe),
        ({"observe": "trigger", "kind": "sqlite"}, FILE, SqliteProbe),
        ({"observe": "api"}, POSTGRES, PolledProbe),
        ({"observe": "api", "kind": "sqlite"}, FILE, PolledProbe),
        ({}, None, PolledProbe),
        ({"kind": "none"}, None, PolledProbe),
        ({"kind": "none", "observe": "none"}, None, Unwatched),
        ({"observe": "none"}, POSTGRES, Unwatched),
    ],
)
def test_what_watches_rows(database: dict[str, Any], url: str | None, kind: type) -> None:
    assert type(chosen({"database": database}, url)[0]) is kind


@pytest.mark.parametrize(
    ("table", "reason", "remedy"),
    [
        ({"database": {"observe": "none"}}, "nobody looks at a message's status", '[database] observe = "auto"'),
        (
            {"database": {"kind": "none"}, "look": {"path": ""}},
            "names neither a database nor where the API shows a message",
            "[database] url and a table whose rows can be watched, or [look] path",
        ),
    ],
)
def test_where_nothing_shows_a_status_that_is_said(loop: Loop, table: Any, reason: str, remedy: str) -> None:
    probe, history = chosen(table, None)
    for step in (probe.start, probe.settle, probe.stop):
        loop.run(step())
    for kind in ("database.status", "database.inserted"):
        unseen = Facts(history).unseen(kind)
        assert unseen is not None
        assert reason in unseen.reason
        assert remedy in unseen.remedy
        assert unseen.lasting
