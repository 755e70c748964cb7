"""What is missing is one line that says what to run, exit code 3, and never a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from container_support import ROOT, run

from harness.deploy import engine, images
from harness.errors import DeployError
from harness.profile import Images, Profile

PROFILE = (ROOT / "harness.toml").read_text(encoding="utf-8")


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    text = done.stdout + done.stderr
    assert done.returncode == 3, text
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.parametrize("words", [("verify", "--deploy", "containers"), ("down", "--orphans")])
def test_no_engine(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run(*words, "--build", tmp_path / "build", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert "dockerd &" in error_of(done)


def test_a_driver_that_is_none(tmp_path: Path) -> None:
    line = error_of(run("verify", "--deploy", "boxes", "--build", tmp_path / "build"))
    assert "[deploy] driver" in line
    assert "'boxes'" in line


def test_no_image(client: Any, tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(PROFILE + '\n[images]\npostgres = "no-such-image:1"\n', encoding="utf-8")
    done = run("verify", "--deploy", "containers", "--profile", profile, "--build", tmp_path / "build")
    line = error_of(done)
    assert "no-such-image:1" in line
    assert "make images-offline" in line


def test_an_image_whose_name_makes_no_sense(client: Any) -> None:
    with pytest.raises(DeployError, match=r"\[images\] redis"):
        images.first(client, ["No Such Image"], part="redis")


def test_the_first_image_that_is_there_is_taken(client: Any) -> None:
    named = Images(redis=["no-such-image:1", "messaging-harness/stack:local"])
    assert images.chosen(client, named)["redis"] == "messaging-harness/stack:local"


def test_one_name_is_as_good_as_a_list() -> None:
    assert Profile.model_validate({"images": {"redis": "valkey:9"}}).images.redis == ["valkey:9"]


def test_what_there_is_to_pull_excludes_our_own() -> None:
    assert [name.partition(":")[0] for name in images.to_pull(Images())] == ["postgres", "redis"]


def test_a_program_that_breaks_at_its_start_tells_its_last_words(client: Any, tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    broken = PROFILE.replace('"messaging_stack", "api"', '"no_such_module", "api"')
    profile.write_text(broken, encoding="utf-8")
    done = run("verify", "--deploy", "containers", "--profile", profile, "--build", tmp_path / "build")
    assert "the API ended with 1" in error_of(done)
    assert "no_such_module" in done.stdout + done.stderr


# whose is it?


def test_we_are_alive() -> None:
    assert not engine.dead(engine.owner())


def test_an_ended_process_is_dead_and_its_number_reused_is_too() -> None:
    with subprocess.Popen(["true"]) as process:
        label = engine.owner().split(":")
        process.wait()
    assert engine.dead(":".join([*label[:2], str(process.pid), "1"]))
    assert engine.dead(":".join([*label[:3], "1"]))


def test_an_owner_elsewhere_is_not_ours_to_judge() -> None:
    boot, namespace, *_ = engine.owner().split(":")
    assert not engine.dead(f"another-boot:{namespace}:1:1")
    assert not engine.dead(f"{boot}:1:1:1")
    assert not engine.dead("")
