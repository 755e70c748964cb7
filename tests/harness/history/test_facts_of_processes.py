"""What a record says of who runs: names, roles, how many at once, and why nobody takes an entry any more."""

from __future__ import annotations

from typing import Any

import pytest
from histories import Script, started, window

from harness.history.facts import Facts


def facts(script: Script) -> Facts:
    return Facts(script.history)


def begun(script: Script, process: str, role: str) -> Script:
    return script.add("process.started", at=0, source="deploy", process=process, role=role, pid=1)


def ended(script: Script, process: str, role: str, **data: Any) -> Script:
    return script.add("process.exited", at=1, source="deploy", process=process, role=role, **{"code": 1, **data})


def probe(**data: Any) -> Script:
    return Script().add("probe.started", at=0, source="deploy", **{"kinds": [], **data})


def test_a_role_is_named_by_the_deployment_or_by_who_runs() -> None:
    assert facts(probe(roles=["worker"])).named("worker")
    assert not facts(probe(roles=["worker"])).named("api")
    assert facts(begun(Script(), "mailer-1", "mailer")).named("mailer")
    assert not facts(Script()).named("worker")


def test_a_role_of_which_nobody_was_told_to_run_is_not_gone() -> None:
    assert not facts(probe(roles=["worker"])).gone("worker"), "no process was ever told of"
    assert facts(begun(probe(roles=["worker"]), "api-1", "api")).gone("worker")
    assert not facts(begun(probe(roles=["worker"]), "worker-1", "worker")).gone("worker")


def test_a_stack_is_wholly_of_some_roles() -> None:
    both = begun(begun(probe(whole=True), "api-1", "api"), "worker-1", "worker")
    assert facts(both).all_are("api", "worker")
    assert not facts(both).all_are("api")
    assert not facts(both).all_are("api", "worker", "relay")
    assert not facts(begun(probe(whole=False), "api-1", "api")).all_are("api")


def test_the_role_of_a_process_is_what_the_profile_says_or_its_own_name() -> None:
    known = facts(probe(processes={"mailer": "worker"}))
    assert [known.role(name) for name in ("mailer-1", "worker-2", "re-lay-1")] == ["worker", "worker", "re-lay"]


def test_how_many_have_run_at_once() -> None:
    script = begun(begun(Script(), "worker-1", "worker"), "worker-2", "worker")
    script = begun(ended(begun(script, "api-1", "api"), "worker-1", "worker"), "worker-3", "worker")
    history = begun(script, "worker-4", "worker").history
    known = Facts(history)
    assert [known.most("worker", event) for event in history.events()] == [1, 2, 2, 2, 2, 3]
    assert known.most("api", history.events()[-1]) == 1
    assert known.most("relay", history.events()[-1]) == 0


def test_of_several_workers_that_ended_the_last_is_told() -> None:
    script = ended(ended(started("api", "worker"), "worker-1", "worker", code=3), "worker-2", "worker", code=4)
    assert facts(script).no_consumer() == "no consumer: worker-2, the last worker, ended with 4"
    other = ended(script, "api-1", "api", code=5)
    assert facts(other).no_consumer() == "no consumer: worker-2, the last worker, ended with 4"


def test_a_dead_workers_last_lines_are_told() -> None:
    said = "one\ntwo\n\nthree\n   \nfour\n"
    told = facts(ended(started("api", "worker"), "worker-1", "worker", said=said)).no_consumer()
    assert told == "no consumer: worker-1, the last worker, ended with 1, saying: two | three | four"


def test_long_last_words_are_cut() -> None:
    told = facts(ended(started("api", "worker"), "worker-1", "worker", said="x" * 1000)).no_consumer()
    assert told is not None
    assert told.endswith("x")
    assert len(told) == len("no consumer: worker-1, the last worker, ended with 1") + 400


@pytest.mark.parametrize(
    ("fault", "target", "ours"),
    [("kill", "worker", True), ("terminate", "worker", True), ("kill", "api", False), ("hold", "worker", False)],
)
def test_a_worker_that_this_run_ended_is_told_as_such(fault: str, target: str, ours: bool) -> None:
    script = Script([*started("api", "worker").events, window(1, fault, target, at=0)])
    told = facts(ended(script, "worker-1", "worker")).no_consumer()
    assert told is not None
    assert told.endswith("this run ended it, and didn't start it again") is ours


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"fault": "kill", "target": "worker", "hits": 1}, None),
        ({"fault": "kill", "target": "worker"}, None),
        ({"fault": "gate", "target": "api", "hits": 0}, "the gate of the api was never met, so nothing was disturbed"),
        (
            {"fault": "provider", "target": "twilio", "hits": 0},
            "the provider fault of the twilio was never met, so nothing was disturbed",
        ),
        (
            {"fault": "hold", "target": "worker", "missed": ["worker-1", "worker-2"]},
            "the hold of the worker missed worker-1, worker-2, which went on working",
        ),
    ],
)
def test_a_disturbance_that_did_not_happen_is_told(data: dict[str, Any], told: str | None) -> None:
    assert facts(started("api", "worker").add("fault.ended", at=1, number=1, **data)).unmet() == told


def test_a_disturbance_of_a_role_that_nobody_names_says_so() -> None:
    lone = begun(probe(roles=["api"]), "api-1", "api").add("fault.ended", at=1, fault="hold", target="worker", hits=0)
    why = "nobody knows whom: the profile has no [processes.worker]"
    assert facts(lone).unmet() == f"the hold of the worker was never met, so {why}"
    attached = Script().add("fault.ended", at=1, fault="hold", target="worker", hits=0)
    assert facts(attached).unmet() == "the hold of the worker was never met, so nothing was disturbed"


def test_only_disturbances_from_a_place_on_are_told() -> None:
    script = Script().add("fault.ended", at=1, fault="kill", target="relay", hits=0)
    script = script.add("fault.ended", at=2, fault="kill", target="beat", hits=0)
    known = facts(script)
    assert [str(known.unmet(after=place)).split()[4] for place in (0, 1)] == ["relay", "beat"]
    assert known.unmet(after=2) is None
