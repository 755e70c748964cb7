"""A program as data: steps, each of them a line of a scenario; what is printed is what ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HEADER = """from harness.exploration.acts import acting


def test_found_by_exploration(stack):
    with acting(stack) as acts:"""
INDENT = "\n        "


@dataclass(frozen=True)
class Ref:
    """What an earlier step made, by its name."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Step:
    """One call of `acts`; `name` is what its result is called afterwards, "" where nobody asks for it."""

    verb: str
    given: tuple[Any, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def line(self) -> str:
        """The step as Python: everything in it is a literal, or the name of an earlier step."""
        arguments = ", ".join([*map(repr, self.given), *(f"{name}={value!r}" for name, value in self.more.items())])
        return f"{self.name} = acts.{self.verb}({arguments})" if self.name else f"acts.{self.verb}({arguments})"

    @property
    def needs(self) -> frozenset[str]:
        """The names of the steps whose results it takes."""
        return frozenset(value.name for value in (*self.given, *self.more.values()) if isinstance(value, Ref))


Program = Sequence[Step]


def without_orphans(program: Iterable[Step]) -> Iterator[Step]:
    """The steps that don't need the result of one that isn't among them."""
    known: set[str] = set()
    for step in program:
        if step.needs <= known:
            known.add(step.name)
            yield step


@dataclass
class Made:
    """What the steps so far have made: by name, and in their order."""

    by_name: dict[str, Any] = field(default_factory=dict)
    results: list[Any] = field(default_factory=list)


def run(acts: object, program: Program, made: Made) -> None:
    """Takes each step in turn; raises what a step raises. A step whose message was never made is left out."""
    for step in program:
        if not step.needs <= made.by_name.keys():
            made.results.append(None)
            continue
        given = [made.by_name[value.name] if isinstance(value, Ref) else value for value in step.given]
        more = {n: made.by_name[value.name] if isinstance(value, Ref) else value for n, value in step.more.items()}
        result = getattr(acts, step.verb)(*given, **more)
        made.results.append(result)
        if step.name:
            made.by_name[step.name] = result


def text(program: Program) -> str:
    """The program as a test that can be pasted into a file of scenarios."""
    lines = [step.line for step in program]
    return INDENT.join([HEADER, *lines, "acts.conclude()"]) + "\n"
