"""What the `harness` command says of itself, and what it refuses before it does anything."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from harness_support import ROOT, Harness

from harness.commands.guard import guarded
from harness.errors import UsageError
from harness.extras import EXTRAS, missing, need
from harness.keeping import reserved


def test_the_version(harness: Harness) -> None:
    done = harness.call("--version")
    assert (done.code, done.out) == (0, f"messaging-harness {version('messaging-harness')}\n")


def test_the_commands_are_known_without_what_they_need() -> None:
    """`harness --help` and `--version` answer where only the base is installed."""
    code = (
        "import contextlib, json, sys; sys.argv = ['harness', '--help']; from harness.commands.cli import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    needed = {package for packages in EXTRAS.values() for package in packages}
    assert loaded & needed == set()


def test_what_is_missing_is_said_with_the_extra_that_brings_it(capsys: pytest.CaptureFixture[str]) -> None:
    def lacking() -> None:
        raise ModuleNotFoundError("No module named 'testcontainers.core'", name="testcontainers.core")

    assert guarded(lacking) == 3
    assert capsys.readouterr().err == (
        "error: testcontainers isn't installed, and this needs it: pip install 'messaging-harness[containers]'\n"
    )


def test_what_no_extra_brings_stays_a_traceback() -> None:
    def lacking() -> None:
        raise ModuleNotFoundError("No module named 'theirs'", name="theirs")

    with pytest.raises(ModuleNotFoundError):
        guarded(lacking)
    assert missing(ModuleNotFoundError("x")) is None


def test_what_processes_need_is_looked_for_before_they_start() -> None:
    need("json", "click")
    with pytest.raises(ModuleNotFoundError) as raised:
        need("click", "no_such_package")
    assert raised.value.name == "no_such_package"


def test_a_directory_is_one_runs(tmp_path: Path) -> None:
    with reserved(tmp_path), pytest.raises(UsageError, match="another run"), reserved(tmp_path):
        pass
    with reserved(tmp_path):
        pass


def test_the_processes_of_one_run_share_its_directory(tmp_path: Path) -> None:
    with reserved(tmp_path, run=7), reserved(tmp_path, run=7):
        for other in (8, None):
            with pytest.raises(UsageError, match=r"another run \(process 7\)"), reserved(tmp_path, run=other):
                pass
    with reserved(tmp_path), pytest.raises(UsageError, match="another run"), reserved(tmp_path, run=7):
        pass
    with reserved(tmp_path, run=8):
        pass


def test_a_run_that_was_killed_leaves_its_directory_free(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from harness.keeping import reserved\n"
        "with reserved(Path('.')): os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -9
    with reserved(tmp_path):
        pass


def test_where_a_stack_that_stays_up_can_leave_nothing(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = harness.call("up", "--build", file / "up")
    done.one_line_error(f"the stack's output can't be written to {file / 'up'}: Not a directory; name another place")


@pytest.mark.parametrize("left", ["[]", '{"socket": 3}', "{}", "x"])
def test_a_state_that_is_none_of_ours_is_no_stack(harness: Harness, tmp_path: Path, left: str) -> None:
    (tmp_path / "state.json").write_text(left, encoding="utf-8")
    harness.call("status", "--build", tmp_path).one_line_error("no stack is up; start one with `harness up`")


def test_an_option_is_told_as_the_command_has_it(harness: Harness) -> None:
    done = harness.refuse("--time-scale", "nan")
    assert done.code == 3
    assert "ERROR: --time-scale 'nan': it isn't a number from 0 on" in done.text, done.text


@pytest.mark.parametrize("command", [["verify"], ["load"], ["explore"]])
def test_two_runs_do_not_share_a_directory(harness: Harness, command: list[str]) -> None:
    with reserved(harness.build):
        done = harness.call(*command, "--build", harness.build)
    done.one_line_error("another run (process", "or name another with --build")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["verfy"], ("No such command 'verfy'", "see `harness --help`")),
        (["verify", "--profle", "x"], ("No such option", "see `harness verify --help`")),
        (["verify", "--repeat", "0"], ("--repeat", "0 is not in the range 1<=x<=10000", "see `harness verify --help`")),
        (["trace"], ("Missing argument 'MESSAGE'", "see `harness trace --help`")),
        (["load", "--locustfile", "nowhere.py"], ("--locustfile nowhere.py is no file",)),
    ],
)
def test_a_command_line_that_makes_no_sense(harness: Harness, words: list[str], parts: tuple[str, ...]) -> None:
    harness.call(*words).one_line_error(*parts)
