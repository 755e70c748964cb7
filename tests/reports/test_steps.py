"""Steps are told in their order and nesting, by the test's own thread only, and cost nothing without a listener."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from harness.scenario.steps import step, told_to


class Listener:
    def __init__(self) -> None:
        self.said: list[str] = []

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[None]:
        self.said.append(f"+{title}")
        try:
            yield
        except ValueError:
            self.said.append(f"!{title}")
            raise
        else:
            self.said.append(f"-{title}")


@step(lambda name, *, loud=False: f"say {name}{'!' if loud else ''}")
def say(name: str, *, loud: bool = False) -> str:
    if name == "bad":
        raise ValueError(name)
    return name.upper() if loud else name


@contextlib.contextmanager
@step(lambda name: f"hold {name}")
def hold(name: str) -> Iterator[str]:
    yield name


def test_a_block_is_a_step_around_what_happens_inside() -> None:
    listener = Listener()
    with told_to(listener), hold("worker") as held:
        assert say(held, loud=True) == "WORKER"
    assert listener.said == ["+hold worker", "+say worker!", "-say worker!", "-hold worker"]


def test_an_error_is_the_outcome_of_every_step_it_leaves() -> None:
    listener = Listener()
    with told_to(listener), pytest.raises(ValueError, match="bad"), hold("worker"):
        say("bad")
    assert listener.said == ["+hold worker", "+say bad", "!say bad", "!hold worker"]


def test_other_threads_and_later_steps_are_not_told() -> None:
    listener = Listener()
    with told_to(listener):
        thread = threading.Thread(target=say, args=("elsewhere",))
        thread.start()
        thread.join()
    assert say("later") == "later"
    assert listener.said == []
