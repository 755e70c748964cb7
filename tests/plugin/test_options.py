"""An option is given on the command line, else by the environment, else in the ini file; what is wrong says where."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_support import ROOT, Project

from harness.commands.verify import Request, arguments
from harness.errors import UsageError
from harness.plugin.fixtures import NAMES
from harness.plugin.options import OPTIONS, parse_env

# a conftest of the project's own tells what the plugin reads, without a stack
TELLS = """
from harness.plugin.options import settings_of

def pytest_collection_finish(session):
    print("SETTINGS", settings_of(session.config))
"""
TEST = "def test_it(): pass"
SCENARIO = "def test_it(stack): pass"


@pytest.fixture
def telling(project: Project) -> Project:
    project.write(conftest=TELLS, test_theirs=TEST)
    return project


def settings(project: Project, *words: str, **env: str) -> str:
    done = project.pytest("-q", "-s", *words, env=env)
    assert done.code == 0, str(done)
    return next(line for line in done.out.splitlines() if line.startswith("SETTINGS"))


def test_every_option_begins_with_harness() -> None:
    for option in OPTIONS:
        assert option.flag.startswith("--harness-")
        assert option.key == option.flag[2:].replace("-", "_")
        assert option.variable == option.key.upper()


def test_the_page_lists_every_option_and_every_fixture() -> None:
    page = (ROOT / "docs" / "plugin.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    listed = [
        (flag[3:-1].partition("=")[0], *(word.strip("`") for word in names[:2])) for flag, *names in rows if names[2:]
    ]
    options = [(option.flag, option.variable, option.key) for option in OPTIONS]
    assert sorted(row for row in listed if row[0].startswith("--")) == sorted(options)
    assert {row[0].strip("|` ") for row in rows if not row[0].startswith("| `--")} == set(NAMES)


def test_the_line_goes_before_the_environment_and_that_before_the_ini_file(telling: Project) -> None:
    telling.ini("harness_repeat = 2", "harness_without =", "  worker", "  api", "harness_explain = true")
    assert "repeat=2" in (said := settings(telling))
    assert "without=('worker', 'api')" in said
    assert "explain=True" in said
    said = settings(telling, HARNESS_REPEAT="3", HARNESS_WITHOUT="a 'b c'", HARNESS_EXPLAIN="no")
    assert "repeat=3" in said
    assert "without=('a', 'b c')" in said
    assert "explain=False" in said
    said = settings(telling, "--harness-repeat", "4", "--harness-without=z", HARNESS_REPEAT="3", HARNESS_WITHOUT="a")
    assert "repeat=4" in said
    assert "without=('z',)" in said
    assert "repeat=5" in settings(telling, "-o", "harness_repeat=5")


def test_a_path_counts_from_where_it_is_written(telling: Project) -> None:
    telling.ini("harness_profile = conf/mine.toml", "harness_build = out")
    inner = telling.folder / "inner"
    telling.write(inner__test_inner=TEST)
    there = Project(inner)
    said = settings(there)
    assert f"profile=PosixPath('{telling.folder}/conf/mine.toml')" in said
    assert f"build=PosixPath('{telling.folder}/out')" in said
    assert "build=PosixPath('here')" in settings(there, HARNESS_BUILD="here")
    assert "build=PosixPath('there')" in settings(there, "--harness-build", "there", HARNESS_BUILD="here")


def test_the_profile_that_comes_along_has_a_name_and_no_path(telling: Project) -> None:
    telling.ini("harness_profile = reference")
    assert "profile=PosixPath('reference')" in settings(telling)
    (telling.folder / "reference").write_text("name = 'mine'\n")
    assert f"profile=PosixPath('{telling.folder}/reference')" in settings(telling)


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("repeat", "many", "it isn't a whole number from 1 to 10000"),
        ("repeat", "99999999999999999999", "it isn't a whole number from 1 to 10000"),
        ("repeat", "0", "it isn't a whole number from 1 to 10000"),
        ("time-scale", "0", "it isn't above 0"),
        ("time-scale", "nan", "it isn't a number from 0 on"),
        ("provider-latency", "slow", "it isn't a number"),
    ],
)
def test_a_bad_value_is_one_line_that_says_where_it_stands(project: Project, option: str, value: str, why: str) -> None:
    project.write(test_theirs=SCENARIO)
    key = f"harness_{option.replace('-', '_')}"
    project.pytest(f"--harness-{option}={value}").one_line_error(f"--harness-{option} '{value}': {why}")
    project.pytest(env={key.upper(): value}).one_line_error(f"{key.upper()} '{value}': {why}")
    project.ini(f"{key} = {value}")
    project.pytest().one_line_error(f"{key} in pytest.ini '{value}': {why}")


def test_a_bad_word_is_one_line_too(project: Project) -> None:
    project.write(test_theirs=SCENARIO)
    project.pytest(env={"HARNESS_EXPLAIN": "perhaps"}).one_line_error(
        "HARNESS_EXPLAIN 'perhaps': it is neither true nor"
    )
    project.pytest(env={"HARNESS_CHECK": "'"}).one_line_error("HARNESS_CHECK can't be split into words")
    project.ini("harness_explain = perhaps")
    project.pytest().one_line_error("harness_explain in pytest.ini: ")


def test_it_is_one_line_with_workers_too(project: Project) -> None:
    project.write(test_theirs=SCENARIO)
    plugins = ("harness.plugin", "xdist.plugin")
    done = project.pytest("-n", "2", env={"HARNESS_REPEAT": "many"}, plugins=plugins)
    done.one_line_error("HARNESS_REPEAT 'many'")


@pytest.mark.parametrize("where", ["line", "environment", "ini"])
def test_what_is_found_later_says_where_it_stands_too(project: Project, where: str) -> None:
    project.write(test_theirs=SCENARIO)
    words = ["--harness-profile", "none.toml"] if where == "line" else []
    if where == "ini":
        project.ini("harness_profile = none.toml", "harness_check = nothing")
    env = {"HARNESS_PROFILE": "none.toml"} if where == "environment" else {}
    named = {"line": "--harness-profile", "environment": "HARNESS_PROFILE", "ini": "harness_profile in pytest.ini"}[
        where
    ]
    done = project.pytest(*words, "-o", "harness_check=", env=env)
    assert done.code == 3, str(done)
    assert f"none.toml can't be read: No such file or directory; name one with {named}" in " ".join(done.out.split())
    if where == "ini":
        project.pytest().one_line_error("harness_check in pytest.ini nothing: no such check; known are theirs")


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["here", "workers"])
def test_what_is_not_installed_is_told_with_its_extra(project: Project, words: tuple[str, ...]) -> None:
    project.write(conftest="import sys\n\nsys.modules['pydantic'] = None\n", test_theirs=SCENARIO)
    done = project.pytest(*words, plugins=("harness.plugin", "xdist.plugin"))
    done.one_line_error("pydantic isn't installed, and this needs it: pip install 'messaging-harness[attached]'")


def test_a_name_alone_takes_its_value_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "s3cret=x")
    assert parse_env(["API_TOKEN", "EMPTY=", "A=b=c"]) == {"API_TOKEN": "s3cret=x", "EMPTY": "", "A": "b=c"}
    monkeypatch.delenv("API_TOKEN")
    with pytest.raises(UsageError, match="--stack-env API_TOKEN: the environment has no API_TOKEN; set it"):
        parse_env(["API_TOKEN"])


def test_the_command_gives_every_option_on_its_own_line() -> None:
    request = Request(
        profile=Path("p.toml"),
        build=Path("b"),
        checks=["c"],
        stack_env=["TOKEN"],
        without=["worker"],
        deep=True,
        explain=True,
    )
    words = arguments(request)
    assert "--harness-stack-env TOKEN" in " ".join(words)
    assert [word for word in words if word in ("--profile", "--check", "--build", "--deep", "--explain")] == []
