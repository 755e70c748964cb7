"""The list of survivors is true: each is of code that stands there, and says why no test can tell it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.quality.mutants.making import meaning
from tests.quality.mutants.rooms import ROOMS, modules

ROOT = Path(__file__).resolve().parents[2]
LISTED = tomllib.loads((ROOT / "tests/quality/mutants/survivors.toml").read_text(encoding="utf-8"))


def test_every_survivor_is_of_a_line_that_stands_there_and_has_its_reason() -> None:
    for one in LISTED["survivor"]:
        module, _, change = one["mutant"].partition(": ")
        before, _, after = change.partition(" → ")
        lines = [line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()]
        assert before in lines, one["mutant"]
        assert after != before
        assert len(one["reason"].split()) >= 4, one["mutant"]


def test_every_room_has_modules_and_tests_that_are_there() -> None:
    known = modules(ROOT)
    assert len(known) >= len(ROOMS)
    assert all((ROOT / test).is_file() for tests in known.values() for test in tests)


def test_annotations_are_no_part_of_what_a_module_does() -> None:
    assert meaning("def f(a: int | None) -> str | None: return a | 1") == meaning("def f(a): return a | 1")
    assert meaning("x = 1") != meaning("x = 2")


def test_how_parameters_are_given_is_no_part_of_what_a_module_does() -> None:
    assert meaning("def f(a, *, b=1): ...") == meaning("def f(a, /, b=1): ...")
    assert meaning("def f(a, b=1): ...") != meaning("def f(a, b=2): ...")
    assert meaning("def f(*a): ...") != meaning("def f(a): ...")


def test_a_dataclass_guards_are_no_part_of_what_a_module_does() -> None:
    guarded = "@dataclass(frozen=True, slots=True, kw_only=True, eq=False)\nclass A: ..."
    assert meaning(guarded) == meaning(guarded.replace("True", "False", 1))
    assert meaning(guarded) != meaning(guarded.replace("eq=False", "eq=True"))
