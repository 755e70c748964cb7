"""What the wheel holds, and that the source distribution holds all that makes it."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from tests.packaging.environments import ROOT, built, packed

STRANGE = {"tests", "node_modules", "__pycache__", ".venv", "build"}


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_its_top_level_is_three_packages(wheel: Path) -> None:
    top = {PurePosixPath(name).parts[0] for name in names(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "harness",
        "mock_providers",
        "messaging_stack",
    }


def test_the_content_travels_inside(wheel: Path) -> None:
    inside = {name.removeprefix("harness/_content/") for name in names(wheel) if name.startswith("harness/_content/")}
    suite = {f"scenarios/{path.name}" for path in (ROOT / "scenarios").glob("test_*.py")}
    assert suite
    settings = {"harness.toml", "loadtests/locustfile.py", "reports/allurerc.mjs", "reports/package-lock.json"}
    assert inside >= suite | settings


def test_nothing_else_travels(wheel: Path) -> None:
    assert {name for name in names(wheel) if STRANGE & set(PurePosixPath(name).parts)} == set()


def test_it_says_that_it_is_typed(wheel: Path) -> None:
    assert {f"{name}/py.typed" for name in ("harness", "mock_providers", "messaging_stack")} <= names(wheel)


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(packed(tmp_path)) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert names(built(tmp_path / "again", source=source)) == names(wheel)
