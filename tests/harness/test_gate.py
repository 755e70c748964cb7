"""A gate where no wire is: what would put one there is named, and it is another line for a stack of ours."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from harness.errors import Unobservable
from harness.loop import Loop
from harness.profile import Profile, Queue
from harness.scenario.gates import Gates
from harness.scenario.waiting import Waiting


@pytest.mark.parametrize(
    ("ours", "remedy"), [(True, '[queue] observe = "wire"'), (False, "let the harness deploy the stack")]
)
def test_without_a_wire(ours: bool, remedy: str) -> None:
    waiting = SimpleNamespace(facts=SimpleNamespace(manages_processes=ours))
    gates = Gates(waiting=cast(Waiting, waiting), wire=None, loop=cast(Loop, None))
    with pytest.raises(Unobservable, match="no wire stands") as raised, gates.close("api", "XADD"):
        raise AssertionError("there is nothing to withhold it at")
    assert raised.value.remedy == remedy


def test_of_a_queue_that_is_not_in_redis_nobody_asks_how_an_entry_is_finished() -> None:
    profile = Profile(queue=Queue.model_validate({"kind": "none"}))
    gates = Gates(waiting=cast(Waiting, SimpleNamespace(profile=profile)), wire=None, loop=cast(Loop, None))
    with pytest.raises(Unobservable) as raised, gates.close("worker", profile.queue.finish_commands):
        raise AssertionError("there is nothing to withhold it at")
    assert raised.value.remedy == "[queue] kind, where it is in Redis after all"
