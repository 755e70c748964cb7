"""What the tests of the checks share: how a bad history is judged, and the ones that several checks must see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from histories import (
    CONTRACT,
    ID,
    MESSAGE,
    Script,
    is_new,
    made,
    queue,
    right,
    send,
    started,
)

from harness.checks import (
    Outcome,
    Verdict,
)
from harness.history import Event, Flow, History, key
from harness.profile import Policy, Profile, Queue

PROFILE = CONTRACT
SILENT = Profile()
"""A profile that says neither what the stack claims nor how an entry is finished."""
UNGROUPED = Profile(queue=Queue(group=None))
FINISH_FIRST = CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update={"finish_first": True})})
"""A profile of a stack that keeps an entry's work elsewhere, and finishes the entry before it calls."""
ONCE = CONTRACT.model_copy(update={"policy": Policy(delivery="effectively-once")})

Judge = Callable[[History, Flow, Profile], Verdict]
Case = tuple[Script, Profile, Outcome, str]


def judged(judge: Judge, script: Script, profile: Profile) -> Verdict:
    history = script.history
    return judge(history, script.flow(history), profile)


def expect(judge: Judge, case: Case) -> None:
    script, profile, outcome, reason = case
    verdict = judged(judge, script, profile)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


def cases(table: dict[str, Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", table.values(), ids=list(table))


def no_consumer(script: Script) -> Script:
    """The only worker is dead."""
    return Script(
        [*script.events, made("process.exited", at=50, source="deploy", process="worker-1", role="worker", code=-9)]
    )


def second_entry(at: float = 2.5) -> Event:
    other = key("entry", "message_queue:sms", "2-0")
    data = {**queue("api-1"), "id": "2-0", "entry": other}
    return made("queue.appended", at=at, message_id=ID, keys=[other], **data)


def second_entry_gone(at: float = 4.5) -> tuple[Event, Event]:
    """The second entry acknowledged and deleted: a worker saw that another one is on it."""
    data, keys = dict(second_entry().data), second_entry().keys
    return made("queue.acked", at=at, keys=keys, **data), made("queue.deleted", at=at, keys=keys, **data)


def blind(script: Script) -> Script:
    """The same where the stack mocks its providers inside: nobody shows a call."""
    kinds = ("provider.called", "provider.answered")
    return script.drop("probe.started", where=lambda event: event.source == "providers").drop(*kinds)


def called_again(script: Script) -> Script:
    token, call = key("token", MESSAGE.token), key("call", "twilio", 2)
    first = next(event for event in script.events if event.kind == "provider.called")
    script = Script(
        [*script.events, replace(first, at=1000.02, data={**first.data, "call": "twilio/2"}, keys=(call, token))]
    )
    return script.add("provider.answered", at=21, keys=[call], call="twilio/2", message="SM2", accepted=True)


UNANSWERED = Script(started("api", "worker").events).add("api.requested", at=0, keys=[f"token:{MESSAGE.token}"])
REFUSED = right().change("api.answered", status=422)
FAILED_ROW = right().change("database.status", is_new("sent"), new="failed")
INLINE = right().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
PENDING = send(started("api", "worker"))
"""Accepted and queued; nobody has taken it."""
GAVE_UP = FAILED_ROW.change("provider.answered", status=400, accepted=False, message=None)
TWICE = right().insert("api.answered", second_entry())
