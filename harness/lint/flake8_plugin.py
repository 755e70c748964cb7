"""The rules for flake8, by its entry point `flake8.extension`; flake8 itself knows `# noqa`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.metadata import version
from typing import ClassVar

from harness.extras import DISTRIBUTION
from harness.lint.linting import found_in


class Plugin:
    """One file, as flake8 gives it."""

    name: ClassVar[str] = DISTRIBUTION
    version: ClassVar[str] = version(DISTRIBUTION)

    def __init__(self, tree: ast.Module, lines: list[str]) -> None:
        self._tree, self._lines = tree, [line.rstrip("\n") for line in lines]

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        for one in sorted(set(found_in(self._tree, self._lines, ()))):
            yield one.line, one.column - 1, f"{one.code} {one.message}", type(self)
