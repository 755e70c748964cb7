"""Seeded bad histories: what is not queued, queued twice, or left over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import (
    Script,
    made,
    right,
    window,
    work,
)
from judging import (
    INLINE,
    ONCE,
    PENDING,
    PROFILE,
    REFUSED,
    TWICE,
    UNGROUPED,
    Case,
    cases,
    expect,
    no_consumer,
    second_entry,
)

from harness.checks import (
    Outcome,
    Verdict,
    message_queued,
    queue_operations,
)
from harness.history import Event, Flow, History
from harness.profile import Profile

# message-queued

RESTART = [window(7, "restart", "api", at=2.1), window(7, "restart", "api", at=2.2, ended=True)]
EXPLAINED = (
    right().insert("api.answered", RESTART[0]).insert("api.answered", RESTART[1]).insert("api.answered", second_entry())
)
QUEUED: dict[str, Case] = {
    "not accepted": (REFUSED.drop("database.inserted"), PROFILE, "unknown", "did not accept"),
    "sent without an entry": (INLINE, PROFILE, "fail", "it is sent, and no entry was ever put on a stream"),
    "a gap": (
        INLINE.add("probe.gap", at=20, source="queue", reason="the wire can't follow a connection"),
        PROFILE,
        "unknown",
        "no entry was ever put on a stream; but not all was seen: the wire can't follow",
    ),
    "not yet": (PENDING.drop("queue.appended"), PROFILE, "unknown", "the profile still allows for one"),
    "too late": (
        Script([*PENDING.drop("queue.appended").events, *[window(n, "hold", "worker", at=9000) for n in range(9)]]),
        PROFILE,
        "fail",
        "no entry within 5 s",
    ),
    "wrong stream": (
        right().change("queue.appended", stream="message_queue:mms"),
        PROFILE,
        "fail",
        "put on message_queue:mms, expected message_queue:sms",
    ),
    "twice": (TWICE, PROFILE, "fail", "2 entries were put on the stream for one message"),
    "twice, explained": (EXPLAINED, PROFILE, "pass", "2 entries, explained by restart of the api"),
    "twice, explained, effectively once": (EXPLAINED, ONCE, "fail", "2 entries were put"),
    "a retry is an entry on purpose": (
        right().insert(
            "api.answered",
            replace(
                second_entry(), data={**second_entry().data, "fields": {"x": "no json", "data": '{"retry_count": 1}'}}
            ),
        ),
        PROFILE,
        "pass",
        "1 entry on message_queue:sms",
    ),
}


@cases(QUEUED)
def test_message_queued(case: Case) -> None:
    expect(lambda history, flow, profile: message_queued(history, flow, profile, channel="sms"), case)


# queue-operations


def counted(length: int | None, pending: int | None = 0, lag: int | None = 0) -> Event:
    data = {"length": length, "pending": pending, "lag": lag}
    return made("queue.counted", at=5, source="counters", stream="message_queue:sms", **data)


LOOKS: dict[str, tuple[Script, Profile, Event, Event, Outcome, str]] = {
    "right": (right(), PROFILE, counted(1, 0, 1), counted(0), "pass", "1 while held"),
    "lag that Redis can't tell": (right(), PROFILE, counted(1), counted(0, 0, None), "pass", "0 at rest"),
    "nothing queued": (INLINE, PROFILE, counted(0), counted(0), "unknown", "nothing was queued"),
    "no consumer": (no_consumer(PENDING), PROFILE, counted(1), counted(1), "fail", "stays on the stream: no consumer"),
    "none while held": (right(), PROFILE, counted(0), counted(0), "fail", "had 0 entries, expected 1"),
    "two while held": (right(), PROFILE, counted(2), counted(0), "fail", "had 2 entries, expected 1"),
    "no group": (right(), UNGROUPED, counted(1), counted(0), "unknown", "without a consumer group"),
    "left at rest": (
        right(),
        PROFILE,
        counted(1),
        counted(1, 1, 0),
        "fail",
        "at rest the stream has length 1, pending 1",
    ),
    "lag at rest": (right(), PROFILE, counted(1), counted(0, 0, 3), "fail", "lag 3"),
}


@pytest.mark.parametrize("case", LOOKS.values(), ids=list(LOOKS))
def test_queue_operations(case: tuple[Script, Profile, Event, Event, Outcome, str]) -> None:
    script, profile, while_held, at_rest, outcome, reason = case

    def judge(history: History, flow: Flow, profile: Profile) -> Verdict:
        return queue_operations(history, flow, profile, held=while_held, at_rest=at_rest)

    expect(judge, (script, profile, outcome, reason))


def test_work_is_what_the_right_flow_ends_with() -> None:
    """The builder itself: the right flow is the API's part and the worker's."""
    assert work(PENDING).events == right().events
