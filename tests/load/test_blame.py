"""Real loads of which something stands in the way: a slow API, a starved generator, both, a slow provider."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.content import content
from tests.load.own import KEY
from tests.load.test_profiles import own
from tests.load.test_run import load

pytestmark = pytest.mark.unmeasured
BOUND = ("--threshold", "p99 of sent <= 400 ms", "--duration", "4s", "--rate", "25", "--late-share", "0.5")
"""On a machine that others use some starts are late; who is starved is late with four of five."""
LOOSE = ("--threshold", "p99 of sent <= 9 s", *BOUND[2:])
STARVED = """
import time

import gevent
from locust import events
from locustfile import *


def burn():
    while True:
        until = time.perf_counter() + 0.5
        while time.perf_counter() < until:
            pass
        gevent.sleep(0.01)


events.test_start.add_listener(lambda **_: gevent.spawn(burn))
"""


def starved(folder: Path) -> list[str]:
    """A locustfile whose process has something else to do for most of its time."""
    users = folder / "users"
    shutil.copytree(content("loadtests"), users)
    (users / "starved.py").write_text(STARVED, encoding="utf-8")
    return ["--locustfile", str(users / "starved.py")]


def parties(result: dict[str, Any]) -> list[str]:
    """Who is named, but for others on this machine, who may be there."""
    return [one["party"] for one in result["named"] if one["party"] != "machine"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_KEY", KEY)


def test_a_slow_api_is_named_and_breaks_the_threshold(tmp_path: Path) -> None:
    options = ["--profile", own(tmp_path), "--stack-env", "OWN_SLOW=0.8", *BOUND]
    code, said, result = load(tmp_path / "build", *options)
    assert (code, parties(result)) == (1, ["api"]), said
    assert re.search(r"FAIL    thresholds: p99 of sent <= 400 ms: \d{3,4}\.\d ms; in the way: (machine, )?api", said)
    assert "--users" not in said


def test_a_slow_provider_is_named_and_breaks_the_threshold(tmp_path: Path) -> None:
    code, said, result = load(tmp_path, "--provider-latency", "800ms", "--mix", "api=1", *BOUND)
    assert (code, parties(result)) == (1, ["provider"]), said
    assert re.search(r"a call of it took [89]\d\d ms", said)


def test_a_starved_generator_is_named_and_breaks_nothing(tmp_path: Path) -> None:
    code, said, result = load(tmp_path / "build", "--mix", "api=1", *starved(tmp_path), *LOOSE)
    assert (code, parties(result)) == (2, ["generator"]), said
    assert "UNKNOWN thresholds: the load wasn't the intended one: p99 of sent <= 9 s" in said


def test_both_are_named_where_both_are_in_the_way(tmp_path: Path) -> None:
    options = ["--provider-latency", "1500ms", "--mix", "api=1", *starved(tmp_path), *BOUND]
    code, said, result = load(tmp_path / "build", *options)
    assert (code, parties(result)) == (1, ["generator", "provider"]), said


def test_users_grow_where_the_stack_keeps_them_waiting(tmp_path: Path) -> None:
    options = ["--profile", own(tmp_path), "--stack-env", "OWN_SLOW=2", *BOUND]
    code, said, result = load(tmp_path / "build", *options)
    assert (code, parties(result)) == (1, ["api"]), said
    # 21 users at first, and 50 messages come while one waits
    assert result["generator"]["started"] == 100
    assert "0 dropped" in said
    assert result["where"]["users"]["p99"] < 500, "nobody waited for an answer to somebody else"
