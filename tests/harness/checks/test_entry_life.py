"""The life of an entry: poison that ends well, badly, or can't be judged; what dead workers had; one in two hands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from histories import CONTRACT, ENTRY, ID, TOKEN, Script, queue, right, send, started, window
from judging import SILENT

from harness.checks import in_one_hand, made_again, poison_disposed, taken_up
from harness.history import Flow, History, key
from harness.profile import Profile
from harness.profile.features import Retries

POISON, MARK = key("entry", "message_queue:sms", "2-0"), "harness-poison-0123456789ab"
OTHER, OTHER_ID = "#h9876543210", "99999999-2222-4333-8444-555555555555"
WHERE = {"stream": "message_queue:sms", "id": "2-0", "entry": POISON, "process": "worker-1", "planted": MARK}
LETTER = {"stream": "message_queue:dead", "id": "3-0", "dead": True, "process": "worker-1", "planted": MARK}

Change = Callable[[Script], Script]


def planted(script: Script) -> Script:
    """A right message, then an entry of ours."""
    more = {"mark": MARK, "how": "can't be read", "stream": "message_queue:sms", "id": "2-0", "entry": POISON}
    return script.add("fault.began", at=20, source="harness", fault="poison", target="queue", number=1, **more).add(
        "fault.ended", at=20, source="harness", fault="poison", target="queue", number=1, hits=1
    )


def behind(script: Script, *, sent: bool = True) -> Script:
    """A message that is sent after it."""
    keys = [key("token", OTHER)]
    entry = {"stream": "message_queue:sms", "id": "4-0", "entry": key("entry", "message_queue:sms", "4-0")}
    script = script.add("api.requested", at=21, keys=keys, operation="send", channel="sms", request=2)
    row = {"message_id": OTHER_ID, "keys": keys}
    script = script.add("database.inserted", at=22, **row, sequence=4, old=None, new="pending")
    script = script.add("queue.appended", at=23, message_id=OTHER_ID, **entry, process="api-1", fields={"data": "{}"})
    script = script.add("api.answered", at=24, **row, operation="send", request=2, status=201)
    return script.add("database.status", at=30, **row, sequence=5, old="pending", new="sent") if sent else script


def given(script: Script, *, times: int = 1) -> Script:
    for number in range(times):
        script = script.add("queue.claimed", at=25 + number / 100, keys=[POISON], **WHERE)
    return script


def buried(script: Script) -> Script:
    return acked(script.add("queue.appended", at=26, **LETTER))


def acked(script: Script) -> Script:
    return script.add("queue.acked", at=27, keys=[POISON], **WHERE)


def died(script: Script) -> Script:
    exit_ = {"process": "worker-1", "role": "worker", "code": 1, "expected": False, "said": "ValueError: poison"}
    return script.add("process.exited", at=28, source="deploy", **exit_)


def gap(script: Script) -> Script:
    return script.add("probe.gap", at=29, source="queue", reason="a script did it", kinds=["queue."], lasting=True)


def judged(script: Script, profile: Profile = CONTRACT, *, must: bool = True):
    history = script.history
    event = next(event for event in history.events("fault.began") if event.data["fault"] == "poison")
    flows = [Flow(history.flow(key("token", token)), name=token) for token in (TOKEN, OTHER)]
    return poison_disposed(history, profile, *flows, planted=event, must=must)


FEW = CONTRACT.model_copy(update={"retries": Retries(attempts=3)})


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        (buried(given(behind(planted(right())))), "pass", "is on the dead letters, and finished"),
        (acked(given(behind(planted(right())))), "fail", "no dead letter tells of it"),
        (acked(given(behind(planted(right())))).soon(), "unknown", "no dead letter tells of it yet"),
        (given(behind(planted(right()))), "fail", "is not finished, and no dead letter tells of it"),
        (given(behind(planted(right()))).soon(), "unknown", "is not finished, and no dead letter tells of it yet"),
        (
            given(behind(planted(right()))).add("queue.appended", at=26, **LETTER),
            "fail",
            "is not finished, though its dead letter is written",
        ),
        (given(behind(planted(right())), times=2), "unknown", "it was given to workers 2 times"),
        (given(behind(planted(right())), times=30), "fail", "given to workers 30 times, and never given up"),
        (buried(given(behind(planted(right()), sent=False))), "fail", "1 of 1 messages behind an entry that can't be"),
        (buried(given(behind(planted(right()), sent=False))).soon(), "unknown", "are not sent yet"),
        (died(given(behind(planted(right()), sent=False))), "fail", "isn't sent: no consumer: worker-1"),
        (gap(given(behind(planted(right())))), "unknown", "not all was seen"),
        (gap(acked(given(behind(planted(right()))))), "unknown", "not all was seen"),
    ],
)
def test_poison(script: Script, outcome: str, reason: str) -> None:
    verdict = judged(script)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


def test_what_names_a_message_that_there_isnt_may_be_dropped() -> None:
    assert judged(acked(given(behind(planted(right())))), must=False).outcome == "pass"


def test_the_profile_says_from_how_many_tries_on_it_is_wrong() -> None:
    script = given(behind(planted(right())), times=5)
    assert judged(script).outcome == "unknown"
    assert judged(script, FEW).outcome == "fail"


def test_nothing_is_concluded_where_the_message_before_it_wasnt_sent_either() -> None:
    verdict = judged(buried(given(behind(planted(send(started("api", "worker"))), sent=False))))
    assert verdict.outcome == "unknown"
    assert "a message before it wasn't sent either" in verdict.reason


# what a dead worker had


def killed() -> Script:
    """The worker died with the entry in hand, and another was started."""
    script = send(started("api", "worker"))
    script = script.add("queue.claimed", at=4, message_id=ID, keys=[ENTRY], **queue("worker-1"))
    script = Script([*script.events, window(1, "kill", "worker", at=5)])
    script = script.add("process.exited", at=6, source="deploy", process="worker-1", role="worker", code=-9)
    script = Script([*script.events, window(1, "kill", "worker", at=7, ended=True)])
    return script.add("process.started", at=8, source="deploy", process="worker-2", role="worker", pid=2)


def by_another(script: Script, *, ack: bool = True) -> Script:
    script = script.add("queue.claimed", at=9, message_id=ID, keys=[ENTRY], **queue("worker-2"))
    return script.add("queue.acked", at=10, keys=[ENTRY], **queue("worker-2")) if ack else script


@pytest.mark.parametrize(
    ("script", "profile", "outcome", "reason"),
    [
        (by_another(killed()), CONTRACT, "pass", "worker-2 took up what worker-1 had"),
        (by_another(killed(), ack=False), CONTRACT, "unknown", "worker-2 took it up, and has not finished it"),
        (killed(), CONTRACT, "fail", "nobody has taken up what worker-1 had, 40 s after its end"),
        (killed(), SILENT, "unknown", "the stack doesn't seem to have takeover"),
        (killed().soon(), CONTRACT, "unknown", "nobody was seen to take up what worker-1 had"),
        (gap(killed()), CONTRACT, "unknown", "not all was seen"),
    ],
)
def test_what_a_dead_worker_had(script: Script, profile: Profile, outcome: str, reason: str) -> None:
    history = script.history
    verdict = taken_up(history, script.flow(history), profile, gone=["worker-1"])
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


# one hand


def again(script: Script, *, at: float = 6.5) -> Script:
    """Another worker takes the entry, too, and calls."""
    script = script.add("queue.claimed", at=at, message_id=ID, keys=[ENTRY], **queue("worker-2"))
    call = {"call": "twilio/2", "keys": [key("call", "twilio", 2), key("token", TOKEN)]}
    script = script.add("provider.called", at=at + 0.1, **call, provider="twilio", to="+12065550100", params={})
    return script.add("provider.answered", at=at + 0.2, **call, status=201, message="SM2", accepted=True)


def read_by_both(script: Script) -> Script:
    """Both were given the entry as a new one."""
    for name in ("worker-1", "worker-2"):
        of = {"how": "read", "consumer": name}
        script = script.change("queue.claimed", lambda event, name=name: event.data["process"] == name, **of)
    return script


def cut_off(script: Script) -> Script:
    return script.change("provider.answered", lambda event: event.data["call"] == "twilio/1", outcome="cut")


@pytest.mark.parametrize(
    ("script", "profile", "outcome", "reason"),
    [
        (right(), CONTRACT, "pass", "1 call by worker-1"),
        (again(right()), CONTRACT, "fail", "2 calls were accepted for one message that a worker had in hand"),
        (again(right()), SILENT, "unknown", "the stack doesn't seem to have several workers"),
        (cut_off(again(right())), CONTRACT, "unknown", "explains it"),
        (read_by_both(cut_off(again(right()))), CONTRACT, "fail", "worker-1 and worker-2 had it in hand at once"),
        (send(started("api", "worker")), CONTRACT, "unknown", "no provider has it"),
    ],
)
def test_one_hand(script: Script, profile: Profile, outcome: str, reason: str) -> None:
    history: History = script.history
    verdict = in_one_hand(history, script.flow(history), profile)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


# a group that is gone


def without_a_group(script: Script) -> Script:
    """The group was deleted before anything else came."""
    lost = [window(1, "group lost", "redis", at=-3), window(1, "group lost", "redis", at=-2, ended=True)]
    return Script([*lost, *script.events], read=script.read)


def dead(script: Script) -> Script:
    exit_ = {"process": "worker-1", "role": "worker", "code": 1, "expected": False, "said": "NOGROUP"}
    return script.add("process.exited", at=28, source="deploy", **exit_)


WAITS = send(started("api", "worker"))


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        (right(), "pass", "its group was made again, and it is sent"),
        (WAITS, "fail", "20 s later nobody has made it again and read what waits"),
        (WAITS.soon(), "unknown", "it is pending"),
        (dead(WAITS), "fail", "no consumer: worker-1"),
        (gap(WAITS), "unknown", "not all was seen"),
    ],
)
def test_a_group_that_is_gone(script: Script, outcome: str, reason: str) -> None:
    script = without_a_group(script)
    history = script.history
    [lost] = history.events("fault.began")
    verdict = made_again(history, script.flow(history), CONTRACT, lost=lost)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()
