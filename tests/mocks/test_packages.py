"""What the mock providers import: whoever wants a mock alone gets all of it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import mock_providers

TOP = Path(mock_providers.__file__).parent
PACKAGE = "mock_providers"


def imported(source: str) -> Iterator[str]:
    """All that a file imports, also inside functions and for its types."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: imports here are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_it_needs_few_packages() -> None:
    """Whoever wants a mock alone gets all of these and what they need: 15 packages."""
    found = {
        name.partition(".")[0] for path in TOP.rglob("*.py") for name in imported(path.read_text(encoding="utf-8"))
    }
    served_by = {"click", "cryptography", "h11", "httpx", "starlette", "uvicorn", "uvloop"}
    used_where_installed = {"pytest", "respx", "_typeshed"}  # the last for types alone
    assert found - sys.stdlib_module_names - {PACKAGE} == served_by | used_where_installed


def test_an_import_is_seen_wherever_it_stands() -> None:
    source = "import a.b\nif TYPE_CHECKING:\n    from c import d\ndef f():\n    from e.f import g\n"
    assert sorted(imported(source)) == ["a.b", "c.d", "e.f.g"]
