"""The rules, asked of files: what each finds, and a file with what can be mended safely."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from harness.errors import UsageError
from harness.lint import concurrency, hiding, looking, sleeping
from harness.lint.finding import Finding, Fix, Rule
from harness.lint.reading import tests_in

RULES: Final[tuple[Rule, ...]] = (*sleeping.RULES, *looking.RULES, *concurrency.RULES, *hiding.RULES)
EXCUSED: Final = re.compile(r"#\s*(?:noqa(?::\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?|reason:)", re.IGNORECASE)
"""What excuses a line: `# noqa`, `# noqa: MH101`, or `# reason: …`."""
TEST_FILES: Final = ("test_*.py", "*_test.py")
LEFT_OUT: Final = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", "site-packages"})


def findings_in(text: str, *, name: str = "<text>", select: Collection[str] = ()) -> list[Finding]:
    """What the rules find in a file's text, in order of place; raises UsageError where it is no Python."""
    try:
        module = ast.parse(text, filename=name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UsageError(
            f"{name}{where}: this is no Python that can be read ({type(error).__name__}: {error})"
        ) from error
    return sorted(set(found_in(module, text.splitlines(), select)))


def found_in(module: ast.Module, lines: list[str], select: Collection[str]) -> Iterator[Finding]:
    for test in tests_in(module):
        for rule in RULES:
            if select and not any(rule.code.startswith(code) or rule.name == code for code in select):
                continue
            for node, message, *fix in rule.find(test):
                line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
                if not excused(lines, line, getattr(node, "end_lineno", line) or line, rule.code):
                    yield Finding(line, column + 1, rule.code, message, fix[0] if fix else None)


def excused(lines: list[str], first: int, last: int, code: str) -> bool:
    """Whether a comment on the finding's first or last line, or a reason just above it, excuses it."""
    near = {number for number in (first, last) if 0 < number <= len(lines)}
    for number in near:
        found = EXCUSED.search(lines[number - 1])
        if found and (not found["codes"] or code in found["codes"].upper()):
            return True
    above = lines[first - 2].strip() if 1 < first <= len(lines) else ""
    return above.lower().startswith("# reason:")


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """The test files below some paths; a file that is named itself is one, whatever it is called."""
    for path in paths:
        if path.is_dir():
            found = {one for pattern in TEST_FILES for one in path.rglob(pattern)}
            yield from sorted(one for one in found if one.is_file() and not LEFT_OUT & set(one.relative_to(path).parts))
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{path}: there is no such file or folder")


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}") from error


def mended(text: str, findings: Iterable[Finding]) -> tuple[str, int]:
    """The text with every safe fix made, and how many there were; of two at one place the first alone."""
    lines = text.splitlines(keepends=True)
    done = 0
    last: tuple[int, int] = (10**9, 0)
    fixes = sorted((one.fix for one in findings if one.fix), key=lambda fix: (fix.line, fix.column), reverse=True)
    for fix in fixes:
        if (fix.end_line, fix.end_column) <= last:
            lines = replaced(lines, fix)
            last = (fix.line, fix.column)
            done += 1
    return "".join(lines), done


def replaced(lines: list[str], fix: Fix) -> list[str]:
    """The lines with one fix made; the parser's columns count bytes of UTF-8."""
    first, end = lines[fix.line - 1].encode(), lines[fix.end_line - 1].encode()
    new = (first[: fix.column] + fix.text.encode() + end[fix.end_column :]).decode()
    return [*lines[: fix.line - 1], new, *lines[fix.end_line :]]
