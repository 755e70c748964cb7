"""No fixed sleeps: a wait ends on an event.

Where one is inherently needed, that line, or the comment just above it, says why with `# reason:`.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELL = re.compile(r"(?:^|[\s;&|(@`])sleep\s+[\d.$]")
REASON = "# reason:"


def sleeps(path: Path) -> list[int]:
    """The lines of a file that sleep for a fixed time and don't say why."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    numbers = python_sleeps(text) if path.suffix == ".py" else shell_sleeps(lines)
    return [number for number in numbers if not excused(lines, number)]


def excused(lines: list[str], number: int) -> bool:
    above = lines[number - 2].strip() if number > 1 else ""
    return REASON in lines[number - 1] or above.startswith(REASON)


def python_sleeps(text: str) -> list[int]:
    """Calls of anything named sleep, except sleep(0), and of a fresh Event's wait."""
    tree = ast.parse(text)
    return sorted(node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and is_sleep(node))


def is_sleep(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if call.args else None
    if name == "sleep":
        return not (isinstance(first, ast.Constant) and first.value == 0)
    # nobody can set an event that nobody else has
    fresh = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)
    return name == "wait" and fresh and ast.unparse(call.func.value.func).endswith("Event")  # type: ignore[attr-defined]  # reason: `fresh` says so


def shell_sleeps(lines: list[str]) -> list[int]:
    return [number for number, line in enumerate(lines, start=1) if SHELL.search(line.partition("#")[0])]


def sources() -> list[Path]:
    """The project's own Python, shell and make files, also those that git doesn't know yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = [ROOT / name for name in names]
    return [path for path in paths if path.is_file() and (path.suffix in (".py", ".sh") or is_script(path))]


def is_script(path: Path) -> bool:
    return path.name == "Makefile" or path.parent.name == ".ci"


def test_nothing_sleeps_for_a_fixed_time() -> None:
    found = [f"{path.relative_to(ROOT)}:{number}" for path in sources() for number in sleeps(path)]
    assert found == [], "wait for an event instead, or say why not with `# reason: …` on that line"


def test_the_project_has_sources() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sources()}
    assert {"harness/scenario/stack.py", "mock_providers/app.py", "Makefile", ".ci/run"} <= names


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.1)",
        "await asyncio.sleep(delay)",
        "anyio.sleep(1)",
        "sleep(2)",
        "threading.Event().wait(3)",
        "await trio.sleep(\n    1\n)",
        "page.clock.sleep(5)",
        "time.sleep(1)  # a reason: none",
    ],
)
def test_a_sleep_is_found(tmp_path: Path, line: str) -> None:
    path = tmp_path / "seeded.py"
    path.write_text(f"async def f():\n    {line}\n")
    assert sleeps(path) == [2]


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.sleep(0)",
        "time.sleep(1)  # reason: the kernel tells nobody",
        "pass\n    # reason: the kernel tells nobody\n    time.sleep(1)",
        "done.wait(5)",
        "text = 'sleep(1)'",
        "pass  # sleep(1)",
    ],
)
def test_what_is_no_sleep_is_not(tmp_path: Path, line: str) -> None:
    path = tmp_path / "seeded.py"
    path.write_text(f"async def f():\n    {line}\n")
    assert sleeps(path) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sleep 5", [1]),
        ("\t@sleep 0.5", [1]),
        ("make up && sleep $N", [1]),
        ("sleep 5  # reason: the daemon announces itself to nobody", []),
        ("# sleep 5", []),
        ("echo asleep 5", []),
    ],
)
def test_shell_and_make(tmp_path: Path, line: str, found: list[int]) -> None:
    path = tmp_path / "Makefile"
    path.write_text(line + "\n")
    assert sleeps(path) == found
