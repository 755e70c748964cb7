"""Locust's processes, as the harness sees them: it tells them to go only when every user is there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.content import content
from harness.load.conductor import Conductor
from harness.load.plan import Plan
from harness.load.target import Target

SLOW = """
import os
from pathlib import Path

import gevent
from locust import events
from locust.runners import MasterRunner
from locustfile import *


def release():
    Path({gate!r}).open("w").close()


def begin(environment, **_):
    if isinstance(environment.runner, MasterRunner):
        environment.events.spawning_complete.add_listener(lambda **_: gevent.spawn(release))
    else:
        environment.events.test_start.add_listener(lambda **_: Path({gate!r}).open().close())


events.init.add_listener(begin)
"""
"""A worker that stands still until the master has said that spawning is complete."""


def test_a_worker_that_was_slow_to_start_its_users_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, locustfile = tmp_path / "gate", tmp_path / "slow" / "slow.py"
    os.mkfifo(gate)
    locustfile.parent.mkdir()
    locustfile.write_text(SLOW.format(gate=str(gate)))
    monkeypatch.setenv("PYTHONPATH", str(content("loadtests")))
    it = Conductor(log=tmp_path / "locust.log", on_sends=lambda rows: None, locustfile=locustfile)
    try:
        options = ["-u", "3", "-r", "3", "--headless", "--only-summary", "--processes", "1", "ApiUser"]
        it.start(*options, host="http://127.0.0.1:9", users=json.dumps({"api": 3}))
        it.await_ready(processes=1, within=30)
        nothing = Plan(rate=1, duration=0.1, mix={"api": 1})
        it.go(nothing, target=Target(api="http://127.0.0.1:9", headers={}, sends={}), start=0.0)
        it.await_done(processes=1, within=30)
    finally:
        it.close()
