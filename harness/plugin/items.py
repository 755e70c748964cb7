"""Which tests are scenarios, and what they are marked with; imports nothing, since every session asks."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = "harness.plugin.fixtures"
"""The module of our fixtures' functions: whatever they are called, and whoever has one of the same name."""
STACK_FIXTURE = "_harness_stack"
REPETITION_FIXTURE = "_harness_repetition"


def is_scenario(item: pytest.Item) -> bool:
    """Whether a test takes one of our fixtures; one of the user's own with the same name is none of ours."""
    if STACK_FIXTURE in getattr(item, "fixturenames", ()):
        return True
    # a fixture of the user's that extends ours: before pytest 9.1 what ours takes isn't told among the test's
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    for name, definitions in known.items():
        last = len(definitions) - 1
        while last > 0 and name in definitions[last].argnames:
            last -= 1
        if definitions and is_ours(definitions[last]):
            return True
    return False


def is_ours(definition: object) -> bool:
    """Whether pytest's definition of a fixture is one of ours."""
    return getattr(getattr(definition, "func", None), "__module__", "") == FIXTURES


def check_of(item: pytest.Item) -> str:
    """The check that a scenario belongs to: as it is marked, else as its file is named."""
    named = [mark.args[0] for mark in item.iter_markers("check") if mark.args and isinstance(mark.args[0], str)]
    return named[0] if named else check_named(str(item.path))


def check_named(path: str) -> str:
    """The check that a file of scenarios is about."""
    return Path(path).stem.removeprefix("test_").replace("_", "-")


def is_deep(item: pytest.Item) -> bool:
    """Whether a test is a scenario that takes long."""
    return item.get_closest_marker("deep") is not None and is_scenario(item)


def needs_of(item: pytest.Item) -> list[str]:
    """What a scenario needs of a stack: what it is marked with, and the channel that it is parametrized with."""
    needs = [need for mark in item.iter_markers("needs") for need in mark.args if isinstance(need, str)]
    channel = item.callspec.params.get("channel") if hasattr(item, "callspec") else None
    return [*needs, *([str(channel)] if channel is not None else [])]
