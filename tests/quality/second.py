"""Defects of a second stack: a copy of an example with one change of its source, verified as the example is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.examples.catalogue import EXAMPLES
from tests.examples.installing import Installed
from tests.quality.defects.second_stack import EXAMPLE, Edit
from tests.quality.verifying import LONGEST_S, RIGHT, Row

BUILD = Path("build/examples")


def installed() -> Installed:
    """The example, with what it needs; raises NoIndexError where that can't be had."""
    one = Installed(EXAMPLES[EXAMPLE], build=BUILD)
    one.install()
    return one


def edited(one: Installed, edit: Edit | None) -> Path:
    """A copy of the example's folder with one change; raises ValueError where that doesn't fit."""
    folder = one.build / "defects" / (edit.name.replace(" ", "-") if edit else "right")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(one.folder, folder)
    if edit is not None:
        file = folder / edit.file
        file.write_text(changed(file.read_text(encoding="utf-8"), edit), encoding="utf-8")
    return folder


def changed(source: str, edit: Edit) -> str:
    if source.count(edit.old) != 1:
        raise ValueError(f"{edit.name}: {edit.old!r} stands {source.count(edit.old)} times in {edit.file}")
    return source.replace(edit.old, edit.new)


def verify(one: Installed, edit: Edit | None) -> Row:
    """Runs the suite on the example with a change, or on the example as it is."""
    folder = edited(one, edit)
    command = [sys.executable, "-m", "harness", "verify", "--profile", "harness.toml", "--build", "verified"]
    name = edit.name if edit else RIGHT
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=one.environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Row(name, (), error=f"it wasn't judged within {LONGEST_S} s")
    (folder / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    try:
        verdicts = json.loads((folder / "verified" / "verdicts.json").read_text(encoding="utf-8"))["checks"]
    except (OSError, ValueError) as error:
        return Row(name, (), error=f"no verdicts ({error}); see {folder / 'output.txt'}")
    return Row(name, tuple(verdicts))
