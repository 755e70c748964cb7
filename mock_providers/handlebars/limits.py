"""How much a template may ask for: its size, its depth, its steps and what it writes."""

from __future__ import annotations

from dataclasses import dataclass

from mock_providers.handlebars.errors import LimitError

SOURCE = 1024 * 1024
"""Characters of a template: the vendor's own limit of a version's content, in bytes (OpenAPI, `html_content`)."""

PARTS = 10_000
"""Tags of a template, and the words and signs in them: what reading it takes, less than a tenth of a second."""

DEPTH = 40
"""Blocks, or expressions in brackets, inside one another; Python's stack takes several times as many."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one budget allows: steps (each about a microsecond), and characters of output."""

    steps: int = 100_000
    output: int = 4 * 1024 * 1024


class Budget:
    """What is left of the limits; several renderings may share one."""

    __slots__ = ("limits", "output", "steps")

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.steps = self.limits.steps
        self.output = self.limits.output

    @property
    def spent(self) -> bool:
        """Whether more was asked for than there was."""
        return self.steps < 0 or self.output < 0

    def step(self, count: int = 1) -> None:
        """Takes steps; raises LimitError where there are none left."""
        self.steps -= count
        if self.steps < 0:
            raise LimitError(
                f"it takes more than {self.limits.steps} steps: give it shorter lists, or fewer inside others"
            )

    def write(self, characters: int) -> None:
        """Takes room for output, before it is made; raises LimitError where there is none left."""
        self.output -= characters
        if self.output < 0:
            raise LimitError(f"it writes more than {self.limits.output} characters: give it shorter lists or texts")
