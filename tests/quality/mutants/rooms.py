"""What is mutated, and which fast tests are to notice it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

RECORD: Final = (
    "tests/harness/checks",
    "tests/harness/history",
    "tests/harness/test_facts.py",
    "tests/harness/test_overlap.py",
)
WAITS: Final = (
    "tests/harness/test_expectations.py",
    "tests/harness/test_waiting_decides.py",
    "tests/harness/test_waiting.py",
    "tests/harness/test_patience.py",
    "tests/harness/test_conclusion.py",
    "tests/harness/test_stack.py",
)
WIRE: Final = tuple(
    f"tests/harness/wire/test_{name}.py"
    for name in (
        "requests",
        "request_limits",
        "meanings",
        "tracker",
        "following",
        "directions",
        "commands",
        "reach",
        "watched",
        "bytes",
        "gates",
    )
)
DATABASE: Final = ("tests/harness/wire/test_statements.py", "tests/harness/wire/test_frames.py")

ROOMS: Final[dict[str, Sequence[str]]] = {
    "harness/history/*.py": (*RECORD, "tests/reports/test_trace.py"),
    "harness/checks/*.py": (*RECORD, "tests/harness/test_waiting.py"),
    "harness/scenario/waiting.py": WAITS,
    "harness/scenario/patience.py": WAITS,
    "harness/scenario/expectations.py": WAITS,
    "harness/wire/requests.py": WIRE,
    "harness/wire/tracker.py": WIRE,
    "harness/wire/direction.py": WIRE,
    "harness/wire/commands.py": WIRE,
    "harness/wire/reach.py": WIRE,
    "harness/wire/frames.py": DATABASE,
    "harness/wire/statements.py": DATABASE,
    "harness/wire/places.py": (*WIRE, "tests/harness/queues"),
}


def modules(root: Path) -> dict[str, Sequence[str]]:
    """Each module with its tests, those that carry its name, or name it, first."""
    found = {}
    for pattern, folders in ROOMS.items():
        for path in sorted(root.glob(pattern)):
            if path.name != "__init__.py":
                found[str(path.relative_to(root))] = in_order(root, path, folders)
    return found


def in_order(root: Path, module: Path, folders: Sequence[str]) -> list[str]:
    files = [
        file
        for name in folders
        for file in ([root / name] if name.endswith(".py") else sorted((root / name).rglob("test_*.py")))
    ]
    return [str(file.relative_to(root)) for file in sorted(files, key=lambda file: not named_in(file, module.stem))]


def named_in(file: Path, stem: str) -> bool:
    return stem in file.stem or f".{stem} import" in file.read_text(encoding="utf-8")
