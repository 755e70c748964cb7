"""What a generated program is judged by: its own part of the record, and whole messages."""

from __future__ import annotations

from harness.exploration.conclusion import part, patience
from harness.history import Flow, History
from harness.profile import Policy, Profile


def test_a_message_of_an_earlier_program_that_ends_in_this_one_is_whole() -> None:
    history = History()
    history.append("process.started", source="deploy", data={"process": "worker-1", "role": "worker"})
    history.append("api.requested", source="api", data={"operation": "send", "request": 1}, keys=["token:#h1"])
    history.append("api.requested", source="api", data={"operation": "send", "request": 2}, keys=["token:#h2"])
    since = len(history)
    history.append("provider.called", source="providers", data={"call": "1"}, keys=["call:1", "token:#h1"])
    own = part(history, since)
    assert [event.kind for event in own.events()] == ["process.started", "api.requested", "provider.called"]
    assert len(Flow(own.flow("token:#h1")).requests) == 1, "so nobody says that it was never asked for"
    assert not own.flow("token:#h2"), "one that ended before isn't judged again"


def test_a_program_that_ended_workers_waits_for_what_they_had() -> None:
    profile = Profile(policy=Policy(taken_up_within=25))
    assert patience(profile, ended=False) == 30
    assert patience(profile) == 55
