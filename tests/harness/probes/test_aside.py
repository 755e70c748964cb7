"""Entries on streams that the profile doesn't name, seen by the wire, by MONITOR and by the tail alone."""

from __future__ import annotations

import json

import pytest
from harness_support import Valkey
from test_monitor_probe import STREAM, Watch

from harness.history import History
from harness.loop import Loop
from harness.probes.aside import MOST, Aside
from harness.probes.probe import new_token
from harness.profile import Queue

ID, TOKEN = "1d72bf21-2792-4d8c-a5a1-6449cd111075", new_token()


def reasons(seen: Watch) -> list[str]:
    return [str(gap.data["reason"]) for gap in seen.history.events("probe.gap")]


def known() -> History:
    history = History()
    history.append("database.inserted", source="database", message_id=ID)
    history.append("api.requested", source="api", keys=[f"token:{TOKEN}"])
    history.append("database.inserted", source="database", message_id="41")
    return history


@pytest.mark.parametrize(
    "fields",
    [
        {"message_id": ID},
        {"anything": ID},
        {"data": json.dumps({"deep": [{"id": ID}]})},
        {"data": json.dumps({"no": 41})},
        {"data": json.dumps({"text": f"hello {TOKEN}"})},
        {"body": f"hello {TOKEN}"},
    ],
)
def test_a_message_that_stands_nowhere_else_is_a_gap(fields: dict[str, str]) -> None:
    history = known()
    aside = Aside(history, Queue())
    aside.take("jobs", fields)
    assert not history.events("probe.gap")
    for _ in range(2):
        aside.settle(("queue.appended",))
    (told,) = history.events("probe.gap")
    assert told.data["reason"].startswith("entries on jobs carry messages of this run")
    assert (told.data["lasting"], told.data["kinds"]) == (True, ["queue.appended"])
    assert '[queue] streams: "jobs"' in told.data["remedy"]


@pytest.mark.parametrize(
    "fields", [{}, {"message_id": "another's"}, {"data": "[" * 100_000}, {"data": "{"}, {"body": f"x {new_token()}"}]
)
def test_what_is_about_no_message_of_ours_is_none(fields: dict[str, str]) -> None:
    history = known()
    aside = Aside(history, Queue())
    aside.take("audit", fields)
    aside.settle(("queue.appended",))
    assert not history.events("probe.gap")


def test_what_stands_on_a_watched_stream_too_is_the_stacks_own_affair() -> None:
    history = known()
    aside = Aside(history, Queue())
    aside.take("audit", {"id": ID})
    history.append("queue.appended", source="queue", message_id=ID, keys=["entry:jobs/1-0"])
    aside.settle(("queue.appended",))
    assert not history.events("probe.gap")


@pytest.mark.parametrize("what", ["inbound", "parse", None])
def test_a_reply_that_came_in_is_not_work_that_stands_elsewhere(what: str | None) -> None:
    history = History()
    if what:
        history.append("callback.sent", source="providers", data={"what": what}, keys=[f"token:{TOKEN}"])
    else:
        row = {"direction": "inbound"}
        history.append("database.inserted", source="database", message_id=ID, data=row, keys=[f"token:{TOKEN}"])
    aside = Aside(history, Queue())
    aside.take("hooks", {"data": json.dumps({"text": f"a reply {TOKEN}"})})
    aside.settle(("queue.appended",))
    assert not history.events("probe.gap")


def test_it_is_told_once_the_message_is_known_and_no_more_is_kept_than_is_needed() -> None:
    history = History()
    aside = Aside(history, Queue())
    aside.take("jobs", {"id": ID})
    for number in range(2 * MOST):
        aside.take("jobs", {"id": str(number)})
    aside.settle(("queue.appended",))
    assert not history.events("probe.gap")
    history.append("database.inserted", source="database", message_id=ID)
    aside.settle(("queue.appended",))
    assert len(history.events("probe.gap")) == 1


def test_seen_by_monitor(valkey: Valkey, loop: Loop) -> None:
    seen, client = Watch(valkey, loop), valkey.client()
    seen.history.append("database.inserted", source="database", message_id=ID)
    client.xadd("elsewhere", {"message_id": ID})
    client.xadd("elsewhere", {"message_id": "another's"})
    seen.settled()
    assert [reason for reason in reasons(seen) if reason.startswith("entries on elsewhere carry messages of this run")]
    loop.run(seen.probe.stop())


def test_the_tail_alone_tells_of_a_stream_that_is_not_there(valkey: Valkey, loop: Loop) -> None:
    seen, client = Watch(valkey, loop, monitor=False), valkey.client()
    seen.settled()
    (told,) = [reason for reason in reasons(seen) if "there is no stream" in reason]
    assert STREAM in told
    before = reasons(seen)
    for stream in told.split(";")[0].removeprefix("there is no stream ").split(", "):
        client.xgroup_create(stream, "workers", mkstream=True)
    seen.settled()
    assert reasons(seen) == before
    loop.run(seen.probe.stop())
