"""`--harness-lint`: a warning for each place in a test, before it runs, that is decided by who is faster."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.lint.finding import Finding
from harness.lint.linting import RULES, findings_in, read


class TimingWarning(pytest.PytestWarning):
    """A test hangs on timing; `harness lint` says the same without running it."""


class Linter:
    """Reads each test file once, and warns of what stands in a test's own lines, as its setup begins."""

    def __init__(self) -> None:
        self._known: dict[Path, list[Finding]] = {}
        self._remedies = {rule.code: rule.remedy for rule in RULES}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        first, last = lines_of(item)
        for one in self._found(item.path):
            if first <= one.line <= last:
                message = TimingWarning(f"{one.code} {one.message}. {self._remedies[one.code]}")
                warnings.warn_explicit(message, None, str(item.path), one.line)

    def _found(self, path: Path) -> list[Finding]:
        if path not in self._known:
            try:
                self._known[path] = findings_in(read(path), name=str(path)) if path.suffix == ".py" else []
            except UsageError:  # it was collected all the same: whatever it is, it is no file of functions
                self._known[path] = []
        return self._known[path]


def lines_of(item: pytest.Item) -> tuple[int, int]:
    """The first and last line of a test's function, its decorators included."""
    code = getattr(getattr(getattr(item, "obj", None), "__wrapped__", getattr(item, "obj", None)), "__code__", None)
    if code is None:
        return 0, -1
    last = max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
    return code.co_firstlineno, last
