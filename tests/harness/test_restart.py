"""A start in the middle of a run that fails because something else died: that is what the run ends with."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from histories import CONTRACT, right

from harness.deploy.driver import Driver
from harness.errors import DeployError, PartDied
from harness.history import History
from harness.loop import Loop
from harness.scenario.holds import RoleControl
from harness.scenario.waiting import Waiting
from harness.vitals import died


def control(history: History, loop: Loop) -> RoleControl:
    async def launch(*_: Any, **__: Any) -> None:
        await asyncio.sleep(0)
        raise DeployError("the API ended with -9 at its start")

    waiting = Waiting(history=history, profile=CONTRACT, read=lambda: None)
    return RoleControl("api", waiting=waiting, driver=cast(Driver, SimpleNamespace(launch=launch)), loop=loop)


@pytest.mark.parametrize("after_s", [0.0, 0.05])
def test_whose_death_took_it_with_it_is_the_cause(loop: Loop, after_s: float) -> None:
    history = right().history
    news = threading.Timer(after_s, died, [history, "the keeper of this deployment's processes", "it was killed"])
    news.start()
    with pytest.raises(PartDied, match="the keeper of this deployment's processes died under the run"):
        control(history, loop).start()
    news.join()


def test_its_own_end_is_its_own(loop: Loop) -> None:
    with pytest.raises(DeployError, match="the API ended with -9 at its start"):
        control(right().history, loop).start()
