"""Triggers in a real SQLite file: no transition is lost, nothing is left, and the application notices nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import arrives
from sqlite_scene import MINE, OURS, TABLE, Scene, killed_run

from harness.errors import DeployError, ProfileError
from harness.history import History, key
from harness.loop import Loop
from harness.probes import sqlite_trigger
from harness.probes.probe import new_token
from harness.probes.sqlite import SqliteProbe

JOURNALS = ("wal", "delete", "truncate", "persist")


@pytest.fixture(params=["wal", "delete"])
def scene(loop: Loop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = Scene(loop, tmp_path / "stack.db", journal=request.param).start()
    yield scene
    scene.close()


def test_an_insert_and_each_change_are_seen_at_once(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending', 'outbound', NULL, 'hello #habcdefghij')")
    inserted = arrives(scene.history, lambda event: event.kind == "database.inserted")
    assert (inserted.message_id, inserted.data["direction"], "by" in inserted.data) == ("m1", "outbound", False)
    assert scene.history.same_flow(key("token", "#habcdefghij"), key("message", "m1"))
    scene.execute("UPDATE messages SET status = 'sent', provider_message_id = 'SM1'")
    moved = arrives(scene.history, lambda event: event.kind == "database.status")
    assert (moved.data["old"], moved.data["new"], moved.data["provider_id"]) == ("pending", "sent", "SM1")
    assert scene.history.same_flow(key("provider", "SM1"), key("message", "m1"))
    assert inserted.data["sequence"] < moved.data["sequence"]


def test_what_is_delivered_is_said_at_the_start(scene: Scene) -> None:
    (started,) = scene.history.events("probe.started")
    assert (started.source, started.data["kinds"]) == ("database", ["database.inserted", "database.status"])


def test_a_change_lies_between_its_bounds(scene: Scene) -> None:
    """The statement's own time is told in milliseconds, cut off; nobody saw it before the reading before."""
    before = scene.value("SELECT strftime('%s', 'now') + 0.0")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    (event,) = scene.seen()
    assert before <= event.at <= event.data["until"]
    assert event.data["until"] - event.at < 5


def test_no_transition_of_one_transaction_is_lost(scene: Scene) -> None:
    scene.execute("BEGIN")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', '0')")
    for number in range(1, 200):
        scene.execute("UPDATE messages SET status = ?", str(number))
    assert scene.trail() == []
    scene.execute("COMMIT")
    assert scene.trail() == [str(number) for number in range(200)]


def test_what_is_rolled_back_did_not_happen(scene: Scene) -> None:
    scene.execute("BEGIN")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    scene.execute("ROLLBACK")
    scene.execute("SAVEPOINT one")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m2', 'pending')")
    scene.execute("ROLLBACK TO one")
    scene.execute("RELEASE one")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m3', 'pending')")
    assert scene.moves() == [("inserted", "m3", None, "pending")]


def test_settling_twice_repeats_nothing(scene: Scene) -> None:
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == scene.trail() == ["pending"]
    assert len(scene.seen()) == 1


def test_a_change_of_nothing_that_matters_is_no_event(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'sent', 'outbound', 'SM1', NULL)")
    scene.execute("UPDATE messages SET body = 'changed'")
    scene.execute("UPDATE messages SET provider_message_id = NULL")
    assert scene.trail() == ["sent"]


def test_many_rows_at_once(scene: Scene) -> None:
    many = 25_000
    scene.execute("BEGIN")
    scene.stack.executemany(
        "INSERT INTO messages (id, status) VALUES (?, 'pending')", ((f"m{n}",) for n in range(many))
    )
    scene.execute("UPDATE messages SET status = 'sent'")
    scene.execute("COMMIT")
    seen = scene.seen()
    assert len({event.data["sequence"] for event in seen}) == len(seen) == 2 * many
    assert scene.trail(f"m{many - 1}") == ["pending", "sent"]
    assert scene.gaps() == []


def test_a_reader_that_came_too_late_says_so(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded, so that a killed harness costs little."""
    monkeypatch.setattr(sqlite_trigger, "KEPT_ROWS", 50)
    scene = Scene(loop, tmp_path / "stack.db").start()
    scene.execute("BEGIN")
    for number in range(200):
        scene.execute("INSERT INTO messages (id, status) VALUES (?, 'pending')", f"m{number}")
    scene.execute("COMMIT")
    assert scene.gaps() == ["more changes came than are kept, before they could be read"]
    assert scene.value(f"SELECT count(*) FROM {scene.probe._watch.name}_transition") == 50
    scene.execute("INSERT INTO messages (id, status) VALUES ('afterwards', 'pending')")
    assert scene.trail("afterwards") == ["pending"]
    assert len(scene.gaps()) == 1
    scene.close()


# nothing is left


@pytest.mark.parametrize("journal", JOURNALS)
def test_nothing_is_left_behind(loop: Loop, tmp_path: Path, journal: str) -> None:
    scene = Scene(loop, tmp_path / "stack.db", journal=journal).start()
    assert scene.value(OURS) == MINE
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    scene.run(scene.probe.stop())
    assert scene.value(OURS) == 0
    assert scene.value("PRAGMA journal_mode") == journal
    assert scene.value("PRAGMA integrity_check") == "ok"
    scene.run(scene.probe.stop())  # twice is harmless
    scene.run(scene.probe.settle())
    scene.stack.close()
    beside = {path.name for path in tmp_path.iterdir()} - {"stack.db"}
    assert beside <= ({"stack.db-journal"} if journal in ("truncate", "persist") else set())
    assert scene.history.events("probe.gap") == []


def test_what_a_killed_run_left_is_removed_and_a_living_one_spared(loop: Loop, tmp_path: Path) -> None:
    scene = Scene(loop, tmp_path / "stack.db")
    killed_run(scene.path)
    assert scene.value(OURS) == MINE
    scene.execute("INSERT INTO messages (id, status) VALUES ('m0', 'pending')")  # it stands in nobody's way
    scene.start()
    assert scene.value(OURS) == MINE  # its own
    other = SqliteProbe(History(), scene.known, path=scene.path)
    scene.run(other.start())
    assert scene.value(OURS) == 2 * MINE
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.run(other.stop())
    assert scene.value(OURS) == MINE
    scene.close()
    assert scene.history.events("probe.gap") == []


def test_names_that_only_look_like_ours_are_spared(loop: Loop, tmp_path: Path) -> None:
    own = "CREATE TABLE messaging_harness_notes (x); CREATE TABLE messaging_harness_0123456z_transition (x)"
    scene = Scene(loop, tmp_path / "stack.db", ddl=f"{TABLE}; {own}").start()
    scene.close()
    assert sqlite3.connect(scene.path).execute(OURS).fetchone() == (2,)


# what the application sees


def test_the_application_s_own_numbers_are_untouched(scene: Scene) -> None:
    """SQLite gives last_insert_rowid() and changes() back after a trigger (https://sqlite.org/lang_corefunc.html)."""
    scene.execute("CREATE TABLE other (n INTEGER PRIMARY KEY)")
    scene.execute("INSERT INTO other VALUES (4711)")
    made = scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending'), ('m2', 'pending')")
    rowid = scene.value("SELECT rowid FROM messages WHERE id = 'm2'")
    assert (made.lastrowid, scene.value("SELECT last_insert_rowid()")) == (rowid, rowid)
    changed = scene.execute("UPDATE messages SET status = 'sent'")
    assert (changed.rowcount, scene.value("SELECT changes()")) == (2, 2)
    assert scene.value("SELECT last_insert_rowid()") == rowid
    gone = scene.execute("DELETE FROM messages WHERE id = 'm1'")
    assert gone.rowcount == 1
    if sqlite3.sqlite_version_info >= (3, 35):
        returned = scene.execute(
            "INSERT INTO messages (id, status) VALUES ('m3', 'new') RETURNING id, status"
        ).fetchall()
        assert returned == [("m3", "new")]


@pytest.mark.parametrize("token", ["#h0123456789", "#habcdefghij", "#hz9y8x7w6v5"])
@pytest.mark.parametrize(
    "text", ["{}", "hello {}", "{}, hello", "#h #hello {} bye", "ü€😀 #h1 {}.", "x\n\n{}\n", "#habcdefghijk {}"]
)
def test_a_token_is_found_wherever_it_stands(scene: Scene, text: str, token: str) -> None:
    scene.execute("INSERT INTO messages (id, status, body) VALUES ('m1', 'pending', ?)", text.format(token))
    (event,) = scene.seen()
    assert f"token:{token}" in event.keys


@pytest.mark.parametrize("body", [None, "", "#h", "#hABCDEFGHIJ", "#habcdefghijk", b"\xff\xfe#h", 17, "x" * 500_000])
def test_a_text_without_a_token_is_no_matter(scene: Scene, body: object) -> None:
    scene.execute("INSERT INTO messages (id, status, body) VALUES ('m1', 'pending', ?)", body)
    (event,) = scene.seen()
    assert event.keys == ("message:m1",)
    assert scene.value(f"SELECT max(length(body)) FROM {scene.probe._watch.name}_transition") in (None, 13)


@pytest.mark.parametrize(("status", "direction", "its"), [("received", None, False), ("new", "outbound", True)])
def test_a_reply_that_quotes_a_message_is_a_flow_of_its_own(
    scene: Scene, status: str, direction: str | None, its: bool
) -> None:
    token = new_token()
    scene.history.append("api.requested", source="api", data={"operation": "send"}, keys=[key("token", token)])
    row = "INSERT INTO messages (id, status, direction, body) VALUES ('r1', ?, ?, ?)"
    scene.execute(row, status, direction, f"> hello {token}\nyes")
    scene.seen()
    assert scene.history.same_flow(key("message", "r1"), key("token", token)) is its


# what can't be


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"table": "letters"}, r"table 'letters' does not exist in this file; it has messages, shown"),
        ({"table": "message"}, r"did you mean 'messages'\?"),
        ({"status": "state"}, r"status = 'state', but table messages has no such column; did you mean 'status'\?"),
        ({"body": "text"}, r'body = \'text\', but table messages .*, or set body = "" if it has none'),
        ({"table": "shown"}, r'shown is a view; say beside .*: rows = "…", of CREATE VIEW shown AS SELECT \* FROM'),
        ({"rows": "letters"}, r"rows doesn't fit the stack: table 'letters' does not exist"),
    ],
)
def test_a_profile_that_does_not_fit(loop: Loop, tmp_path: Path, profile: dict[str, str], message: str) -> None:
    ddl = f"{TABLE}; CREATE VIEW shown AS\n SELECT * FROM messages"
    scene = Scene(loop, tmp_path / "stack.db", ddl=ddl, **profile)
    with pytest.raises(ProfileError, match=message) as caught:
        scene.start()
    assert "\n" not in str(caught.value)
    assert scene.value(OURS) == 0
    scene.close()


def test_a_file_that_is_not_there(loop: Loop, tmp_path: Path) -> None:
    scene = Scene(loop, tmp_path / "stack.db")
    probe = SqliteProbe(History(), scene.known, path=tmp_path / "other.db")
    with pytest.raises(ProfileError, match=r"there is no SQLite file /.*/other\.db; mend \[database\] url"):
        scene.run(probe.start())
    assert not (tmp_path / "other.db").exists()
    scene.close()


def test_a_file_that_is_none_of_sqlite_s(loop: Loop, tmp_path: Path) -> None:
    scene = Scene(loop, tmp_path / "stack.db")
    (tmp_path / "other.db").write_bytes(b"no database at all" * 100)
    probe = SqliteProbe(History(), scene.known, path=tmp_path / "other.db")
    with pytest.raises(DeployError, match=r"can't be read: file is not a database .*observe = 'api'"):
        scene.run(probe.start())
    scene.close()
