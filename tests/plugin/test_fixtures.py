"""The fixtures' names: they can be changed, and a user's own fixture of the same name wins without a word."""

from __future__ import annotations

import pytest
from plugin_support import ENTRY_POINTS, ROOT, SCENARIO, Project

pytestmark = [pytest.mark.xdist_group("verify"), pytest.mark.unmeasured]
XDIST = (*ENTRY_POINTS, "xdist.plugin")

IN_CONFTEST = "import pytest\n\n@pytest.fixture\ndef stack():\n    return 'theirs'\n"
USES = "def test_it(stack):\n    assert stack == 'theirs'\n"
OWN = {
    "conftest": {"conftest": IN_CONFTEST, "test_theirs": USES},
    "module": {"test_theirs": IN_CONFTEST + USES},
    "parametrized": {
        "conftest": IN_CONFTEST.replace("fixture", "fixture(params=[1, 2])").replace("stack()", "stack(request)"),
        "test_theirs": USES,
    },
    "parametrize": {
        "test_theirs": "import pytest\n\n@pytest.mark.parametrize('stack', ['theirs'])\n" + USES,
    },
    "class": {
        "test_theirs": """
import pytest

class TestIt:
    @pytest.fixture
    def stack(self):
        return "theirs"

    def test_it(self, stack):
        assert stack == "theirs"
"""
    },
    "autouse": {
        "conftest": IN_CONFTEST.replace("fixture", "fixture(autouse=True)"),
        "test_theirs": "def test_it():\n    pass\n",
    },
    "session": {
        "conftest": IN_CONFTEST.replace("fixture", "fixture(scope='session')").replace("stack", "deployed_stack"),
        "test_theirs": USES.replace("stack", "deployed_stack"),
    },
    "plugin": {
        "mine": IN_CONFTEST,
        "conftest": "pytest_plugins = ['mine']\n",
        "test_theirs": USES,
    },
    "history": {
        "conftest": IN_CONFTEST.replace("stack", "history"),
        "test_theirs": USES.replace("stack", "history"),
    },
}


@pytest.mark.parametrize("where", list(OWN))
@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["here", "workers"])
def test_a_fixture_of_their_own_wins_without_a_word(project: Project, where: str, words: tuple[str, ...]) -> None:
    project.write(**OWN[where])
    done = project.pytest(*words, "-W", "error", plugins=XDIST if words else ENTRY_POINTS)
    assert done.code == 0, str(done)
    done.left_nothing()


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["here", "workers"])
def test_theirs_and_ours_in_one_run(project: Project, words: tuple[str, ...]) -> None:
    project.write(
        a__conftest=IN_CONFTEST,
        a__test_theirs=USES + "def test_fails(stack):\n    assert not stack\n",
        b__test_ours=SCENARIO,
    )
    done = project.scenarios(*words, plugins=XDIST if words else ENTRY_POINTS)
    assert done.code == 1, str(done)
    done.counts("1 failed", "2 passed")
    assert done.verdicts() == {"test_scenario": "pass"}
    assert "1 of 1 scenarios passed" in done.out, str(done)


def test_theirs_may_extend_ours(project: Project) -> None:
    own = "import pytest\n\n@pytest.fixture\ndef stack(stack):\n    return stack\n"
    project.write(conftest=own, test_ours=SCENARIO)
    done = project.scenarios()
    assert done.code == 0, str(done)
    assert done.verdicts() == {"test_scenario": "pass"}


def test_a_stack_that_is_asked_for_while_a_test_runs(project: Project) -> None:
    project.write(test_ours=SCENARIO.replace("(stack):", "(request):\n    stack = request.getfixturevalue('stack')"))
    done = project.scenarios()
    assert done.code == 0, str(done)
    assert done.verdicts() == {"test_scenario": "pass"}


def test_ours_by_another_name(project: Project) -> None:
    project.ini("harness_fixtures =", "  stack = messaging_stack", "  history=seen")
    ours = SCENARIO.replace("stack", "messaging_stack") + "\ndef test_history(seen):\n    assert len(seen)\n"
    project.write(conftest=IN_CONFTEST, test_ours=ours, test_theirs=USES)
    done = project.scenarios("-W", "error::pytest.PytestWarning")
    assert done.code == 0, str(done)
    done.counts("3 passed")
    assert done.verdicts() == {"test_scenario": "pass", "test_history": "pass"}


def test_the_old_name_is_free_then(project: Project) -> None:
    project.ini("harness_fixtures = stack = messaging_stack")
    project.write(test_theirs=USES)
    done = project.pytest()
    assert "fixture 'stack' not found" in done.out, str(done)
    assert "messaging_stack" in done.out
    done.left_nothing()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("stak = mine", "'stak = mine' names no fixture of the harness; did you mean 'stack'?"),
        ("queue = mine", "known are deployed_stack, stack, history, mock_providers"),
        ("stack = my stack", "gives no name that a fixture can have; write stack = my_stack"),
        ("stack", "gives no name that a fixture can have"),
        ("stack = class", "gives no name that a fixture can have; write stack = my_stack"),
        ("stack = request", "gives no name that a fixture can have; write stack = my_stack"),
        ("stack = history", "two fixtures would be called 'history'"),
    ],
)
def test_a_line_that_makes_no_sense(project: Project, line: str, told: str) -> None:
    project.ini(f"harness_fixtures = {line}")
    project.write(test_theirs="def test_it(): pass")
    project.pytest().one_line_error("harness_fixtures: ", told)


def test_what_is_no_line_at_all(project: Project) -> None:
    (project.folder / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\nharness_fixtures = [3]\n", encoding="utf-8"
    )
    project.write(test_theirs="def test_it(): pass")
    project.pytest().one_line_error("harness_fixtures: '3' names no fixture of the harness")


def test_only_scenarios_have_checks_and_needs(project: Project) -> None:
    marks = "import pytest\n\n@pytest.mark.check('asynchronous')\n@pytest.mark.needs('nothing of ours')\n"
    marked = f"{marks}def test_theirs(): pass\n"
    odd = SCENARIO.replace("def test", "import pytest\n\n@pytest.mark.check(3)\n@pytest.mark.needs(None)\ndef test")
    project.write(test_marked=marked, test_odd=odd)
    done = project.scenarios("--harness-check", "odd")
    assert done.code == 0, str(done)
    done.counts("1 passed", "1 deselected")
    assert done.verdicts() == {"test_scenario": "pass"}
    project.pytest("--harness-check", "asynchronous").one_line_error("no such check; known are odd")


def test_each_scenario_is_run_as_often_as_asked(project: Project) -> None:
    project.write(test_ours=SCENARIO, test_theirs="def test_theirs(): pass\n")
    done = project.scenarios("--harness-repeat", "3")
    assert done.code == 0, str(done)
    done.counts("4 passed")
    assert set(done.verdicts()) == {f"test_scenario[{n}]" for n in range(3)}


def test_a_worker_that_crashed_under_a_scenario_is_told_and_one_beside_is_not(project: Project) -> None:
    project.write(
        test_ours=SCENARIO + "\ndef test_crash(stack):\n    import os\n    os._exit(7)\n",
        test_theirs="import os\n\ndef test_beside(): os._exit(7)\n",
    )
    done = project.scenarios("-n", "1", plugins=XDIST)
    assert done.code == 1, str(done)
    assert done.verdicts() == {"test_scenario": "pass", "test_crash": "error"}


def test_the_scenario_that_the_readme_shows_runs_by_pytest(project: Project) -> None:
    project.write(test_readme=(ROOT / "scenarios" / "test_readme.py").read_text(encoding="utf-8"))
    done = project.scenarios("--strict-markers")
    assert done.code == 0, str(done)
    assert list(done.verdicts().values()) == ["pass"]
