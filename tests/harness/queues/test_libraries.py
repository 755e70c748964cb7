"""Each preset with the real library: what its processes say to a real Valkey is understood, a retry with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness_support import until
from library_environments import HERE, node_environment, push, python_environment, working
from queue_events import reasons
from running_wire import RunningWire

from harness.history import Event, Flow, History
from harness.profile import Queue
from tests.packaging.environments import Environment

Watching = Callable[..., RunningWire]
pytestmark = [pytest.mark.unmeasured, pytest.mark.xdist_group("queue-libraries")]


@dataclass(frozen=True)
class Library:
    """How a library is started, and what its finished entries show."""

    table: dict[str, object]
    push: list[str]
    work: list[str]
    finished: str
    more: dict[str, str] = field(default_factory=dict)
    entries_of_a_retry: int = 1
    """A retry of some is an entry of its own."""
    pauses: int = 0
    """How often a retry's entry waits for its time."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture(scope="module")
def several(directory: Path) -> Environment:
    names = ("celery[redis]>=5.4", "rq>=2.6", "taskiq-redis>=1", "dramatiq[redis]>=1.17")
    return python_environment(directory, "several", *names)


@pytest.fixture(scope="module")
def arq(directory: Path) -> Environment:
    return python_environment(directory, "arq", "arq>=0.26")  # it needs an older redis than the others


@pytest.fixture(scope="module")
def node(directory: Path) -> Path:
    return node_environment(directory)


def library(name: str, request: pytest.FixtureRequest) -> tuple[Library, Path]:
    if name == "bullmq":
        where: Path = request.getfixturevalue("node")
        return Library({"kind": name}, ["node", "push.js"], ["node", "work.js"], "queue.acked", pauses=1), where
    made: Environment = request.getfixturevalue("arq" if name == "arq" else "several")
    python = str(made.python)
    match name:
        case "celery":
            work = made.command("celery", "-A", "celery_tasks", "worker", "--concurrency", "1", "--without-mingle")
            found = Library({"kind": name}, [python, "celery_tasks.py"], work, "queue.acked", entries_of_a_retry=2)
        case "rq":
            table: dict[str, object] = {"kind": name, "keys": {"sms": "mail"}}
            work = made.command("rq", "worker", "mail", "--url", "redis://127.0.0.1:PORT/0")
            found = Library(table, [python, "rq_tasks.py"], work, "queue.acked")
        case "arq":
            work = made.command("arq", "arq_tasks.Worker")
            found = Library({"kind": name}, [python, "arq_tasks.py"], work, "queue.deleted")
        case "dramatiq":
            work = made.command("dramatiq", "dramatiq_tasks", "--processes", "1", "--threads", "1")
            found = Library(
                {"kind": name}, [python, "dramatiq_tasks.py"], work, "queue.acked", entries_of_a_retry=3, pauses=1
            )
        case _:
            stream = name == "taskiq-stream"
            work = made.command("taskiq", "worker", "taskiq_tasks:broker", "--workers", "1")
            more = {"BROKER": "stream" if stream else "list"}
            ends = "queue.acked" if stream else "queue.claimed"
            found = Library({"kind": name}, [python, "taskiq_tasks.py"], work, ends, more, entries_of_a_retry=2)
    return found, HERE


@pytest.mark.parametrize("name", ["celery", "rq", "arq", "taskiq", "taskiq-stream", "dramatiq", "bullmq"])
def test_a_task_and_one_that_is_tried_again(
    watching: Watching, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    found, where = library(name, request)
    wire = watching(**found.table)
    words = [word.replace("PORT", str(wire.worker)) for word in found.work]
    with working(words, cwd=where, port=wire.worker, done=tmp_path, more=found.more):
        if name == "taskiq-stream":  # its group begins where the stream ends when it is made
            until(wire.history, lambda: wire.valkey.client().exists("taskiq") or None)
        push(found.push, ["m1", "retry-m2"], cwd=where, port=wire.api, done=tmp_path, more=found.more)
        until(wire.history, lambda: finished(wire.history, found) or None, within=40)
    wire.settled()
    assert reasons(wire.history) == []
    plain, again = (Flow(wire.history.flow(f"message:{word}")) for word in ("m1", "retry-m2"))
    kinds = ["queue.appended", "queue.claimed", *([found.finished] if found.finished != "queue.claimed" else [])]
    in_order = sorted(plain.events, key=lambda event: event.at)  # two connections' replies come in any order
    assert [event.kind for event in in_order] == kinds
    assert [event.data["process"] for event in in_order[:2]] == ["api-1", "worker-1"]
    assert len({event.data["entry"] for event in again.events}) == found.entries_of_a_retry
    assert sum(bool(event.data.get("later")) for event in again.appends) == found.pauses
    assert len(again.of(found.finished)) >= found.entries_of_a_retry
    last: dict[object, Event] = {
        str(event.data["entry"]): event for event in sorted(again.events, key=lambda event: event.at)
    }
    assert Counter(event.kind for event in last.values()) == {found.finished: found.entries_of_a_retry}


def finished(history: History, found: Library) -> bool:
    """Whether each entry of both messages has come to its end, a retry's with them."""
    plain, again = (Flow(history.flow(f"message:{word}")) for word in ("m1", "retry-m2"))
    entries = {event.data["entry"] for event in again.appends}
    done = Counter(event.data["entry"] for event in again.of(found.finished))
    tried = len(again.claims) >= 2
    return bool(plain.of(found.finished)) and tried and len(entries) == found.entries_of_a_retry <= len(done)


def test_every_preset_is_tried_here() -> None:
    from harness.profile.presets import PRESETS

    tried = {"celery", "rq", "arq", "taskiq", "taskiq-stream", "dramatiq", "bullmq"}
    assert set(PRESETS) - tried == {"stream", "list", "sorted-set", "pubsub", "none"}
    for kind in PRESETS:
        assert Queue.model_validate({"kind": kind}).base == PRESETS[kind][0]
