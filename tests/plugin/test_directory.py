"""A build directory is one run's: another that is told to write there ends with one line, and leaves it as it was."""

from __future__ import annotations

import pytest
from plugin_support import ENTRY_POINTS, SCENARIO, Project

from harness.keeping import reserved

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]
ASKS_LATE = """
def test_late(request):
    request.getfixturevalue("stack")
"""


@pytest.mark.parametrize("options", [(), ("-n", "2", "-p", "xdist.plugin")], ids=["alone", "-n 2"])
@pytest.mark.parametrize("others", [None, 7], ids=["alone", "with -n"])
def test_a_directory_that_another_run_writes_to(project: Project, others: int | None, options: tuple[str, ...]) -> None:
    # two workers at work: the other run may have fewer of them, and a controller that knows of none yet
    project.write(test_it=SCENARIO, test_other=SCENARIO)
    build = project.folder / "build" / "verify"
    with reserved(build, run=others):
        (build / "verdicts.json").write_text("theirs")
        said = project.scenarios("-q", *options, plugins=ENTRY_POINTS)
    said.one_line_error(
        "another run (process", "writes to build/verify; wait for its end, or name another with --harness-build"
    )
    assert (build / "verdicts.json").read_text() == "theirs"
    assert not (build / ".stop").exists(), "it would end the other run"


def test_a_stack_that_is_asked_for_while_a_test_runs(project: Project) -> None:
    project.write(test_it=ASKS_LATE)
    build = project.folder / "build" / "verify"
    with reserved(build):
        (build / "verdicts.json").write_text("theirs")
        said = project.scenarios("-q")
    assert "another run (process" in said.text, str(said)
    assert said.code != 0
    assert (build / "verdicts.json").read_text() == "theirs"


def test_runs_of_one_session_share_it(project: Project) -> None:
    project.write(test_it=SCENARIO, test_other=SCENARIO.replace("test_scenario", "test_other"))
    said = project.scenarios("-q", "-n", "2", "-p", "xdist.plugin")
    assert said.code == 0, str(said)
    assert set(said.verdicts()) == {"test_scenario", "test_other"}
