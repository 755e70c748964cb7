"""Which defects are tried, and which of them first."""

from __future__ import annotations

import inspect
import itertools
import re
import subprocess
from collections.abc import Collection, Sequence

from tests.quality.defects import KINDS, Defect

MODULE = re.compile(r"messaging_stack(?:\.\w+)+")


def changed_files() -> list[str]:
    """The files that differ from the commit before the last, as git has them; none where there is no git."""
    found: set[str] = set()
    for words in (["diff", "--name-only", "HEAD~1"], ["ls-files", "--others", "--exclude-standard"]):
        try:
            done = subprocess.run(["git", *words], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        found |= set(done.stdout.splitlines())
    return sorted(found)


def concerned_first(defects: Sequence[Defect], *, files: Collection[str]) -> list[Defect]:
    """The defects in their order, but those first that a change of these files concerns."""
    return sorted(defects, key=lambda defect: not concerned(defect, files))


def concerned(defect: Defect, files: Collection[str]) -> bool:
    """Whether one of the files is the defect's own, its check's, its scenarios', or one whose seam it replaces."""
    check = defect.caught_by.replace("-", "_")
    own = [f"harness/checks/{check}.py", f"scenarios/test_{check}.py"]
    for module in (kind_of(defect), *MODULE.findall(inspect.getsource(defect.install))):
        path = module.replace(".", "/")
        own += [f"{path}.py", f"{path}/"]
    return any(file.startswith(tuple(own)) for file in files)


def kind_of(defect: Defect) -> str:
    """The module of the kind that a defect is of."""
    listed = (kind.__name__ for kind in KINDS if defect in kind.DEFECTS)
    return next(listed, defect.install.__module__)


def some_of_each(defects: Sequence[Defect], *, most: int) -> list[Defect]:
    """At most so many, by turns of each kind, in the order given."""
    kinds: dict[str, list[Defect]] = {}
    for defect in defects:
        kinds.setdefault(kind_of(defect), []).append(defect)
    turns = itertools.chain.from_iterable(itertools.zip_longest(*kinds.values()))
    chosen = list(itertools.islice((defect for defect in turns if defect is not None), most))
    return [defect for defect in defects if defect in chosen]
