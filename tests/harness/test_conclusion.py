"""What a generated program is judged by: its own part of the record, and whole messages."""

from __future__ import annotations

from harness.exploration.conclusion import part, patience
from harness.history import Flow, History
from harness.profile import Policy, Profile


def test_a_message_of_an_earlier_program_that_ends_in_this_one_is_none_of_its_own() -> None:
    history = History()
    history.append("process.started", source="deploy", data={"process": "worker-1", "role": "worker"})
    history.append("api.requested", source="api", data={"operation": "send", "request": 1}, keys=["token:#h1"])
    since = len(history)
    history.append("api.requested", source="api", data={"operation": "send", "request": 2}, keys=["token:#h2"])
    history.append("fault.began", source="harness", data={"fault": "kill", "target": "worker", "number": 1})
    history.append("provider.called", source="providers", data={"call": "1"}, keys=["call:1", "token:#h1"])
    history.append("provider.called", source="providers", data={"call": "2"}, keys=["call:2", "token:#h2"])
    own = part(history, since)
    kinds = ["process.started", "api.requested", "fault.began", "provider.called"]
    assert [event.kind for event in own.events()] == kinds
    assert len(Flow(own.flow("token:#h2"))) == 2
    assert not own.flow("token:#h1"), "what an earlier program sent is judged with that program"


def test_a_program_that_ended_workers_waits_for_what_they_had() -> None:
    profile = Profile(policy=Policy(taken_up_within=25))
    assert patience(profile, ended=False) == 30
    assert patience(profile) == 30 + 25 + 20
