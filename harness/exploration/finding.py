"""A program that a stack got wrong: what ran, and why it is wrong."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError, Inconclusive, Refuted
from harness.exploration.acts import Acts, acting
from harness.exploration.conclusion import part
from harness.exploration.done import Came, Sent
from harness.exploration.steps import Made, Program, run, text
from harness.history import Event, History
from harness.history.journal import encode
from harness.scenario.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What ran, what was said of it, the record of it, and which of its steps made the messages that are blamed."""

    program: Program
    error: Exception
    record: tuple[Event, ...]
    blamed: frozenset[int] = frozenset()
    seconds: float = 0.0

    @property
    def refuted(self) -> bool:
        """Whether the record proves it; else it is unknown."""
        return isinstance(self.error, Refuted | AssertionError)

    @property
    def size(self) -> tuple[int, int]:
        return len(self.program), sum(len(step.line) for step in self.program)

    def keep(self, build: Path) -> None:
        """Writes the program as a scenario, why it is wrong, and its history."""
        build.mkdir(parents=True, exist_ok=True)
        (build / "scenario.py").write_text(text(self.program), encoding="utf-8")
        (build / "history.jsonl").write_text("".join(encode(one) + "\n" for one in self.record), encoding="utf-8")
        (build / "why.txt").write_text(f"{type(self.error).__name__}: {self.error}\n", encoding="utf-8")


class Running:
    """A program that runs on a stack, step by step, until it is judged."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self.made = Made()
        self.steps: Program = []
        self.began = time.monotonic()
        self._open: Exception | None = None
        self._refuted: Exception | None = None

    def take(self, program: Program) -> None:
        """Takes these steps; what one of them couldn't tell is kept for the end, and one that fails is the last."""
        for step in program:
            if self._refuted is not None:
                return
            self.steps = [*self.steps, step]
            try:
                run(self.acts, [step], self.made)
            except Inconclusive as error:
                self.made.results.append(None)
                self._open = self._open or error
            except Refuted as error:
                self.made.results.append(None)
                self._refuted = error

    @property
    def failed(self) -> bool:
        """Whether a step has failed already."""
        return self._refuted is not None

    def judged(self, *, within: float | None = None) -> Finding | None:
        """What is wrong with what it did, or can't be told; None where nothing is."""
        try:
            if self._refuted is not None:
                raise self._refuted
            self.acts.conclude(within=within)
            if self._open is not None:
                raise self._open
        except (HarnessError, AssertionError) as error:
            history = self.acts.stack.history
            return Finding(
                program=self.steps,
                error=error,
                record=tuple(part(history, self.acts.done.since).events()),
                blamed=frozenset(blamed(error, self.made.results, history)),
                seconds=time.monotonic() - self.began,
            )
        return None


@contextlib.contextmanager
def running(stack: Stack) -> Iterator[Running]:
    """A program to be run; whatever it disturbs is taken back at the end of the block."""
    with acting(stack) as acts:
        yield Running(acts)


def attempt(stack: Stack, program: Program, *, within: float | None = None) -> Finding | None:
    """Runs a whole program, and says what is wrong with it."""
    with running(stack) as program_run:
        program_run.take(program)
        return program_run.judged(within=within)


def blamed(error: Exception, results: Sequence[object], history: History) -> Iterator[int]:
    """The places of the steps that made the messages of which an error's witnesses tell."""
    names = {name for event in getattr(error, "witnesses", ()) for name in event.keys}
    for number, made in enumerate(results):
        match made:
            case Sent():
                own = made.flow.key
            case Came():
                own = f"provider:{made.provider_id}"
            case _:
                continue
        if any(history.same_flow(own, name) for name in names):
            yield number
