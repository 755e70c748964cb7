"""What is said of a stack after an outage: by what it did with what it had taken, and whether it takes more."""

from __future__ import annotations

import pytest
from histories import CONTRACT, ID, MESSAGE, Script, made, right, send, started

from harness.checks import outages
from harness.profile import Profile

OUTAGE = {"fault": "down", "target": "redis", "number": 1}


def outage(script: Script, *, before: str) -> Script:
    """The same with an outage of Redis before the first event of a kind."""
    begin = made("fault.began", at=2.1, source="harness", recovers_s=20.0, **OUTAGE)
    end = made("fault.ended", at=2.2, source="harness", hits=3, **OUTAGE)
    place = next(number for number, event in enumerate(script.events) if event.kind == before)
    return Script([*script.events[:place], begin, end, *script.events[place:]], read=script.read)


def taken_and_left() -> Script:
    """Accepted and queued before an outage; nobody has taken it up."""
    return outage(send(started("api", "worker")), before="api.answered")


def worker_ended(script: Script, *, expected: bool = False) -> Script:
    ended = {"process": "worker-1", "role": "worker", "code": 1, "said": "ConnectionError: gone"}
    return script.add("process.exited", at=60, source="deploy", expected=expected, **ended)


def refused_after() -> Script:
    """What was taken before is sent; a send later than the stack may need to recover is answered with an error."""
    script = outage(right(), before="queue.claimed")
    token = ["token:#h9999999999"]
    script = script.add("api.requested", at=90, keys=token, operation="send", channel=MESSAGE.type, request=2)
    return script.add("api.answered", at=91, keys=token, operation="send", request=2, status=503, accepted=False)


def seen_late(script: Script) -> Script:
    """The same where the last two events came 100 s after the others."""

    class Late(Script):
        @property
        def history(self):  # type: ignore[no-untyped-def] # reason: as its base
            from dataclasses import replace

            from harness.history import History

            last = len(self.events) - 2
            seen = [n / 1000 + (100.0 if n >= last else 0.0) for n in range(len(self.events))]
            events = [replace(event, seen=at) for event, at in zip(self.events, seen, strict=True)]
            return History.of(events, until=seen[-1] + self.read)

    return Late(script.events, read=script.read)


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        (outage(right(), before="queue.claimed"), "pass", "1 accepted, 1 sent"),
        (right(), "unknown", "there was no outage"),
        (taken_and_left(), "fail", f"1 pending and brought on by nobody since down of redis was over: {ID}"),
        (taken_and_left().soon(), "unknown", "1 not finished"),
        (
            worker_ended(taken_and_left()).soon(),
            "fail",
            "no consumer: worker-1, the last worker, ended with 1, saying: ",
        ),
        (worker_ended(taken_and_left(), expected=True).soon(), "unknown", "1 not finished"),
        (seen_late(refused_after()), "fail", "the API takes no message since down of redis was over: it answers 503"),
        (refused_after(), "pass", "1 accepted, 1 sent"),
        (outage(right(), before="queue.claimed").change("database.status", new="pending"), "fail", "1 unrecorded"),
    ],
    ids=[
        "got over",
        "none",
        "left",
        "left, so far",
        "dead",
        "ended by us",
        "refuses",
        "refused meanwhile",
        "unrecorded",
    ],
)
def test_a_stack_after_an_outage(script: Script, outcome: str, reason: str) -> None:
    verdict = outages(script.history, CONTRACT)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


def test_a_stack_that_never_said_that_it_gets_over_one_is_unknown() -> None:
    verdict = outages(taken_and_left().history, Profile())
    assert verdict.outcome == "unknown", verdict.story()
    assert "doesn't seem to have recovery from outages" in verdict.reason
    assert verdict.remedy == "[claims] outages = true makes it a failure; false, and it isn't asked"


def test_only_what_came_since_is_judged() -> None:
    script = taken_and_left()
    assert outages(script.history, CONTRACT, after=len(script.events)).outcome == "unknown"
