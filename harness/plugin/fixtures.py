"""The fixtures, under the names that the session's ini file gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from keyword import iskeyword
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from harness.plugin.items import REPETITION_FIXTURE, STACK_FIXTURE
from harness.plugin.options import RENAMED, watches

if TYPE_CHECKING:
    from harness.history import History
    from harness.scenario.providers import ProviderControl
    from harness.scenario.stack import Stack

HOLDER = "messaging-harness-fixtures"


def _session_stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """What every fixture of ours rests on; by a name that nobody has, so that nobody's own stands in between."""
    from harness.plugin import running
    from harness.plugin.lifetime import lifetime

    running.wake(request.config)
    with lifetime(request.session) as stack:
        yield stack


def _scenario(_harness_stack: Stack, request: pytest.FixtureRequest) -> Stack:
    """The session's stack, told that a scenario begins."""
    from harness.plugin import running

    running.begin_scenario(request.node, _harness_stack)
    return _harness_stack


def _repetition() -> int:
    """Which run of the scenario this is, with --harness-repeat."""
    return 0


def deployed_stack(_harness_stack: Stack) -> Stack:
    """The stack of this session (of this xdist worker), deployed once."""
    return _harness_stack


def stack(_harness_scenario: Stack) -> Stack:
    """The deployed stack; what the scenario does with it is judged, and attached to its Allure report."""
    return _harness_scenario


def history(_harness_scenario: Stack) -> History:
    """The history of the session so far."""
    return _harness_scenario.history


def mock_providers(_harness_scenario: Stack) -> ProviderControl:
    """The control plane of the mock providers."""
    return _harness_scenario.providers


PUBLIC: tuple[Callable[..., Any], ...] = (deployed_stack, stack, history, mock_providers)
NAMES = tuple(function.__name__ for function in PUBLIC)


def make_room(manager: pytest.PytestPluginManager) -> None:
    """Registers where the fixtures will be, ahead of every conftest: of two of one name the later plugin's wins."""
    manager.register(ModuleType(HOLDER), HOLDER)


def furnish(config: pytest.Config) -> None:
    """Puts the fixtures there, by their names in this session, before pytest looks for any; raises UsageError."""
    holder = config.pluginmanager.get_plugin(HOLDER)
    names = renamed(config.getini(RENAMED))
    fixtures = [
        pytest.fixture(scope="session", name=STACK_FIXTURE)(_session_stack),
        pytest.fixture(name="_harness_scenario")(_scenario),
        pytest.fixture(name=REPETITION_FIXTURE)(_repetition),
        pytest.fixture(scope="session", name=names["deployed_stack"])(deployed_stack),
        *(pytest.fixture(name=names[one.__name__])(one) for one in (stack, history, mock_providers)),
    ]
    if watches(config):
        from harness.plugin.watching import watched

        fixtures.append(pytest.fixture(scope="session", autouse=True, name="_harness_watched")(watched))
    for number, fixture in enumerate(fixtures):
        setattr(holder, f"fixture_{number}", fixture)


def renamed(lines: Sequence[str]) -> dict[str, str]:
    """What each fixture is called: `stack = messaging_stack` on a line calls ours so, and leaves `stack` free."""
    names = {name: name for name in NAMES}
    for line in map(str, lines):  # TOML has lists of other things too
        name, _, new = (part.strip() for part in line.partition("="))
        if name not in names:
            from difflib import get_close_matches

            near = get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(NAMES)}"
            raise pytest.UsageError(f"{RENAMED}: {line!r} names no fixture of the harness; {hint}")
        if not new.isidentifier() or iskeyword(new) or new == "request":  # which is pytest's own, always
            raise pytest.UsageError(
                f"{RENAMED}: {line!r} gives no name that a fixture can have; write {name} = my_{name}"
            )
        names[name] = new
    twice = next((new for new in names.values() if list(names.values()).count(new) > 1), None)
    if twice is not None:
        raise pytest.UsageError(f"{RENAMED}: two fixtures would be called {twice!r}; give each a name of its own")
    return names
