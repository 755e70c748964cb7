"""Where a run has no scenario the plugin isn't there: nothing is imported, registered, written or said."""

from __future__ import annotations

import json
import re

import pytest
from plugin_support import ENTRY_POINTS, Project

PROBE = """
import json, sys
from pathlib import Path

import pytest

def test_it():
    Path("modules.json").write_text(json.dumps(sorted(sys.modules)))

@pytest.mark.check("asynchronous", by="somebody else's rule")
@pytest.mark.needs(3)
def test_marked(request):
    names = [name for name, _ in request.config.pluginmanager.list_name_plugin() if name.startswith("messaging")]
    Path("plugins.json").write_text(json.dumps(names))
"""
LIGHT = {
    *("harness", "harness.content", "harness.errors", "harness.plugin"),
    *("harness.plugin.fixtures", "harness.plugin.items", "harness.plugin.options"),
    *("mock_providers", "mock_providers.pytest_plugin"),
}


def modules(project: Project, plugins: tuple[str, ...]) -> set[str]:
    project.write(test_theirs=PROBE)
    done = project.pytest("-q", "-p", "no:unraisableexception", plugins=plugins)
    assert done.code == 0, str(done)
    done.counts("2 passed")
    return set(json.loads((project.folder / "modules.json").read_text()))


def test_nothing_is_imported_that_pytest_has_not(project: Project) -> None:
    plain = modules(project, ("no:harness.plugin",))
    ours = modules(project, ENTRY_POINTS) - plain
    assert ours == LIGHT


def test_nothing_is_registered_written_or_said(project: Project) -> None:
    project.write(test_theirs=PROBE)
    project.ini("markers =", "  check: a mark of theirs", "  needs: another")
    done = project.pytest("--strict-markers", "-W", "error")
    assert done.code == 0, str(done)
    assert json.loads((project.folder / "plugins.json").read_text()) == ["messaging-harness-fixtures"]
    for name in ("modules.json", "plugins.json"):
        (project.folder / name).unlink()
    done.left_nothing()
    without = project.pytest(plugins=("no:harness.plugin",))
    assert lines(done.out) == lines(without.out)


def lines(out: str) -> list[str]:
    """What pytest said, less what it installed and how long it took."""
    return [re.sub(r"[\d.]+s", "", line) for line in out.splitlines() if not line.startswith("plugins: ")]


def test_the_environment_of_a_run_without_scenarios_is_not_read(project: Project) -> None:
    project.write(test_theirs="def test_it(): pass")
    done = project.pytest(env={"HARNESS_REPEAT": "many", "HARNESS_BUILD": "/proc/none"})
    assert done.code == 0, str(done)


def test_workers_of_xdist_are_as_quiet(project: Project) -> None:
    project.write(
        test_theirs="import os, pytest\n\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n): pass\n\n"
        "def test_crash(): os._exit(7)\n"
    )
    done = project.pytest("-n", "2", plugins=(*ENTRY_POINTS, "xdist.plugin"))
    assert done.code == 1, str(done)
    done.counts("1 failed", "4 passed")
    done.left_nothing()


@pytest.mark.parametrize("how", ["-p", "pytest_plugins", "both"])
def test_it_may_be_named_beside_its_entry_point(project: Project, how: str) -> None:
    named = 'pytest_plugins = ["harness.plugin", "mock_providers.pytest_plugin"]\n'
    project.write(test_theirs="def test_it(): pass", **({} if how == "-p" else {"conftest": named}))
    words = [] if how == "pytest_plugins" else [word for name in ENTRY_POINTS for word in ("-p", name)]
    # what is installed beside ours and takes seconds
    unused = [f"-pno:{name}" for name in ("schemathesis", "hypothesispytest", "playwright", "pytest_httpserver")]
    done = project.pytest(*words, *unused, "-W", "error", plugins=())
    assert done.code == 0, str(done)
    done.counts("1 passed")
